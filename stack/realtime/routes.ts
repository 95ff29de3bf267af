/**
 * HTTP addresses of the Realtime service, behind the gateway's `/realtime/v1`.
 *
 *   GET  /websocket                                a WebSocket: handed over by the gateway, see `upgrade.ts`
 *   GET  /api/ping
 *   POST /api/broadcast                            several broadcasts
 *   POST /api/broadcast/<topic>/events/<event>     one broadcast
 */

import type { KeyReader } from './api-keys.ts'
import type { RealtimeContext } from './context.ts'
import { html, json } from './http-answers.ts'
import { type BroadcastCaller, broadcastBatch, broadcastOne, unauthorized } from './http-broadcast.ts'

const SOCKET_PATH = '/websocket'
const BATCH_PATH = '/api/broadcast'
const SINGLE_PATH = /^\/api\/broadcast\/([^/]+)\/events\/([^/]+)$/

const NOT_AN_UPGRADE = `'connection' header must contain 'upgrade', got ["keep-alive"]`

/** @param path as in the URL, still encoded: an encoded slash belongs to a topic */
export async function route(
  context: RealtimeContext,
  request: Request,
  path: string,
  keys: KeyReader,
): Promise<Response> {
  // As bytes, so that no content type is added.
  if (path.startsWith(SOCKET_PATH)) return new Response(Buffer.from(NOT_AN_UPGRADE), { status: 400 })
  if (request.method === 'GET' && path === '/api/ping') return json(200, { message: 'Success' })
  const single = SINGLE_PATH.exec(path)
  if (request.method !== 'POST' || (path !== BATCH_PATH && !single)) return html(404, 'Not Found')
  const caller = await callerOf(context, request, keys)
  if (caller instanceof Response) return caller
  const response = single
    ? await broadcastOne(context, request, caller, decoded(single[1]), decoded(single[2]))
    : await broadcastBatch(context, request, caller)
  const rolling = Math.ceil(caller.budget.rate.average)
  const { maxEventsPerSecond } = context.settings
  response.headers.set('x-rate-limit', String(maxEventsPerSecond))
  response.headers.set('x-rate-rolling', String(rolling))
  response.headers.set('x-rate-limit-remaining', String(Math.max(0, maxEventsPerSecond - rolling)))
  return response
}

/** @returns the caller, or the answer to a request without a valid token */
async function callerOf(
  context: RealtimeContext,
  request: Request,
  keys: KeyReader,
): Promise<BroadcastCaller | Response> {
  const token = tokenFrom(request.headers, keys)
  if (token === undefined) return unauthorized(401)
  if (token === null) return json(500, 'Internal Server Error')
  const check = await context.tokens.verify(token)
  if (!check.ok) return unauthorized(401)
  const { claims } = check
  return { claims, headers: Object.fromEntries(request.headers), budget: context.budgets.request(claims) }
}

/** @returns undefined without any key; null for headers that the real server fails on */
function tokenFrom(headers: Headers, keys: KeyReader): string | undefined | null {
  const authorization = headers.get('authorization')
  if (authorization !== null) {
    const bearer = /^bearer (.+)$/i.exec(authorization)
    return bearer?.[1] === undefined ? null : keys.tokenOf(bearer[1])
  }
  const key = headers.get('apikey') ?? headers.get('x-api-key')
  if (key === null) return undefined
  const token = keys.tokenOf(key)
  // The gateway turns keys of the new kind into a bearer token, but not the old ones.
  return token === key ? null : token
}

function decoded(segment: string | undefined): string {
  try {
    return decodeURIComponent(segment ?? '')
  } catch {
    return segment ?? ''
  }
}
