/** The time limit of one request, from its arrival to the last byte of its answer. */

export class WallClock {
  /** Resolves at the limit; never otherwise. */
  readonly reached: Promise<'WORKER_TIMEOUT'>
  /** Called at the limit. */
  onReached: () => void = () => undefined
  readonly #controller = new AbortController()
  readonly #timer: NodeJS.Timeout
  #isReached = false

  constructor(ms: number) {
    const { promise, resolve } = Promise.withResolvers<'WORKER_TIMEOUT'>()
    this.reached = promise
    this.#timer = setTimeout(() => {
      this.#isReached = true
      this.onReached()
      resolve('WORKER_TIMEOUT')
      this.#controller.abort()
    }, ms)
  }

  get isReached(): boolean {
    return this.#isReached
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}
