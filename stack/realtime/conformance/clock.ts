/**
 * The clock of a server under replay. It follows the times of the recording, so that limits over time count the same
 * events, however long this machine takes.
 */

/** Time within one step passes in strides of this length; a shorter time does not count. */
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
