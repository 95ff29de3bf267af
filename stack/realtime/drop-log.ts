/** Logs dropped broadcasts at a limited rate: a flood of them is a few lines that say how many. */

import type { Logger } from '../types.ts'

/** Milliseconds between two lines of one reason. */
const EVERY_MS = 5_000

interface Pending {
  timer: NodeJS.Timeout
  /** Dropped since the last line. */
  count: number
  topic: unknown
}

export class DropLog {
  readonly #logger: Logger
  readonly #pending = new Map<string, Pending>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** The first drop of a reason is logged at once, those of the next 5 s together in one line. */
  note(reason: string, topic: unknown): void {
    const pending = this.#pending.get(reason)
    if (pending) {
      pending.count++
      pending.topic = topic
      return
    }
    this.#write(reason, 1, topic)
    const timer = setTimeout(() => this.#flush(reason), EVERY_MS)
    timer.unref()
    this.#pending.set(reason, { timer, count: 0, topic })
  }

  /** Writes what has not been logged yet. */
  stop(): void {
    for (const [reason, { timer }] of this.#pending) {
      clearTimeout(timer)
      this.#flush(reason)
    }
  }

  #flush(reason: string): void {
    const pending = this.#pending.get(reason)
    this.#pending.delete(reason)
    if (pending && pending.count > 0) this.#write(reason, pending.count, pending.topic)
  }

  #write(reason: string, count: number, lastTopic: unknown): void {
    this.#logger.warn('realtime', 'broadcasts_dropped', { reason, count, lastTopic })
  }
}
