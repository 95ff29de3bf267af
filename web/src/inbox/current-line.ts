/** The current line of the list: keys act on it, and the Tab key reaches it. Default: the first line. */

import { signal } from '@preact/signals'
import type { InboxItem } from './notices.ts'

type Line = Pick<InboxItem, 'thread'>

export class CurrentLine {
  readonly #thread = signal<string | null>(null)

  /** The first line where the current one has left the list. */
  among<Item extends Line>(items: readonly Item[]): Item | undefined {
    return items.find(({ thread }) => thread === this.#thread.value) ?? items[0]
  }

  set(thread: string | null): void {
    this.#thread.value = thread
  }

  /** Goes on by so many lines; stays on the first and on the last. */
  move(items: readonly Line[], lines: number): void {
    const current = this.among(items)
    const index = current === undefined ? 0 : items.indexOf(current)
    this.set(items[Math.min(items.length - 1, Math.max(0, index + lines))]?.thread ?? null)
  }
}
