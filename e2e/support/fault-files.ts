/** A file server whose downloads begin and then wait, so that a test can act in the middle of the work. */

import { createServer, type ServerResponse } from 'node:http'
import { expect, vi } from 'vitest'

const ASKED_TIMEOUT_MS = 60_000

export interface HeldFiles extends AsyncDisposable {
  readonly origin: string
  /** From now on downloads begin and do not go on. */
  hold(): void
  release(): void
  /** Resolves when at least one download is being held. */
  untilAsked(): Promise<void>
}

/** Serves one photo under every path, when it is allowed to. */
export async function startHeldFiles(photo: Buffer): Promise<HeldFiles> {
  const held = new Set<ServerResponse>()
  let holding = false
  const answer = (response: ServerResponse): void => {
    response.end(photo)
  }
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': photo.length })
    if (!holding) return answer(response)
    response.flushHeaders()
    held.add(response)
    response.on('close', () => held.delete(response))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the file server has no port')
  return {
    origin: `http://127.0.0.1:${address.port}`,
    hold: () => {
      holding = true
    },
    release: () => {
      holding = false
      for (const response of held) answer(response)
      held.clear()
    },
    untilAsked: () =>
      vi.waitFor(() => expect(held.size).toBeGreaterThan(0), { timeout: ASKED_TIMEOUT_MS, interval: 20 }),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
