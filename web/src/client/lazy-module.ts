/**
 * A module in a chunk of its own: loaded at its first use, and loaded again after a failure while a caller waits.
 *
 * Chromium remembers a failed `import()` for the life of the page: further attempts fail without a request. The same file
 * under another URL is another module, so further attempts add a query to the URL that the error message names.
 */

import { ClientError } from './client-error.ts'

/** Milliseconds that `ready()` waits for the module. */
const LOAD_TIMEOUT = 10_000

/** Milliseconds between two attempts. */
const RETRY_DELAY = 2_000

interface Waiting<T> {
  then: (part: T) => void
  failed: ((error: ClientError) => void) | undefined
}

export class LazyModule<T> {
  readonly #import: () => Promise<T>
  readonly #importFrom: (url: string) => Promise<T>
  #loaded: T | null = null
  #loading = false
  #attempts = 0
  /** URL of the file, known from the message of the first failure. */
  #url: string | null = null
  readonly #waiting = new Set<Waiting<T>>()

  /** @param loadFrom imports the same file from the given URL. */
  constructor(load: () => Promise<T>, loadFrom: (url: string) => Promise<T> = importModule) {
    this.#import = load
    this.#importFrom = loadFrom
  }

  /**
   * Calls `then` with the module: at once when the module is loaded, else after loading, in the order of the calls.
   *
   * @param then an error thrown after loading is reported to the page as uncaught.
   * @param failed called with `client_unavailable` after each failed attempt. Must not throw.
   * @returns a function that stops waiting.
   */
  use(then: (part: T) => void, failed?: (error: ClientError) => void): () => void {
    if (this.#loaded !== null) {
      then(this.#loaded)
      return () => undefined
    }
    const waiting: Waiting<T> = { then, failed }
    this.#waiting.add(waiting)
    if (!this.#loading) this.#load()
    return () => this.#waiting.delete(waiting)
  }

  /** @throws AppError `client_unavailable` when the module is not loaded within 10 s. */
  ready(): Promise<T> {
    return new Promise((resolve, reject) => {
      const forget = this.use(resolve)
      if (this.#loaded !== null) return
      const limit = AbortSignal.timeout(LOAD_TIMEOUT)
      limit.addEventListener('abort', () => {
        forget()
        reject(unavailable(limit.reason))
      })
    })
  }

  #load(): void {
    this.#loading = true
    this.#attempts += 1
    const url = this.#url
    const loading = url === null ? this.#import() : this.#importFrom(`${url}?attempt=${this.#attempts}`)
    loading.then(
      (part) => {
        // Callbacks added by these callbacks run after them.
        for (const waiting of this.#waiting) {
          this.#waiting.delete(waiting)
          callWith(part, waiting.then)
        }
        this.#loaded = part
      },
      (cause: unknown) => {
        this.#url ??= urlOf(cause)
        setTimeout(() => this.#loadAgain(), RETRY_DELAY)
        // A callback may remove another callback.
        for (const waiting of [...this.#waiting])
          if (this.#waiting.has(waiting)) waiting.failed?.(unavailable(cause))
      },
    )
  }

  #loadAgain(): void {
    if (this.#waiting.size > 0) this.#load()
    else this.#loading = false
  }
}

/** An error in one callback must not keep the others from being called. */
function callWith<T>(part: T, then: (part: T) => void): void {
  try {
    then(part)
  } catch (cause) {
    queueMicrotask(() => {
      throw cause
    })
  }
}

function unavailable(cause: unknown): ClientError {
  return new ClientError('client_unavailable', { cause })
}

/** The URL at the end of a browser's error message. Browsers whose message has no URL repeat a failed import by themselves. */
function urlOf(cause: unknown): string | null {
  return cause instanceof Error ? (/https?:\S+$/.exec(cause.message)?.[0] ?? null) : null
}

/** A bundler must not resolve this import. */
const importModule = (url: string) => import(/* @vite-ignore */ url)
