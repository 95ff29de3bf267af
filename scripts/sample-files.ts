/** Plays the form provider's file server for the sample claim: serves the sample's files on loopback. */

import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { basename } from 'node:path'

export interface SampleFiles extends AsyncDisposable {
  /** e.g. `http://127.0.0.1:40123` */
  readonly origin: string
  /** Address of one of the paths. */
  urlOf(path: string): string
}

/** @param paths of files with different names. */
export async function serveSampleFiles(paths: readonly string[]): Promise<SampleFiles> {
  const server = createServer((request, response) => {
    const name = basename(new URL(request.url ?? '/', 'http://localhost').pathname)
    const path = paths.find((known) => basename(known) === name)
    if (path === undefined) {
      response.writeHead(404).end()
      return
    }
    // The content type says nothing: functions go by the file's bytes.
    response.writeHead(200, {
      'content-type': 'application/octet-stream',
      'content-length': statSync(path).size,
    })
    createReadStream(path).pipe(response)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the file server has no port')
  const origin = `http://127.0.0.1:${address.port}`
  return {
    origin,
    urlOf: (path) => `${origin}/${encodeURIComponent(basename(path))}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
