/** Signed URLs of objects: asked for together, kept while they are valid, and after a failure left for a while. */

import { type Bucket, type Repository, URL_VALIDITY } from './repository.ts'

export interface ObjectRef {
  bucket: Bucket
  path: string
}

/** Milliseconds before a URL that could not be had is asked for again. */
const RETRY_AFTER = 15_000

export class SignedUrls {
  readonly #sign: Repository['signUrls']
  readonly #clock: () => number
  readonly #urls = new Map<string, { url: string | null; until: number }>()
  readonly #asked = new Set<string>()

  constructor(sign: Repository['signUrls'], clock: () => number) {
    this.#sign = sign
    this.#clock = clock
  }

  /** Null while there is none. */
  get(ref: ObjectRef): string | null {
    const known = this.#urls.get(keyOf(ref))
    return known !== undefined && known.until > this.#clock() ? known.url : null
  }

  /** Asks for those that are missing. @returns whether there are new ones. Never rejects. */
  async request(refs: readonly ObjectRef[]): Promise<boolean> {
    const now = this.#clock()
    const missing = new Map<Bucket, Set<string>>()
    for (const ref of refs) {
      if (this.#asked.has(keyOf(ref)) || (this.#urls.get(keyOf(ref))?.until ?? 0) > now) continue
      this.#asked.add(keyOf(ref))
      missing.set(ref.bucket, (missing.get(ref.bucket) ?? new Set()).add(ref.path))
    }
    const found = await Promise.all(
      [...missing].map(([bucket, paths]) => this.#requestFrom(bucket, [...paths])),
    )
    return found.includes(true)
  }

  /** The URL does not work. */
  failed(ref: ObjectRef): void {
    this.#keep(ref, null)
  }

  /** The backend answers: what could not be had before may be there now. */
  forgetFailures(): void {
    for (const [key, { url }] of this.#urls) if (url === null) this.#urls.delete(key)
  }

  async #requestFrom(bucket: Bucket, paths: string[]): Promise<boolean> {
    // Without URLs the cards go on showing their placeholders.
    const urls = await this.#sign(bucket, paths).catch(() => new Map<string, string>())
    for (const path of paths) {
      this.#asked.delete(keyOf({ bucket, path }))
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
