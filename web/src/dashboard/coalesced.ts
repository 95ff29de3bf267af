/** Work that is asked for more often than it is worth doing: one run at a time, and one more for what came meanwhile. */

export class Coalesced {
  readonly #work: () => Promise<void>
  #running: Promise<void> | null = null
  #again = false

  /** @param work must not reject. */
  constructor(work: () => Promise<void>) {
    this.#work = work
  }

  /** @returns when a run that began after this call, or with it, has ended. */
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
