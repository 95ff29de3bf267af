/** Listens on the preferred port, or on the next free one. */

import type { Server } from 'node:http'
import type { Logger } from '../types.ts'

const ATTEMPTS = 100
const HIGHEST_PORT = 65_535

/** @param preferred 0 picks any free port. @returns the port that the server listens on. */
export async function listenFrom(
  server: Server,
  host: string,
  preferred: number,
  logger: Logger,
  source = 'gateway',
): Promise<number> {
  for (let port = preferred; port < preferred + ATTEMPTS && port <= HIGHEST_PORT; port++) {
    const error = await tryListen(server, host, port)
    if (error === undefined) {
      const address = server.address()
      if (address === null || typeof address === 'string') throw new Error('the server listens on no port')
      if (preferred !== 0 && address.port !== preferred) {
        logger.warn(source, `port ${preferred} is taken, using ${address.port}`)
      }
      return address.port
    }
    if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') throw error
  }
  throw new Error(`no free port from ${preferred} on`)
}

function tryListen(server: Server, host: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      server.off('listening', onListening)
      resolve(error)
    }
    const onListening = (): void => {
      server.off('error', onError)
      resolve(undefined)
    }
    server.once('error', onError).once('listening', onListening).listen({ host, port, exclusive: true })
  })
}
