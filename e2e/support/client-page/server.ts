/** Serves a page that holds nothing but one script: the client library, or another. */

import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { buildForProduction } from '../../../web/server/production-build.ts'

export interface ClientPageServer extends AsyncDisposable {
  readonly url: string
  /** The same page, to which its browser gives neither storage nor locks, as in a sandboxed frame. */
  readonly sandboxedUrl: string
}

const SANDBOX = { 'content-security-policy': 'sandbox allow-scripts' }

const PAGE = '<!doctype html><title>client</title><script type="module" src="/client.js"></script>'

/** @param entry the page's only script; default the client library's test page. What it loads later is served too. */
export async function serveClientPage(
  entry = new URL('entry.ts', import.meta.url),
): Promise<ClientPageServer> {
  const scripts = await bundle(entry)
  const server = createServer((request, response) => {
    const script = scripts.get(request.url?.replace(/\?.*/, '') ?? '')
    const [type, body] =
      script === undefined ? ['text/html; charset=utf-8', PAGE] : ['text/javascript', script]
    const sandbox = request.url === '/sandboxed' ? SANDBOX : {}
    // An opaque origin loads modules like a foreign one.
    response
      .writeHead(200, { 'content-type': type, 'access-control-allow-origin': '*', ...sandbox })
      .end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const url = `http://127.0.0.1:${address.port}`
  return {
    url,
    sandboxedUrl: `${url}/sandboxed`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** By path. */
async function bundle(entry: URL): Promise<Map<string, string>> {
  const result = await buildForProduction({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      target: 'es2023',
      lib: { entry: fileURLToPath(entry), formats: ['es'], fileName: () => 'client.js' },
    },
  })
  const [output] = Array.isArray(result) ? result : [result]
  const files = output !== undefined && 'output' in output ? output.output : []
  return new Map(files.flatMap((file) => (file.type === 'chunk' ? [[`/${file.fileName}`, file.code]] : [])))
}
