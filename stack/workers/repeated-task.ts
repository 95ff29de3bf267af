/** A task that runs once at a time. Requests during a run cause one more run. */

export class RepeatedTask {
  readonly #task: () => Promise<void>
  readonly #failed: (error: unknown) => void
  #running: Promise<void> | undefined
  #requested = false
  #stopped = false

  constructor(task: () => Promise<void>, failed: (error: unknown) => void) {
    this.#task = task
    this.#failed = failed
  }

  request(): void {
    this.#requested = true
    this.#running ??= this.#run()
  }

  /** Resolves when the current run has ended. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#requested && !this.#stopped) {
      this.#requested = false
      await this.#task().catch(this.#failed)
    }
    this.#running = undefined
  }
}
