/** Broadcasts over HTTP: several in one request, or one whose payload is the request's body. */

import { isRecord } from '../../functions-shared/unknown.ts'
import type { RealtimeContext } from './context.ts'
import { JOIN_REFUSAL } from './errors.ts'
import type { EventBudget } from './event-budgets.ts'
import { html, json } from './http-answers.ts'
import { parseBatch, TOO_LARGE } from './http-batch.ts'
import { broadcastPayload, jsonMessage, userBroadcastMessage } from './protocol/outgoing.ts'
import { parseJson, type UserBroadcast } from './protocol/serializer.ts'
import { EVENT } from './protocol/wire.ts'
import type { Claims } from './tokens.ts'

export interface BroadcastCaller {
  claims: Claims
  headers: Record<string, string>
  /** Pays for the caller's events. */
  budget: EventBudget
}

export async function broadcastBatch(
  context: RealtimeContext,
  request: Request,
  caller: BroadcastCaller,
): Promise<Response> {
  const body = await bodyOf(request)
  if (body instanceof Response) return body
  const batch = parseBatch(body, context.settings.maxPayloadKb * 1000)
  if (!batch.ok) return json(422, { errors: { messages: batch.errors } })
  const { messages } = batch
  const refusal =
    publicRefusal(
      context,
      messages.every((message) => message.private),
    ) ?? rateRefusal(context, caller, messages.length)
  if (refusal) return refusal
  const writable = new Map<string, Promise<boolean>>()
  for (const message of messages) {
    if (message.private) {
      const asked = writable.get(message.topic) ?? mayWrite(context, caller, message.topic)
      writable.set(message.topic, asked)
      // The real server leaves a refused message out and answers the same.
      if (!(await asked)) continue
    }
    const payload = JSON.stringify(message.payload)
    const meta = message.id === undefined ? undefined : JSON.stringify({ id: message.id })
    const content = broadcastPayload(message.event, payload, meta)
    caller.budget.rate.add()
    context.hub.broadcast(message, jsonMessage(message.topic, EVENT.broadcast, content), {
      budget: caller.budget,
      id: message.id,
    })
  }
  return new Response(null, { status: 202 })
}

export async function broadcastOne(
  context: RealtimeContext,
  request: Request,
  caller: BroadcastCaller,
  topic: string,
  event: string,
): Promise<Response> {
  const body = await singleBody(request)
  if (body instanceof Response) return body
  const isPrivate = new URL(request.url).searchParams.get('private') === 'true'
  if (body.payload.length > context.settings.maxPayloadKb * 1000) {
    return json(422, { errors: { payload: [TOO_LARGE] } })
  }
  const refusal = publicRefusal(context, isPrivate) ?? rateRefusal(context, caller, 1)
  if (refusal) return refusal
  if (isPrivate && !(await mayWrite(context, caller, topic))) return unauthorized(403)
  caller.budget.rate.add()
  const outgoing = userBroadcastMessage(topic, { ...body, event, metadata: '' })
  context.hub.broadcast({ topic, private: isPrivate }, outgoing, { budget: caller.budget })
  return new Response(null, { status: 202 })
}

export function unauthorized(status: 401 | 403): Response {
  return json(status, { message: 'Unauthorized' })
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
  return body instanceof Response ? body : { encoding: 'json', payload: Buffer.from(JSON.stringify(body)) }
}

/** As a Phoenix application reads it: an empty body is `{}`, JSON that is no object stands under `_json`. */
async function bodyOf(request: Request): Promise<Record<string, unknown> | Response> {
  if (contentType(request) !== 'application/json') return {}
  const text = await request.text()
  if (text === '') return {}
  const value = parseJson(text)
  if (value === undefined) return html(400, 'Bad Request')
  return isRecord(value) ? value : { _json: value }
}

/** A join of a public channel is refused with the same words. */
function publicRefusal({ settings }: RealtimeContext, isPrivate: boolean): Response | undefined {
  if (isPrivate || !settings.privateOnly || settings.publicBroadcasts === 'allow') return undefined
  return json(403, { message: JOIN_REFUSAL.privateOnly })
}

function rateRefusal(
  { settings, drops }: RealtimeContext,
  { budget }: BroadcastCaller,
  messages: number,
): Response | undefined {
  const { average } = budget.rate
  if (average + messages <= settings.maxEventsPerSecond) return undefined
  drops.note('caller_over_limit', undefined)
  return average > settings.maxEventsPerSecond
    ? json(429, { message: 'You have exceeded your rate limit' })
    : json(429, { message: 'Too many messages to broadcast, please reduce the batch size' })
}

async function mayWrite(
  context: RealtimeContext,
  { claims, headers }: BroadcastCaller,
  topic: string,
): Promise<boolean> {
  try {
    return await context.authorizer.mayWrite({ topic, claims, headers }, 'broadcast')
  } catch (error) {
    context.logger.warn('realtime', 'broadcast_not_authorized', { topic, error })
    return false
  }
}

function contentType(request: Request): string {
  return (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}
