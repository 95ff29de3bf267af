/** A server of the dashboard twice or more, with pages that differ: for comparing them in one run. */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface PageVariant extends AsyncDisposable {
  readonly url: string
}

/** Headers that are passed on, so that caching and policy are those of the dashboard's own server. */
const REQUEST_HEADERS = ['accept', 'if-none-match'] as const
const RESPONSE_HEADERS = [
  'cache-control',
  'content-security-policy',
  'content-type',
  'etag',
  'last-modified',
] as const

/** @param change of the page's HTML. */
export async function servePageVariant(
  origin: string,
  change: (html: string) => string,
): Promise<PageVariant> {
  const server = createServer(async (request, response) => {
    const path = request.url ?? '/'
    const isPage = path.split('?')[0] === '/'
    const headers = new Headers()
    for (const name of REQUEST_HEADERS) {
      const value = request.headers[name]
      if (typeof value === 'string' && !(isPage && name === 'if-none-match')) headers.set(name, value)
    }
    try {
      const answer = await fetch(new URL(path, origin), { headers })
      for (const name of RESPONSE_HEADERS) {
        const value = answer.headers.get(name)
        if (value !== null && !(isPage && name === 'etag')) response.setHeader(name, value)
      }
      response.statusCode = answer.status
      if (isPage) response.end(change(await answer.text()))
      else response.end(Buffer.from(await answer.arrayBuffer()))
    } catch (error) {
      response.destroy(error instanceof Error ? error : new Error(String(error)))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address: AddressInfo | string | null = server.address()
  if (address === null || typeof address === 'string') throw new Error('the variant listens on no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
