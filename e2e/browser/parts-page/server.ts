/** Serves a page with the parts that are usable on their own, under the policy that the dashboard has. */

import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { buildForProduction } from '../../../web/server/production-build.ts'
import { securityHeaders } from '../../../web/server/security-headers.ts'

export interface PartsPageServer extends AsyncDisposable {
  readonly url: string
}

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Parts</title>
<link rel="icon" href="/favicon.svg">
<link rel="stylesheet" href="/parts.css">
<script type="module" src="/parts.js"></script>
</head>
<body><header id="bar"></header><main><h1>Parts</h1><p>Some text of the page.</p><button id="before">A button of the page</button></main></body>
</html>`

const ICON = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="6"/></svg>'

export async function servePartsPage(): Promise<PartsPageServer> {
  const { script, style } = await bundle()
  const headers = securityHeaders('http://127.0.0.1:1')
  const answers: Record<string, readonly [string, string]> = {
    '/parts.js': ['text/javascript', script],
    '/parts.css': ['text/css', style],
    '/': ['text/html; charset=utf-8', PAGE],
  }
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/'
    const [type, body] = answers[path] ?? ['image/svg+xml', ICON]
    response.writeHead(200, { ...headers, 'content-type': type }).end(body)
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

async function bundle(): Promise<{ script: string; style: string }> {
  const result = await buildForProduction({
    configFile: false,
    logLevel: 'error',
    // Vite leaves the expression in a library for applications to replace.
    define: { 'process.env.NODE_ENV': '"production"' },
    build: {
      write: false,
      minify: false,
      target: 'es2023',
      rolldownOptions: { output: { codeSplitting: false } },
      lib: { entry: fileURLToPath(new URL('entry.ts', import.meta.url)), formats: ['es'], fileName: 'parts' },
    },
  })
  const [output] = Array.isArray(result) ? result : [result]
  if (output === undefined || !('output' in output)) throw new Error('the page was not built')
  let [script, style] = ['', '']
  for (const part of output.output) {
    if (part.type === 'chunk') script += part.code
    else if (part.fileName.endsWith('.css')) style += String(part.source)
  }
  return { script, style }
}
