/** Work that is requested more often than it has to run: one run at a time, and one more for requests during a run. */

export class Coalesced {
  readonly #work: () => Promise<void>
  #running: Promise<void> | null = null
  #again = false

  /** @param work must not reject. */
  constructor(work: () => Promise<void>) {
    this.#work = work
  }

  /** @returns once a run that began at this call or later has ended. */
  run(): Promise<void> {
    if (this.#running !== null) {
      this.#again = true
      return this.#running
    }
    this.#running = this.#loop().finally(() => {
      this.#running = null
    })
    return this.#running
  }

  async #loop(): Promise<void> {
    do {
      this.#again = false
      await this.#work()
    } while (this.#again)
  }
}
