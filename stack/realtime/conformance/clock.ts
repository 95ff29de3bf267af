/**
 * The clock of a server under replay. It follows the moments of the recording, so that limits that count by time
 * count what they counted then, however long this machine takes.
 */

/** Time spent on one step passes in strides: less than this does not count. */
const STRIDE_MS = 500

export class ReplayClock {
  readonly #start: number
  #recorded = 0
  #since: number

  /** @param start milliseconds since 1970 */
  constructor(start: number) {
    this.#start = start
    this.#since = start
  }

  /** The next step was recorded `at` milliseconds after the beginning. */
  follow(at: number): void {
    this.#recorded = Math.max(at, this.now() - this.#start)
    this.#since = Date.now()
  }

  /** Milliseconds since 1970. */
  now(): number {
    const passed = Date.now() - this.#since
    return this.#start + this.#recorded + Math.floor(passed / STRIDE_MS) * STRIDE_MS
  }
}
