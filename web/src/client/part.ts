/**
 * A part of the library that a page needs only sometimes. It is loaded when it is first used, and in any case once the
 * client is live: a page must not be without it when the network has gone, or a later release has replaced its file.
 */

/** Milliseconds that a request waits for the code which makes it. */
const LOAD_TIMEOUT = 10_000

/** Milliseconds between two attempts. */
const RETRY_DELAY = 2_000

export class Part<T> {
  readonly #import: () => Promise<T>
  #loaded: T | null = null
  #loading = false
  readonly #waiting: ((part: T) => void)[] = []

  constructor(load: () => Promise<T>) {
    this.#import = load
  }

  /** Calls back at once where it is loaded, else as soon as it is; in the order of the calls. Must not throw. */
  use(then: (part: T) => void): void {
    if (this.#loaded !== null) {
      then(this.#loaded)
      return
    }
    this.#waiting.push(then)
    this.#load()
  }

  /** Rejects where it is not there within 10 s. */
  ready(): Promise<T> {
    return new Promise((resolve, reject) => {
      this.use(resolve)
      const limit = AbortSignal.timeout(LOAD_TIMEOUT)
      if (this.#loaded === null) limit.addEventListener('abort', () => reject(limit.reason))
    })
  }

  #load(): void {
    if (this.#loading) return
    this.#loading = true
    this.#import().then(
      (part) => {
        // What these call in turn comes after them.
        for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) next(part)
        this.#loaded = part
      },
      (cause: unknown) => {
        console.warn('[live] a part of the library could not be loaded; trying again', cause)
        this.#loading = false
        setTimeout(() => this.#load(), RETRY_DELAY)
      },
    )
  }
}
