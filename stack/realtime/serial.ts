/** Runs tasks one after another. A task runs at once, without a promise, when no task is before it. */

export type Task = () => void | Promise<void>

export class SerialTasks {
  readonly #failed: (error: unknown) => void
  #waiting: Task[] = []
  #busy = false

  /** @param failed is called with the error of a task; the next task runs all the same */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed
  }

  run(task: Task): void {
    if (this.#busy) this.#waiting.push(task)
    else this.#start(task)
  }

  /** Forgets tasks that have not begun. */
  clear(): void {
    this.#waiting = []
  }

  #start(first: Task): void {
    this.#busy = true
    let task: Task | undefined = first
    while (task) {
      try {
        const ended = task()
        if (ended) {
          ended.catch(this.#failed).then(() => this.#next())
          return
        }
      } catch (error) {
        this.#failed(error)
      }
      task = this.#waiting.shift()
    }
    this.#busy = false
  }

  #next(): void {
    const task = this.#waiting.shift()
    if (task) this.#start(task)
    else this.#busy = false
  }
}
