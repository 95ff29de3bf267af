/** Serves a page that holds nothing but the drop-in and the attributes that a test gives it, under strict headers. */

import { createServer } from 'node:http'
import { type ExampleServer, listen } from '../../web/examples/listen.ts'
import { buildScript } from '../../web/server/client-build.ts'
import { securityHeaders } from '../../web/server/security-headers.ts'

/** The page's URL takes the body's attributes as query parameters. */
export async function serveBarePage(supabaseUrl: string): Promise<ExampleServer> {
  const script = await buildScript()
  const headers = securityHeaders(supabaseUrl)
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
    const [type, body] =
      pathname === '/claimwire.js' ? ['text/javascript', script] : ['text/html', pageWith(searchParams)]
    response.writeHead(200, { ...headers, 'content-type': `${type}; charset=utf-8` }).end(body)
  })
  return listen(server, 0)
}

function pageWith(attributes: URLSearchParams): string {
  const body = [...attributes].map(([name, value]) => `${name}="${value.replaceAll('"', '&quot;')}"`)
  return `<!doctype html><title>page</title>
    <body ${body.join(' ')}><span id="ws-connection-status"></span><script src="/claimwire.js"></script>`
}
