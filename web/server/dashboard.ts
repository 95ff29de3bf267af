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
import { ensureBuild, WITHOUT_BUILD_TIME_CONFIG } from './build.ts'
import { securityHeaders } from './security-headers.ts'

export interface DashboardOptions {
  /** Preferred port; a taken one gives the next free one, 0 any. */
  port: number
  /** Default 127.0.0.1. */
  host?: string
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
  const { port, host = '127.0.0.1', dev = false } = options
  const common: InlineConfig = {
    root: WEB_ROOT,
    configFile: fileURLToPath(new URL('../vite.config.ts', import.meta.url)),
    logLevel: 'warn',
    clearScreen: false,
    plugins: [runtimeConfig(options)],
    define: WITHOUT_BUILD_TIME_CONFIG,
  }
  if (dev) {
    const server = await asGuest(() =>
      createServer({ ...common, server: { port, host, strictPort: port === 0 } }),
    )
    await server.listen()
    return { url: urlOf(server.httpServer?.address() ?? null, host), close: () => server.close() }
  }
  await ensureBuild(WEB_ROOT)
  const server = await asGuest(() =>
    preview({
      ...common,
      preview: { port, host, strictPort: port === 0, headers: securityHeaders(options.supabaseUrl) },
    }),
  )
  return { url: urlOf(server.httpServer.address(), host), close: () => server.close() }
}

/** Vite ends the whole process on SIGTERM; when to end is the caller's business. */
async function asGuest<Server>(start: () => Promise<Server>): Promise<Server> {
  const before = process.listeners('SIGTERM')
  const server = await start()
  for (const listener of process.listeners('SIGTERM')) {
    if (!before.includes(listener)) process.off('SIGTERM', listener)
  }
  return server
}

/** Answers `/config.json` from the options. Nothing secret is in it: the publishable key is public by design. */
function runtimeConfig({ supabaseUrl, publishableKey, demo }: DashboardOptions): Plugin {
  const body = JSON.stringify({ supabaseUrl, publishableKey, ...(demo === undefined ? {} : { demo }) })
  const answer = (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    if (request.url?.split('?')[0] !== CONFIG_PATH) {
      next()
      return
    }
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    response.end(body)
  }
  return {
    name: 'claimwire:runtime-config',
    configureServer: (server) => {
      server.middlewares.use(answer)
    },
    configurePreviewServer: (server) => {
      server.middlewares.use(answer)
    },
  }
}

function urlOf(address: AddressInfo | string | null, host: string): string {
  if (address === null || typeof address === 'string') throw new Error('the dashboard listens on no port')
  const name = host.includes(':') ? `[${host}]` : host === '0.0.0.0' ? '127.0.0.1' : host
  return `http://${name}:${address.port}`
}
