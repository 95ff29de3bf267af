/** Builds the React example and serves it, with the same strict headers as the dashboard. */

import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { buildForProduction } from '../../server/production-build.ts'
import { securityHeaders } from '../../server/security-headers.ts'
import { type ExampleOptions, type ExampleServer, listen } from '../listen.ts'

const TYPES: Readonly<Record<string, string>> = { js: 'text/javascript', css: 'text/css', html: 'text/html' }

export async function startReactExample(options: ExampleOptions): Promise<ExampleServer> {
  const { supabaseUrl, publishableKey, port } = options
  const files = await buildExample()
  files.set('/favicon.ico', '')
  files.set('/config.json', JSON.stringify({ supabaseUrl, publishableKey }))
  const headers = securityHeaders(supabaseUrl)
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0] ?? '/'
    const name = path === '/' ? '/index.html' : path
    const body = files.get(name)
    const type = TYPES[name.split('.').at(-1) ?? ''] ?? 'application/json'
    response.writeHead(body === undefined ? 404 : 200, {
      ...headers,
      'content-type': `${type}; charset=utf-8`,
    })
    response.end(body ?? '')
  })
  return listen(server, port)
}

/** Content of the built files, by URL path. */
async function buildExample(): Promise<Map<string, string | Uint8Array>> {
  const result = await buildForProduction({
    root: fileURLToPath(new URL('.', import.meta.url)),
    configFile: false,
    logLevel: 'error',
    build: { write: false, target: 'es2023', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  })
  const [output] = Array.isArray(result) ? result : [result]
  const files = output !== undefined && 'output' in output ? output.output : []
  return new Map(files.map((file) => [`/${file.fileName}`, file.type === 'chunk' ? file.code : file.source]))
}
