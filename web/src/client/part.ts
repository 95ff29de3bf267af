/**
 * A part of the library in a file of its own: loaded when it is first used, and tried again until it is there.
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

export class Part<T> {
  readonly #import: () => Promise<T>
  readonly #importFrom: (url: string) => Promise<T>
  #loaded: T | null = null
  #loading = false
  #attempts = 0
  /** Where it was looked for, once that has failed. */
  #url: string | null = null
  readonly #waiting: Waiting<T>[] = []

  /** @param loadFrom the same file, from a URL that it is given. */
  constructor(load: () => Promise<T>, loadFrom: (url: string) => Promise<T> = importModule) {
    this.#import = load
    this.#importFrom = loadFrom
  }

  /**
   * Calls back at once where it is loaded, else as soon as it is; in the order of the calls.
   *
   * @param failed hears of each attempt that fails, `client_unavailable`. Must not throw.
   */
  use(then: (part: T) => void, failed?: (error: ClientError) => void): void {
    if (this.#loaded !== null) {
      then(this.#loaded)
      return
    }
    this.#waiting.push({ then, failed })
    if (!this.#loading) this.#load()
  }

  /** @throws AppError `client_unavailable` where it is not there within 10 s. */
  ready(): Promise<T> {
    return new Promise((resolve, reject) => {
      this.use(resolve)
      const limit = AbortSignal.timeout(LOAD_TIMEOUT)
      if (this.#loaded === null) limit.addEventListener('abort', () => reject(unavailable(limit.reason)))
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
        for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift())
          call(next.then, part)
        this.#loaded = part
      },
      (cause: unknown) => {
        this.#url ??= urlOf(cause)
        setTimeout(() => this.#load(), RETRY_DELAY)
        for (const { failed } of [...this.#waiting]) failed?.(unavailable(cause))
      },
    )
  }
}

/** One that throws is not to keep the part from the others. */
function call<T>(then: (part: T) => void, part: T): void {
  try {
    then(part)
  } catch (error) {
    queueMicrotask(() => {
      throw error
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
