/**
 * Serves the dashboard beside a backend: built and with strict headers, or from source with hot reload.
 *
 * ```ts
 * const dashboard = await startDashboard({ port: 5173, supabaseUrl, publishableKey })
 * console.log(dashboard.url)
 * await dashboard.close()
 * ```
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createServer, type InlineConfig, type Plugin, preview } from 'vite'
import { ERROR_CODES } from '../../functions-shared/error-codes.ts'
import { judgeHost } from '../../functions-shared/own-host.ts'
import { ensureBuild, WITHOUT_BUILD_TIME_CONFIG } from './build.ts'
import { securityHeaders } from './security-headers.ts'

export interface DashboardOptions {
  /** Preferred port. Where the port is taken, the next free port is used; 0 is any free port. */
  port: number
  /** Default 127.0.0.1. */
  host?: string
  /** Names for the Host header beside localhost and the addresses that the server listens on. Default none. */
  allowedHosts?: readonly string[]
  supabaseUrl: string
  publishableKey: string
  /** Offers a one-click sign-in; for the embedded stack only. */
  demo?: { email: string; password: string }
  /** Serves from source with hot reload, without the strict headers. Default false. */
  dev?: boolean
}

export interface DashboardServer {
  readonly url: string
  /** Ends the server and its connections. */
  close(): Promise<void>
}

export const WEB_ROOT = fileURLToPath(new URL('..', import.meta.url))

const CONFIG_PATH = '/config.json'

export async function startDashboard(options: DashboardOptions): Promise<DashboardServer> {
  const { port, host = '127.0.0.1', allowedHosts = [], dev = false } = options
  // No CORS headers: Vite would let every page on localhost read the demo's password in /config.json.
  const server = { port, host, strictPort: port === 0, cors: false, allowedHosts: [...allowedHosts] }
  const common: InlineConfig = {
    root: WEB_ROOT,
    configFile: fileURLToPath(new URL('../vite.config.ts', import.meta.url)),
    logLevel: 'warn',
    clearScreen: false,
    plugins: [ownHostOnly(options), runtimeConfig(options)],
    define: WITHOUT_BUILD_TIME_CONFIG,
  }
  if (dev) {
    const vite = await asGuest(() => createServer({ ...common, server }))
    await vite.listen()
    return { url: urlOf(vite.httpServer?.address() ?? null, host), close: () => vite.close() }
  }
  await ensureBuild(WEB_ROOT)
  const vite = await asGuest(() =>
    preview({ ...common, preview: { ...server, headers: securityHeaders(options.supabaseUrl) } }),
  )
  return { url: urlOf(vite.httpServer.address(), host), close: () => vite.close() }
}

/** Vite ends the whole process on SIGTERM. The caller decides when the process ends. */
async function asGuest<Server>(start: () => Promise<Server>): Promise<Server> {
  const before = process.listeners('SIGTERM')
  const server = await start()
  for (const listener of process.listeners('SIGTERM')) {
    if (!before.includes(listener)) process.off('SIGTERM', listener)
  }
  return server
}

/** Vite lets every IP address pass as Host header, and answers a malformed one 403. */
function ownHostOnly({ allowedHosts }: DashboardOptions): Plugin {
  const check = (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    const [header, ...more] = request.headersDistinct.host ?? []
    const host = more.length === 0 ? header : undefined
    const verdict = judgeHost(host, request.socket.localAddress, allowedHosts)
    if (verdict === 'own') {
      next()
      return
    }
    const code = verdict === 'foreign' ? 'host_not_allowed' : 'address_malformed'
    const { status, message } = ERROR_CODES[code]
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ error: { code, message } }))
  }
  return middleware('claimwire:own-host-only', check)
}

/**
 * Answers `/config.json` from the options, to pages of this origin only: the demo's password is in it. The publishable key
 * is public by design.
 */
function runtimeConfig({ supabaseUrl, publishableKey, demo }: DashboardOptions): Plugin {
  const body = JSON.stringify({ supabaseUrl, publishableKey, ...(demo === undefined ? {} : { demo }) })
  const answer = (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    if (request.url?.split('?')[0] !== CONFIG_PATH) {
      next()
      return
    }
    response.writeHead(200, {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
    })
    response.end(body)
  }
  return middleware('claimwire:runtime-config', answer)
}

function middleware(
  name: string,
  handle: (request: IncomingMessage, response: ServerResponse, next: () => void) => void,
): Plugin {
  return {
    name,
    configureServer: ({ middlewares }) => {
      middlewares.use(handle)
    },
    configurePreviewServer: ({ middlewares }) => {
      middlewares.use(handle)
    },
  }
}

function urlOf(address: AddressInfo | string | null, host: string): string {
  if (address === null || typeof address === 'string') throw new Error('the dashboard listens on no port')
  const name = host.includes(':') ? `[${host}]` : host === '0.0.0.0' ? '127.0.0.1' : host
  return `http://${name}:${address.port}`
}
