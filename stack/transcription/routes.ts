/**
 * Addresses of the simulator.
 *
 *   POST /v1/audio/transcriptions    as a stream, `json` or `verbose_json`; header `claimwire-simulated: true`
 *   GET  /v1/models                  the only model
 */

import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { RequestError } from './errors.ts'
import type { SimulatedCall, SimulatorFault } from './faults.ts'
import { readRecording, type TranscriptionRequest } from './request.ts'
import { transcribe } from './transcribe.ts'

export interface RouteOptions {
  key: string
  /** Milliseconds between two pieces of a stream. */
  paceMs: number
  /** Counts a call, and chooses its fault. */
  faultOf: (call: Omit<SimulatedCall, 'number'>) => SimulatorFault | undefined
}

export const MODEL = 'simulator'

/** @throws RequestError for a refused call, and AbortError when the caller closes the connection */
export async function route(
  request: IncomingMessage,
  response: ServerResponse,
  { key, paceMs, faultOf }: RouteOptions,
): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost')
  if (!isAuthorised(request, key)) throw new RequestError(401, 'invalid_api_key')
  const endpoint = `${request.method} ${pathname}`
  if (endpoint === 'GET /v1/models') {
    sendJson(response, { object: 'list', data: [{ id: MODEL, object: 'model', owned_by: 'claimwire' }] })
    return
  }
  if (endpoint !== 'POST /v1/audio/transcriptions') throw new RequestError(404, 'unknown_url')
  const call = await readRecording(request)
  const fault = faultOf({ bytes: call.bytes.length, model: call.model })
  if (fault?.kind === 'hang') return
  if (fault?.kind === 'status') {
    throw new RequestError(fault.status, fault.code ?? null, fault.retryAfterSeconds)
  }
  if (call.stream) await sendStream(response, call, paceMs, fault)
  else await sendWhole(response, call)
}

function isAuthorised(request: IncomingMessage, key: string): boolean {
  const given = Buffer.from(request.headers.authorization ?? '')
  const expected = Buffer.from(`Bearer ${key}`)
  return given.length === expected.length && timingSafeEqual(given, expected)
}

async function sendStream(
  response: ServerResponse,
  call: TranscriptionRequest,
  paceMs: number,
  fault: Extract<SimulatorFault, { after: number }> | undefined,
): Promise<void> {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'claimwire-simulated': 'true',
  })
  const closed = closedSignal(response)
  const send = (event: { type: string } & Record<string, unknown>) =>
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  let text = ''
  let sent = 0
  for await (const piece of transcribe(call, closed)) {
    if (fault !== undefined && sent >= fault.after) {
      if (fault.kind === 'cut') response.destroy()
      return
    }
    const delta = text === '' ? piece : ` ${piece}`
    text += delta
    sent += 1
    send({ type: 'transcript.text.delta', delta })
    await wait(paceMs, undefined, { signal: closed })
  }
  const { duration } = call.facts
  const usage = { type: 'duration', seconds: Math.ceil(duration) }
  send({ type: 'transcript.text.done', text, duration, usage })
  response.end()
}

async function sendWhole(response: ServerResponse, call: TranscriptionRequest): Promise<void> {
  const pieces: string[] = []
  for await (const piece of transcribe(call, closedSignal(response))) pieces.push(piece)
  const text = pieces.join(' ')
  // Language, words and segments are missing: the simulator recognises no speech.
  const verbose = { task: 'transcribe', duration: call.facts.duration, segments: [], words: [] }
  sendJson(response, call.verbose ? { ...verbose, text } : { text })
}

function sendJson(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json', 'claimwire-simulated': 'true' })
  response.end(JSON.stringify(body))
}

/** Aborts when the caller closes the connection. */
function closedSignal(response: ServerResponse): AbortSignal {
  const closed = new AbortController()
  response.once('close', () => closed.abort())
  return closed.signal
}
