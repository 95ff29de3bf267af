/** Runs tasks one after another; a task that finds nobody before it and needs no waiting runs at once. */

export type Task = () => void | Promise<void>

export class SerialTasks {
  readonly #failed: (error: unknown) => void
  #waiting: Task[] = []
  #busy = false

  /** @param failed is told of a task that throws; the next task runs nevertheless. */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed
  }

  get length(): number {
    return this.#waiting.length
  }

  run(task: Task): void {
    if (this.#busy) this.#waiting.push(task)
    else this.#start(task)
  }

  /** Forgets what has not begun. */
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
