/**
 * Broadcast over HTTP.
 *
 *   POST /api/broadcast                          {"messages":[{topic, event, payload, private?, id?}]}
 *   POST /api/broadcast/<topic>/events/<event>   the payload as JSON or bytes; ?private=true
 */

import type { RealtimeContext } from './context.ts'
import { parseBatch } from './http-batch.ts'
import { broadcastPayload, jsonMessage, userBroadcastMessage } from './protocol/outgoing.ts'
import { isRecord, parseJson, type UserBroadcast } from './protocol/serializer.ts'
import { EVENT } from './protocol/wire.ts'
import type { Claims } from './tokens.ts'

interface Caller {
  claims: Claims
  headers: Record<string, string>
}

const BATCH_PATH = '/api/broadcast'
const SINGLE_PATH = /^\/api\/broadcast\/([^/]+)\/events\/([^/]+)$/

/** @param path raw, as in the URL, without the service's prefix @param tokenOf what an API key stands for */
export async function handleHttp(
  context: RealtimeContext,
  request: Request,
  path: string,
  tokenOf: (key: string) => string,
): Promise<Response> {
  if (request.method === 'GET' && path === '/api/ping') return json(200, { message: 'Success' })
  const single = SINGLE_PATH.exec(path)
  if (request.method !== 'POST' || (path !== BATCH_PATH && !single)) return html(404, 'Not Found')
  const token = tokenFrom(request.headers, tokenOf)
  if (token === undefined) return unauthorized(401)
  if (token === null) return json(500, 'Internal Server Error')
  const check = await context.tokens.verify(token)
  if (!check.ok) return unauthorized(401)
  const caller = { claims: check.claims, headers: Object.fromEntries(request.headers) }
  const response = single
    ? await broadcastOne(context, request, caller, segment(single[1]), segment(single[2]))
    : await broadcastBatch(context, request, caller)
  const rolling = Math.ceil(context.rates.events.average)
  const { maxEventsPerSecond } = context.settings
  response.headers.set('x-rate-limit', String(maxEventsPerSecond))
  response.headers.set('x-rate-rolling', String(rolling))
  response.headers.set('x-rate-limit-remaining', String(Math.max(0, maxEventsPerSecond - rolling)))
  return response
}

async function broadcastBatch(context: RealtimeContext, request: Request, caller: Caller): Promise<Response> {
  const body = await bodyOf(request)
  if (!body.ok) return body.response
  const batch = parseBatch(body.value, context.settings.maxPayloadKb * 1000)
  if (!batch.ok) return json(422, { errors: { messages: batch.errors } })
  const { messages } = batch
  const tooMany = rateRefusal(context, messages.length)
  if (tooMany) return tooMany
  const writable = new Map<string, Promise<boolean>>()
  for (const message of messages) {
    if (message.private) {
      const asked = writable.get(message.topic) ?? mayWrite(context, caller, message.topic)
      writable.set(message.topic, asked)
      // A refused message is left out in silence: the answer is the same.
      if (!(await asked)) continue
    }
    const payload = JSON.stringify(message.payload)
    const meta = message.id === undefined ? undefined : JSON.stringify({ id: message.id })
    const outgoing = jsonMessage(
      message.topic,
      EVENT.broadcast,
      broadcastPayload(message.event, payload, meta),
    )
    context.rates.events.add()
    context.hub.broadcast(message, outgoing, message.id === undefined ? {} : { id: message.id })
  }
  return new Response(null, { status: 202 })
}

async function broadcastOne(
  context: RealtimeContext,
  request: Request,
  caller: Caller,
  topic: string,
  event: string,
): Promise<Response> {
  const body = await singleBody(request)
  if (body instanceof Response) return body
  const isPrivate = new URL(request.url).searchParams.get('private') === 'true'
  if (body.payload.length > context.settings.maxPayloadKb * 1000) {
    return json(422, { errors: { payload: ['Payload size exceeds tenant limit'] } })
  }
  const tooMany = rateRefusal(context, 1)
  if (tooMany) return tooMany
  if (isPrivate && !(await mayWrite(context, caller, topic))) return unauthorized(403)
  context.rates.events.add()
  context.hub.broadcast(
    { topic, private: isPrivate },
    userBroadcastMessage(topic, { ...body, event, metadata: '' }),
  )
  return new Response(null, { status: 202 })
}

async function singleBody(request: Request): Promise<Pick<UserBroadcast, 'encoding' | 'payload'> | Response> {
  const type = contentType(request)
  if (type === 'application/octet-stream') {
    return { encoding: 'binary', payload: Buffer.from(await request.arrayBuffer()) }
  }
  if (type !== 'application/json') {
    return json(415, { error: 'Unsupported Media Type. Use application/json or application/octet-stream' })
  }
  const body = await bodyOf(request)
  if (!body.ok) return body.response
  return { encoding: 'json', payload: Buffer.from(JSON.stringify(body.value)) }
}

type Body = { ok: true; value: Record<string, unknown> } | { ok: false; response: Response }

/** Like a Phoenix application reads it: no body is `{}`, anything but an object stands under `_json`. */
async function bodyOf(request: Request): Promise<Body> {
  if (contentType(request) !== 'application/json') return { ok: true, value: {} }
  const text = await request.text()
  if (text === '') return { ok: true, value: {} }
  const value = parseJson(text)
  if (value === undefined) return { ok: false, response: html(400, 'Bad Request') }
  return { ok: true, value: isRecord(value) ? value : { _json: value } }
}

function rateRefusal(context: RealtimeContext, messages: number): Response | undefined {
  const { average } = context.rates.events
  const { maxEventsPerSecond } = context.settings
  if (average > maxEventsPerSecond) return json(429, { message: 'You have exceeded your rate limit' })
  if (average + messages > maxEventsPerSecond) {
    return json(429, { message: 'Too many messages to broadcast, please reduce the batch size' })
  }
  return undefined
}

async function mayWrite(context: RealtimeContext, caller: Caller, topic: string): Promise<boolean> {
  try {
    return await context.authorizer.mayWrite({ topic, ...caller }, 'broadcast')
  } catch (error) {
    context.logger.warn('realtime', 'A broadcast could not be authorized', { error })
    return false
  }
}

/** @returns undefined without any key; null for headers that the real server fails on. */
function tokenFrom(headers: Headers, tokenOf: (key: string) => string): string | undefined | null {
  const authorization = headers.get('authorization')
  if (authorization !== null) {
    const bearer = /^bearer (.+)$/i.exec(authorization)
    return bearer?.[1] === undefined ? null : tokenOf(bearer[1])
  }
  const key = headers.get('apikey') ?? headers.get('x-api-key')
  if (key === null) return undefined
  const token = tokenOf(key)
  // The gateway turns keys of the new kind into a bearer token, but not the old ones.
  return token === key ? null : token
}

function contentType(request: Request): string {
  return (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}

function segment(raw: string | undefined): string {
  try {
    return decodeURIComponent(raw ?? '')
  } catch {
    return raw ?? ''
  }
}

function unauthorized(status: 401 | 403): Response {
  return json(status, { message: 'Unauthorized' })
}

function html(status: number, body: string): Response {
  return new Response(body, { status, headers: { 'content-type': 'text/html; charset=utf-8' } })
}

function json(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8' },
  })
}
