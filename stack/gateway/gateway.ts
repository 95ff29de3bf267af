/**
 * The one address of the embedded stack.
 *
 *   request ─> route ─> preflight? ─> API key and token ─> size ─> service ─> CORS headers ─> answer
 *   upgrade ─> /realtime/v1/websocket ─> realtime
 */

import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { AppError } from '../../functions-shared/app-error.ts'
import type { HttpService, Logger, StackKeys, Stoppable, UpgradeService } from '../types.ts'
import { ANONYMOUS, type CheckAccess, createAccessCheck } from './access.ts'
import { withBodyLimit } from './body-limit.ts'
import { CORS_HEADERS, isPreflight, preflightResponse } from './cors.ts'
import { badRequest, bodyTooLarge, notFound, refusal, serviceNotRunning, unexpected } from './failures.ts'
import { sendResponse, toRequest } from './http.ts'
import { listenFrom } from './listen.ts'
import { findRoute, REALTIME_SOCKET_PATH, type Route, type ServiceName } from './routes.ts'

type GatewayServices = Partial<Record<ServiceName, HttpService>> & {
  /** Takes WebSocket upgrades at `/realtime/v1/websocket`; checks the API key by itself. */
  realtimeSocket?: UpgradeService
}

export interface GatewayOptions {
  /** A taken port gives a warning and the next free one. 0 picks any. */
  port: number
  /** Default `127.0.0.1`. */
  host?: string
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

/** Milliseconds that requests under way get to finish at `stop()`. */
const STOP_GRACE_MS = 1_000
/** Longer than clients keep an idle connection, so that it is never closed under a request. */
const KEEP_ALIVE_MS = 75_000

export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const host = options.host ?? '127.0.0.1'
  const { logger } = options
  const checkAccess = createAccessCheck(options.keys)
  let services: GatewayServices = { ...options.services }
  const upgraded = new Set<Duplex>()

  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (incoming, outgoing) => {
    void serve(incoming, outgoing, { services, checkAccess, logger })
  })
  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgraded.add(socket)
    socket.once('close', () => upgraded.delete(socket))
    socket.on('error', (error) => logger.debug('gateway', 'a WebSocket connection failed', { error }))
    handOver(incoming, socket, head, services, logger)
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

interface Serving {
  services: GatewayServices
  checkAccess: CheckAccess
  logger: Logger
}

/** Never rejects: whatever happens ends in an answer or a closed connection, and in the log. */
async function serve(incoming: IncomingMessage, outgoing: ServerResponse, serving: Serving): Promise<void> {
  const requestId = randomUUID()
  const startedAt = performance.now()
  const { logger } = serving
  // A client may leave at any moment.
  outgoing.on('error', (error) => logger.debug('gateway', 'a connection failed', { requestId, error }))
  try {
    const { response, cors } = await answer(incoming, outgoing, serving, requestId)
    await sendResponse(response, outgoing, { 'sb-request-id': requestId, ...(cors && CORS_HEADERS) })
    logger.debug('gateway', `${incoming.method} ${pathOf(incoming)} ${response.status}`, {
      ms: Math.round(performance.now() - startedAt),
      requestId,
    })
  } catch (error) {
    logger.error('gateway', `${incoming.method} ${pathOf(incoming)} broke off`, { requestId, error })
    outgoing.destroy()
  }
}

interface Answer {
  response: Response
  /** Whether the gateway's CORS headers go on top. */
  cors: boolean
}

async function answer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  serving: Serving,
  requestId: string,
): Promise<Answer> {
  const request = toRequest(incoming, outgoing)
  if (request === undefined) return { response: badRequest(), cors: true }
  const url = new URL(request.url)
  const route = findRoute(request.method, url.pathname)
  if (route === undefined) {
    return { response: isPreflight(request) ? preflightResponse(request) : notFound(), cors: true }
  }
  if (route.cors && isPreflight(request)) return { response: preflightResponse(request), cors: true }
  const service = serving.services[route.service]
  if (service === undefined) return { response: serviceNotRunning(route.service), cors: true }

  try {
    return await callService(service, route, request, url, serving.checkAccess)
  } catch (error) {
    if (request.signal.aborted) return { response: new Response(null, { status: 499 }), cors: false }
    if (error instanceof AppError) {
      serving.logger.warn(route.service, `${request.method} ${url.pathname} failed`, { requestId, error })
      return { response: Response.json(error, { status: error.status }), cors: true }
    }
    serving.logger.error(route.service, `${request.method} ${url.pathname} failed`, { requestId, error })
    return { response: unexpected(requestId), cors: true }
  }
}

async function callService(
  service: HttpService,
  route: Route,
  request: Request,
  url: URL,
  checkAccess: CheckAccess,
): Promise<Answer> {
  let caller = ANONYMOUS
  if (!route.open) {
    const access = await checkAccess(request, url)
    if (access.ok) caller = access.caller
    else if (!judgesTokens(route, access.failure)) {
      return { response: refusal(access.failure, route.service), cors: true }
    }
  }
  const limited =
    route.bodyLimit === undefined
      ? { request, exceeded: () => false }
      : withBodyLimit(request, route.bodyLimit)
  if (limited === undefined) return { response: bodyTooLarge(route.bodyLimit ?? 0), cors: true }
  try {
    const response = await service.fetch(limited.request, { caller, path: route.path })
    if (!limited.exceeded()) return { response, cors: route.cors }
    await response.body?.cancel()
  } catch (error) {
    if (!limited.exceeded()) throw error
  }
  return { response: bodyTooLarge(route.bodyLimit ?? 0), cors: true }
}

/** Auth has its own answers to a bad user token, and gets to see it as an anonymous call. */
function judgesTokens(route: Route, failure: string): boolean {
  return route.service === 'auth' && ['malformed', 'expired', 'invalid'].includes(failure)
}

function handOver(
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  services: GatewayServices,
  logger: Logger,
): void {
  const socketService = pathOf(incoming) === REALTIME_SOCKET_PATH ? services.realtimeSocket : undefined
  if (socketService === undefined) {
    const known = pathOf(incoming) === REALTIME_SOCKET_PATH
    refuseUpgrade(socket, known ? '503 Service Unavailable' : '404 Not Found')
    return
  }
  try {
    socketService.upgrade(incoming, socket, head)
  } catch (error) {
    logger.error('realtime', 'an upgrade failed', { error })
    refuseUpgrade(socket, '500 Internal Server Error')
  }
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

/** Without the query, which may hold keys and tokens. */
function pathOf(incoming: IncomingMessage): string {
  return (incoming.url ?? '').split('?', 1)[0] ?? ''
}
