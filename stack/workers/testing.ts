/** A recording HTTP server, and a wait for conditions. */

import { createServer, type IncomingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

interface ReceivedRequest {
  method: string
  /** With the query. */
  path: string
  headers: IncomingHttpHeaders
  body: string
}

export interface RecordingServer extends AsyncDisposable {
  readonly url: string
  readonly requests: readonly ReceivedRequest[]
  /** Number of requests without an answer. */
  readonly open: number
  /** Highest number of requests without an answer at a time. */
  readonly mostOpen: number
  /** Answers the requests that `/hold` keeps, and later ones at once. */
  release(): void
}

/** Answers 200 with JSON; `/status/418` with that status; `/hold` after {@link RecordingServer.release}; `/never` never. */
export async function startRecordingServer(): Promise<RecordingServer> {
  const requests: ReceivedRequest[] = []
  let open = 0
  let mostOpen = 0
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const server = createServer(async (incoming, outgoing) => {
    open += 1
    mostOpen = Math.max(mostOpen, open)
    outgoing.once('close', () => {
      open -= 1
    })
    const path = incoming.url ?? ''
    requests.push({
      method: incoming.method ?? '',
      path,
      headers: incoming.headers,
      body: await text(incoming),
    })
    if (path.startsWith('/never')) return
    if (path.startsWith('/hold')) await released
    const status = /^\/status\/(\d+)/.exec(path)?.[1]
    outgoing.writeHead(Number(status ?? 200), { 'content-type': 'application/json' })
    outgoing.end(JSON.stringify({ seen: path }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    get open() {
      return open
    },
    get mostOpen() {
      return mostOpen
    },
    release,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Asks until the answer is neither undefined nor false, or the test's time-out ends it. */
export async function until<Result>(
  ask: () => Promise<Result | undefined | false> | Result | undefined | false,
): Promise<Result> {
  for (;;) {
    const result = await ask()
    if (result !== undefined && result !== false) return result
    await sleep(20)
  }
}
