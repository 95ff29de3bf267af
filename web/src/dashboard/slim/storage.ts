/**
 * Stands in for `@supabase/storage-js` in the dashboard's build (see `vite.config.ts`): the
 * dashboard uses supabase-js's `storage` for signing URLs only. Uploads go by TUS.
 */

import { isRecord } from '../../../../functions-shared/unknown.ts'

type Fetch = typeof globalThis.fetch

interface Answer<Data> {
  data: Data | null
  error: StorageApiError | null
}

export class StorageApiError extends Error {
  override readonly name = 'StorageApiError'
}

export class StorageClient {
  readonly #url: string
  readonly #headers: Record<string, string>
  readonly #fetch: Fetch

  constructor(url: string, headers: Record<string, string> = {}, fetch: Fetch = globalThis.fetch) {
    this.#url = url.replace(/\/+$/, '')
    this.#headers = headers
    this.#fetch = fetch
  }

  from(bucket: string) {
    const address = `${this.#url}/object/sign/${bucket}`
    return {
      createSignedUrls: (paths: string[], expiresIn: number) =>
        this.#answer(address, { paths, expiresIn }, (rows) => {
          if (!Array.isArray(rows)) throw new TypeError('expected a list of URLs')
          return rows
            .filter(isRecord)
            .map(({ path, signedURL }) => ({ path, signedUrl: this.#absolute(signedURL) }))
        }),
      createSignedUrl: (path: string, expiresIn: number, { download = '' } = {}) =>
        this.#answer(`${address}/${path}`, { expiresIn }, (row) => {
          const url = this.#absolute(isRecord(row) ? row.signedURL : null)
          if (url === null) throw new TypeError('expected a URL')
          return { signedUrl: download === '' ? url : `${url}&download=${encodeURIComponent(download)}` }
        }),
    }
  }

  /** As in storage-js, every failure is in the answer. */
  async #answer<Data>(url: string, body: object, read: (answer: unknown) => Data): Promise<Answer<Data>> {
    try {
      const response = await this.#fetch(url, {
        method: 'POST',
        headers: { ...this.#headers, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      if (!response.ok) throw new StorageApiError(`Storage answered with ${response.status}`)
      return { data: read(await response.json()), error: null }
    } catch (cause) {
      const error = cause instanceof StorageApiError ? cause : new StorageApiError('No answer', { cause })
      return { data: null, error }
    }
  }

  #absolute(signed: unknown): string | null {
    return typeof signed === 'string' && signed !== '' ? encodeURI(`${this.#url}${signed}`) : null
  }
}
