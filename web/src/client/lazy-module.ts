/**
 * A part of the library in a file of its own: loaded when it is first used, and tried again as long as anybody waits
 * for it.
 *
 * A browser may remember that an `import()` failed for as long as the page lives, as Chromium does: further attempts fail
 * without a request. Under another URL the same file is another module, and the failure says where it was looked for.
 */

import { ClientError } from './client-error.ts'

/** Milliseconds that a request waits for the code which makes it. */
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
  /** Where it was looked for, once that has failed. */
  #url: string | null = null
  readonly #waiting = new Set<Waiting<T>>()

  /** @param loadFrom the same file, from a URL that it is given. */
  constructor(load: () => Promise<T>, loadFrom: (url: string) => Promise<T> = importModule) {
    this.#import = load
    this.#importFrom = loadFrom
  }

  /**
   * Calls back at once where it is loaded, else as soon as it is; in the order of the calls.
   *
   * @param then where it throws while it is called later, the page is told as of any error that nobody caught.
   * @param failed hears of each attempt that fails, `client_unavailable`. Must not throw.
   * @returns the way to stop waiting.
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

  /** @throws AppError `client_unavailable` where it is not there within 10 s. */
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
        // What these call in turn comes after them.
        for (const waiting of this.#waiting) {
          this.#waiting.delete(waiting)
          callWith(part, waiting.then)
        }
        this.#loaded = part
      },
      (cause: unknown) => {
        this.#url ??= urlOf(cause)
        setTimeout(() => this.#loadAgain(), RETRY_DELAY)
        // One of them may stop another from waiting.
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

/** One that throws keeps no other from being called. */
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

/** Browsers end their message with it; where they do not, they try again by themselves. */
function urlOf(cause: unknown): string | null {
  return cause instanceof Error ? (/https?:\S+$/.exec(cause.message)?.[0] ?? null) : null
}

/** Not for a bundler to resolve. */
const importModule = (url: string) => import(/* @vite-ignore */ url)
