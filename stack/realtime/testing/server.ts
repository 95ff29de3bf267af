/** A Realtime server on a free port, with the part of a gateway that its tests need. */

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { generateKeys } from '../../keys/index.ts'
import { createMemoryLogger } from '../../logger.ts'
import type { DatabaseUrls, StackKeys } from '../../types.ts'
import { createRealtime, type Realtime, type RealtimeSettings } from '../index.ts'

export const REALTIME_PREFIX = '/realtime/v1'

export interface TestServer extends AsyncDisposable {
  /** E.g. `http://127.0.0.1:40123`. */
  url: string
  keys: StackKeys
  realtime: Realtime
  logger: ReturnType<typeof createMemoryLogger>
}

export interface TestServerOptions {
  settings?: Partial<RealtimeSettings>
  now?: () => number
  keys?: StackKeys
}

/** Resolves when broadcasts from the database flow. */
export async function startTestServer(
  db: DatabaseUrls,
  options: TestServerOptions = {},
): Promise<TestServer> {
  const keys = options.keys ?? (await generateKeys())
  const logger = createMemoryLogger()
  const { settings, now } = options
  const realtime = createRealtime({
    db,
    keys,
    jwks: keys.jwks,
    logger,
    ...(settings ? { settings } : {}),
    ...(now ? { now } : {}),
  })
  const server = serve(realtime)
  server.listen(0, '127.0.0.1')
  await Promise.all([once(server, 'listening'), realtime.ready])
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    keys,
    realtime,
    logger,
    async [Symbol.asyncDispose]() {
      await realtime.stop()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The gateway's part under {@link REALTIME_PREFIX}, direct access elsewhere. */
function serve(realtime: Realtime): Server {
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', `http://${request.headers.host ?? 'localhost'}`)
    const isGateway = url.pathname.startsWith(REALTIME_PREFIX)
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const headers = new Headers()
    for (const [name, value] of Object.entries(request.headers)) {
      if (typeof value === 'string') headers.set(name, value)
    }
    const method = request.method ?? 'GET'
    const hasBody = method !== 'GET' && method !== 'HEAD'
    const asked = new Request(url, { method, headers, ...(hasBody ? { body: Buffer.concat(chunks) } : {}) })
    const path = url.pathname.slice(REALTIME_PREFIX.length)
    const caller = { role: 'anon', claims: { role: 'anon' } } as const
    const answer = await (isGateway ? realtime.fetch(asked, { caller, path }) : realtime.direct.fetch(asked))
    response.writeHead(answer.status, Object.fromEntries(answer.headers))
    response.end(Buffer.from(await answer.arrayBuffer()))
  })
  server.on('upgrade', (request, socket, head) => {
    const service = request.url?.startsWith(REALTIME_PREFIX) ? realtime : realtime.direct
    service.upgrade(request, socket, head)
  })
  return server
}
