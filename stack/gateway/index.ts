/**
 * One HTTP port for all of the stack's services.
 *
 *   request ─> Host header ─> routes.ts ─> service ─> answer
 *   upgrade ─> Host header ─> /realtime/v1/websocket ─> Realtime
 */

import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { AppError } from '../../functions-shared/app-error.ts'
import { type HostVerdict, judgeHost } from '../../functions-shared/own-host.ts'
import type { HttpService, Logger, StackKeys, Stoppable, UpgradeService } from '../types.ts'
import { createAccessCheck } from './access.ts'
import { coded } from './errors.ts'
import { sendResponse, toRequest } from './http.ts'
import { listenFrom } from './listen.ts'
import { createRoutes } from './routes.ts'
import type { ServiceName } from './services.ts'

type GatewayServices = Partial<Record<ServiceName, HttpService>> & {
  /** Takes WebSocket upgrades at `/realtime/v1/websocket`; checks the API key by itself. */
  realtimeSocket?: UpgradeService
}

export interface GatewayOptions {
  /** A taken port gives a warning and the next free one. 0 picks any. */
  port: number
  /** Default `127.0.0.1`. */
  host?: string
  /** Names for the Host header beside localhost and the addresses that the gateway listens on. Default none. */
  allowedHosts?: readonly string[]
  keys: StackKeys
  logger: Logger
  services?: GatewayServices
}

export interface Gateway extends Stoppable {
  /** E.g. `http://127.0.0.1:54321`. */
  readonly url: string
  readonly port: number
  /** Adds or replaces services. Until a service is there, its addresses answer 503. */
  mount(services: GatewayServices): void
  /** Ends every connection, upgraded ones too; safe to call twice. */
  stop(): Promise<void>
}

const SOCKET_PATH = '/realtime/v1/websocket'
/** Methods that the constructor of Request refuses. Node's server refuses CONNECT. */
const FORBIDDEN_METHODS: ReadonlySet<string> = new Set(['TRACE', 'TRACK'])
/** Milliseconds that requests under way get after `stop()` was called. */
const STOP_GRACE_MS = 1_000
/** Milliseconds. Longer than clients keep an idle connection: the gateway never closes one that a client is using. */
const KEEP_ALIVE_MS = 75_000

export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { host = '127.0.0.1', allowedHosts = [], keys, logger } = options
  let services: GatewayServices = { ...options.services }
  const upgraded = new Set<Duplex>()
  const routes = createRoutes({
    service: (name) => services[name],
    checkAccess: createAccessCheck(keys),
    logger,
  })
  const judge = ({ headersDistinct, socket }: IncomingMessage): HostVerdict => {
    const [header, ...more] = headersDistinct.host ?? []
    return judgeHost(more.length === 0 ? header : undefined, socket.localAddress, allowedHosts)
  }

  const respond = async (
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    requestId: string,
  ): Promise<Response> => {
    const verdict = judge(incoming)
    if (verdict !== 'own') return coded(refusedHost(verdict))
    if (FORBIDDEN_METHODS.has(incoming.method ?? '')) return coded(new AppError('method_not_allowed'))
    const request = toRequest(incoming, outgoing)
    return request === undefined
      ? coded(new AppError('address_malformed'))
      : routes.fetch(request, { requestId })
  }

  /** Never rejects: a request ends in an answer or a closed connection, and in the log. */
  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const requestId = randomUUID()
    const startedAt = performance.now()
    const called = `${incoming.method} ${pathOf(incoming)}`
    // A client may leave at any moment.
    outgoing.on('error', (error) => logger.debug('gateway', 'a connection failed', { requestId, error }))
    try {
      const response = await respond(incoming, outgoing, requestId)
      await sendResponse(response, outgoing, { 'sb-request-id': requestId })
      const ms = Math.round(performance.now() - startedAt)
      logger.debug('gateway', `${called} ${response.status}`, { ms, requestId })
    } catch (error) {
      logger.error('gateway', `${called} broke off`, { requestId, error })
      outgoing.destroy()
    }
  }

  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (incoming, outgoing) => {
    void serve(incoming, outgoing)
  })
  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgraded.add(socket)
    socket.once('close', () => upgraded.delete(socket))
    socket.on('error', (error) => logger.debug('gateway', 'a WebSocket connection failed', { error }))
    const verdict = judge(incoming)
    if (verdict !== 'own')
      return refuseUpgrade(socket, verdict === 'foreign' ? '403 Forbidden' : '400 Bad Request')
    if (pathOf(incoming) !== SOCKET_PATH) return refuseUpgrade(socket, '404 Not Found')
    if (services.realtimeSocket === undefined) return refuseUpgrade(socket, '503 Service Unavailable')
    try {
      services.realtimeSocket.upgrade(incoming, socket, head)
    } catch (error) {
      logger.error('realtime', 'an upgrade failed', { error })
      refuseUpgrade(socket, '500 Internal Server Error')
    }
  })
  const port = await listenFrom(server, host, options.port, logger)
  server.on('error', (error) => logger.error('gateway', 'the server failed', { error }))

  let stopped: Promise<void> | undefined
  return {
    url: `http://${host}:${port}`,
    port,
    mount(more) {
      services = { ...services, ...more }
    },
    stop() {
      stopped ??= stopServer(server, upgraded)
      return stopped
    },
  }
}

async function stopServer(server: Server, upgraded: ReadonlySet<Duplex>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  for (const socket of upgraded) socket.destroy()
  server.closeIdleConnections()
  const cutOff = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS)
  await closed
  clearTimeout(cutOff)
}

function refusedHost(verdict: Exclude<HostVerdict, 'own'>): AppError {
  return new AppError(verdict === 'foreign' ? 'host_not_allowed' : 'address_malformed')
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

/** Without the query, which may hold keys and tokens. */
function pathOf(incoming: IncomingMessage): string {
  return (incoming.url ?? '').split('?', 1)[0] ?? ''
}
