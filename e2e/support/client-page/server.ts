/** Serves a page that holds nothing but one script: the client library, or another. */

import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

export interface ClientPageServer extends AsyncDisposable {
  readonly url: string
}

const PAGE = '<!doctype html><title>client</title><script type="module" src="/client.js"></script>'

/** @param entry the page's only script; default the client library's test page */
export async function serveClientPage(
  entry = new URL('entry.ts', import.meta.url),
): Promise<ClientPageServer> {
  const script = await bundle(entry)
  const server = createServer((request, response) => {
    const [type, body] =
      request.url === '/client.js' ? ['text/javascript', script] : ['text/html; charset=utf-8', PAGE]
    response.writeHead(200, { 'content-type': type }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function bundle(entry: URL): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      target: 'es2023',
      lib: { entry: fileURLToPath(entry), formats: ['es'] },
    },
  })
  const [output] = Array.isArray(result) ? result : [result]
  const chunk = output !== undefined && 'output' in output ? output.output[0] : undefined
  if (chunk === undefined) throw new Error('the client page was not built')
  return chunk.code
}
