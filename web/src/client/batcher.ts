/**
 * Hands items on in batches: the first at once, what follows within the window together at its end.
 *
 *   push ──> at once ──> window ──> what came meanwhile ──> window ──> nothing came: idle
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

  /** What waits, now; it is idle afterwards. */
  end(): void {
    if (this.#window !== null) this.#options.timers.clear(this.#window)
    this.#window = null
    const items = this.#items.splice(0)
    if (items.length > 0) this.#options.flush(items)
  }

  /** Drops what waits. */
  clear(): void {
    this.#items = []
    this.end()
  }

  #flush(): void {
    const { timers, windowMs, flush } = this.#options
    // Before the items are handed on: what they cause belongs to the next batch.
    this.#window = timers.set(() => {
      this.#window = null
      if (this.#items.length > 0) this.#flush()
    }, windowMs)
    flush(this.#items.splice(0))
  }
}
