/** Plays the form provider's file server for the sample claim: serves a folder of photos on loopback. */

import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { basename, join } from 'node:path'

export interface PhotoServer extends AsyncDisposable {
  /** e.g. `http://127.0.0.1:40123` */
  readonly origin: string
  urlOf(fileName: string): string
}

export async function startPhotoServer(folder: string): Promise<PhotoServer> {
  const server = createServer((request, response) => {
    const path = join(folder, basename(new URL(request.url ?? '/', 'http://localhost').pathname))
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat === undefined || !stat.isFile()) {
      response.writeHead(404).end()
      return
    }
    response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': stat.size })
    createReadStream(path).pipe(response)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the photo server has no port')
  const origin = `http://127.0.0.1:${address.port}`
  return {
    origin,
    urlOf: (fileName) => `${origin}/${encodeURIComponent(fileName)}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
