/**
 * Passes items on in batches: the first item at once, the items of the following window together at its end.
 *
 *   push ──> first item ──> window ──> items of the window ──> window ──> without items: idle
 */

import type { Timers } from './ports.ts'

export interface BatcherOptions<T> {
  timers: Timers
  windowMs: number
  /** Must not throw. */
  flush: (items: readonly T[]) => void
}

export class Batcher<T> {
  readonly #options: BatcherOptions<T>
  #items: T[] = []
  #window: unknown = null

  constructor(options: BatcherOptions<T>) {
    this.#options = options
  }

  push(item: T): void {
    this.#items.push(item)
    if (this.#window === null) this.#flush()
  }

  /** Passes on the waiting items at once, and ends the window. */
  end(): void {
    if (this.#window !== null) this.#options.timers.clear(this.#window)
    this.#window = null
    const items = this.#items.splice(0)
    if (items.length > 0) this.#options.flush(items)
  }

  /** Drops the waiting items. */
  clear(): void {
    this.#items = []
    this.end()
  }

  #flush(): void {
    const { timers, windowMs, flush } = this.#options
    // The window begins before the flush: items that the flush causes belong to the next batch.
    this.#window = timers.set(() => {
      this.#window = null
      if (this.#items.length > 0) this.#flush()
    }, windowMs)
    flush(this.#items.splice(0))
  }
}
