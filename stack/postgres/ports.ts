/** TCP ports of the stack: the preferred one where it is free, else the next. */

import { createServer } from 'node:net'
import { AppError } from '../../functions-shared/app-error.ts'

/** How many ports above the preferred one are tried. */
const ATTEMPTS = 50

/** @returns the port that was bound for a moment, or null when `port` is taken. 0 asks for any free port. */
async function probe(port: number, host: string): Promise<number | null> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(null)
      else reject(error)
    })
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address()
      const bound = typeof address === 'object' && address !== null ? address.port : port
      server.close(() => resolve(bound))
    })
  })
}

/**
 * Ports that were free a moment ago, best first. Another process may take one before the caller binds it, so the caller
 * goes on to the next one when binding fails.
 * @param preferred 0 yields ports of the system's choice.
 * @throws AppError `no_free_port` at the end.
 */
export async function* freePorts(preferred: number, host = '127.0.0.1'): AsyncGenerator<number> {
  for (let attempt = 0; attempt <= ATTEMPTS; attempt++) {
    const wanted = preferred === 0 ? 0 : preferred + attempt
    if (wanted > 65_535) break
    const port = await probe(wanted, host)
    if (port !== null) yield port
  }
  throw new AppError('no_free_port', { details: { preferred, host } })
}
