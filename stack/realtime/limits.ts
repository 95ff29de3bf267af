/**
 * Averages of events per second over a sliding window of ticks, as the real server keeps them. The average is taken
 * when a tick ends: a burst shorter than a tick passes and counts afterwards. The first tick begins with the first
 * event or question.
 */

const WINDOW_TICKS = 12

export class RateCounter {
  readonly #limit: () => number
  readonly #tickMs: () => number
  readonly #now: () => number
  #tickStartedAt: number | undefined
  #current = 0
  /** Events per second of each ended tick, newest last. */
  #ticks: number[] = []
  #triggered = false

  /** @param limit events per second; asked at the end of every tick, because it can change */
  constructor(limit: () => number, tickMs: () => number, now: () => number) {
    this.#limit = limit
    this.#tickMs = tickMs
    this.#now = now
  }

  add(count = 1): void {
    this.#advance()
    this.#current += count
  }

  /** Whether the average has passed the limit and has not fallen below it since. */
  get triggered(): boolean {
    this.#advance()
    return this.#triggered
  }

  /** Events per second over the window. */
  get average(): number {
    this.#advance()
    let sum = 0
    for (const rate of this.#ticks) sum += rate
    return this.#ticks.length === 0 ? 0 : sum / this.#ticks.length
  }

  /** Forgets every event, e.g. after a change of the limit. */
  reset(): void {
    this.#tickStartedAt = undefined
    this.#current = 0
    this.#ticks = []
    this.#triggered = false
  }

  #advance(): void {
    const tickMs = this.#tickMs()
    this.#tickStartedAt ??= this.#now()
    let ended = Math.floor((this.#now() - this.#tickStartedAt) / tickMs)
    if (ended <= 0) return
    this.#tickStartedAt += ended * tickMs
    // After a longer silence every tick of the window is empty.
    ended = Math.min(ended, WINDOW_TICKS + 1)
    for (; ended > 0; ended--) {
      this.#ticks.push((this.#current * 1000) / tickMs)
      this.#current = 0
    }
    if (this.#ticks.length > WINDOW_TICKS) this.#ticks.splice(0, this.#ticks.length - WINDOW_TICKS)
    const sum = this.#ticks.reduce((total, rate) => total + rate, 0)
    this.#triggered = sum / this.#ticks.length >= this.#limit()
  }
}
