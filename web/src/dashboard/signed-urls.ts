/** Signed URLs of objects in Storage: got in batches and kept while they are valid. A failure is retried after a while. */

import { type Bucket, type Repository, URL_VALIDITY } from './repository.ts'

export interface ObjectRef {
  bucket: Bucket
  path: string
}

/** A thumbnail or preview. */
export function derivative(path: string): ObjectRef {
  return { bucket: 'derivatives', path }
}

/** Milliseconds between a failure to sign an object and the next attempt. */
const RETRY_AFTER = 15_000

export class SignedUrls {
  readonly #sign: Repository['signUrls']
  readonly #clock: () => number
  readonly #urls = new Map<string, { url: string | null; until: number }>()
  /** Objects whose signing is under way. */
  readonly #requested = new Set<string>()

  constructor(sign: Repository['signUrls'], clock: () => number) {
    this.#sign = sign
    this.#clock = clock
  }

  /** Null until the object has been signed. */
  get(ref: ObjectRef): string | null {
    const known = this.#urls.get(keyOf(ref))
    return known !== undefined && known.until > this.#clock() ? known.url : null
  }

  /** Signs those objects that have no valid URL. @returns whether a URL is new. Never rejects. */
  async request(refs: readonly ObjectRef[]): Promise<boolean> {
    const now = this.#clock()
    const missing = new Map<Bucket, Set<string>>()
    for (const ref of refs) {
      if (this.#requested.has(keyOf(ref)) || (this.#urls.get(keyOf(ref))?.until ?? 0) > now) continue
      this.#requested.add(keyOf(ref))
      missing.set(ref.bucket, (missing.get(ref.bucket) ?? new Set()).add(ref.path))
    }
    const found = await Promise.all(
      [...missing].map(([bucket, paths]) => this.#requestFrom(bucket, [...paths])),
    )
    return found.includes(true)
  }

  /** The object could not be loaded from its URL. */
  failed(ref: ObjectRef): void {
    this.#keep(ref, null)
  }

  /** The backend answers again: the next request tries all failed objects. */
  forgetFailures(): void {
    for (const [key, { url }] of this.#urls) if (url === null) this.#urls.delete(key)
  }

  async #requestFrom(bucket: Bucket, paths: string[]): Promise<boolean> {
    // Without a URL, a card shows its placeholder.
    const urls = await this.#sign(bucket, paths).catch(() => new Map<string, string>())
    for (const path of paths) {
      this.#requested.delete(keyOf({ bucket, path }))
      this.#keep({ bucket, path }, urls.get(path) ?? null)
    }
    return urls.size > 0
  }

  #keep(ref: ObjectRef, url: string | null): void {
    const until = this.#clock() + (url === null ? RETRY_AFTER : URL_VALIDITY * 900)
    this.#urls.set(keyOf(ref), { url, until })
  }
}

function keyOf({ bucket, path }: ObjectRef): string {
  return `${bucket}/${path}`
}
