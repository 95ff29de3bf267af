/**
 * A server that renders its pages, with the drop-in in them. The server keeps the session, and the page asks the server
 * for tokens. Every answer has a Content-Security-Policy without `unsafe-inline`.
 */

import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buildScript } from '../../server/client-build.ts'
import { securityHeaders } from '../../server/security-headers.ts'
import { type ExampleOptions, type ExampleServer, listen } from '../listen.ts'
import { livePage, signInPage } from './page.ts'
import { Sessions } from './sessions.ts'

/** Bytes of the largest form that is read. */
const LARGEST_FORM = 4_096

export async function startStaticExample(options: ExampleOptions): Promise<ExampleServer> {
  const { supabaseUrl, publishableKey } = options
  const sessions = new Sessions(supabaseUrl, publishableKey)
  const headers = {
    ...securityHeaders(supabaseUrl),
    'cache-control': 'no-store',
  }
  const files = new Map([
    ['/claimwire.js', { type: 'text/javascript', body: await buildScript() }],
    ['/app.js', { type: 'text/javascript', body: await read('app.js') }],
    ['/style.css', { type: 'text/css', body: await read('../style.css') }],
  ])

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const send = (status: number, type: string, body: string, more: Record<string, string> = {}): void => {
      response.writeHead(status, { ...headers, 'content-type': `${type}; charset=utf-8`, ...more }).end(body)
    }
    const path = request.url?.split('?')[0] ?? '/'
    const file = files.get(path)
    if (file !== undefined) return send(200, file.type, file.body)
    if (path === '/favicon.ico') return send(204, 'image/x-icon', '')
    const id = cookieOf(request)
    if (path === '/sign-in' && request.method === 'POST') {
      const form = new URLSearchParams(await readForm(request))
      const created = await sessions.signIn(form.get('email') ?? '', form.get('password') ?? '')
      if (created === null) return send(401, 'text/html', signInPage(true))
      const cookie = `session=${created}; HttpOnly; SameSite=Strict; Path=/`
      return send(303, 'text/plain', '', { location: '/', 'set-cookie': cookie })
    }
    const session = await sessions.find(id)
    if (path === '/live-token') {
      if (session === null) return send(401, 'application/json', '{}')
      return send(200, 'application/json', JSON.stringify({ token: session.access_token }))
    }
    if (path === '/sign-out' && request.method === 'POST') {
      sessions.signOut(id)
      return send(204, 'text/plain', '')
    }
    if (path !== '/') return send(404, 'text/plain', 'There is nothing here.')
    if (session === null) return send(200, 'text/html', signInPage(false))
    const { id: userId, email = '' } = session.user
    send(200, 'text/html', livePage({ userId, email, supabaseUrl, publishableKey }))
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      console.error('static example', error)
      response.writeHead(500).end()
    })
  })
  return listen(server, options.port)
}

function cookieOf(request: IncomingMessage): string | undefined {
  return /(?:^|; )session=([0-9a-f-]+)/.exec(request.headers.cookie ?? '')?.[1]
}

async function readForm(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) {
    text += String(chunk)
    if (text.length > LARGEST_FORM) throw new Error('the form is too large')
  }
  return text
}

function read(name: string): Promise<string> {
  return readFile(new URL(name, import.meta.url), 'utf8')
}
