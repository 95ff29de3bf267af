/**
 * Stands in for a transcription service where none is configured: the same HTTP API as OpenAI's, reached by the same
 * code over the same network. It recognises nothing and never pretends to; it measures the recording and says so.
 *
 *   POST /v1/audio/transcriptions    as a stream, `json` or `verbose_json`; header `claimwire-simulated: true`
 *   GET  /v1/models                  the one model
 *
 * Tests make it fail like a real one, by `faults`.
 */

import { randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from '../types.ts'
import { RequestError, readRecording, requestError, type TranscriptionRequest } from './request.ts'
import { transcribe } from './transcribe.ts'

export interface SimulatorOptions {
  logger: Logger
  /** Milliseconds between two pieces of a stream, so that people see it grow. Default 250. */
  paceMs?: number
  /** What goes wrong with a call; asked once a call. Default: nothing. */
  faults?: (call: SimulatedCall) => SimulatorFault | undefined
}

export interface SimulatedCall {
  /** From 1. */
  number: number
  /** Of the recording. */
  bytes: number
  model: string
}

export type SimulatorFault =
  /** An answer in OpenAI's form; `code` is the error's, e.g. `insufficient_quota`. */
  | { kind: 'status'; status: number; retryAfterSeconds?: number; code?: string }
  /** No answer at all. */
  | { kind: 'hang' }
  /** The stream goes silent after so many pieces. */
  | { kind: 'stall'; after: number }
  /** The connection breaks after so many pieces. */
  | { kind: 'cut'; after: number }

export interface TranscriptionSimulator extends AsyncDisposable {
  /** What a function needs in its environment to use it. */
  readonly env: Readonly<Record<string, string>>
  /** Calls so far, those that failed included. */
  readonly calls: number
}

const MODEL = 'simulator'
const PATH = '/v1/audio/transcriptions'
const DEFAULT_PACE_MS = 250

export async function startTranscriptionSimulator(
  options: SimulatorOptions,
): Promise<TranscriptionSimulator> {
  const key = `simulator-${randomBytes(16).toString('hex')}`
  let calls = 0
  const server = createServer((request, response) => {
    answer(request, response, key, options, () => (calls += 1)).catch((error: unknown) => {
      if (!response.destroyed) refuse(response, error)
      if (!(error instanceof RequestError) && !isGone(error)) {
        options.logger.error('transcription', 'the simulator failed', { error: String(error) })
      }
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the simulator has no port')
  return {
    env: {
      TRANSCRIPTION_BASE_URL: `http://127.0.0.1:${address.port}/v1`,
      TRANSCRIPTION_API_KEY: key,
      TRANSCRIPTION_MODEL: MODEL,
    },
    get calls() {
      return calls
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  key: string,
  options: SimulatorOptions,
  count: () => number,
): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost')
  if (!isAuthorised(request, key)) throw requestError(401, 'invalid_api_key')
  if (request.method === 'GET' && pathname === '/v1/models') {
    sendJson(response, { object: 'list', data: [{ id: MODEL, object: 'model', owned_by: 'claimwire' }] })
    return
  }
  if (request.method !== 'POST' || pathname !== PATH) throw requestError(404, 'unknown_url')
  const call = await readRecording(request)
  const fault = options.faults?.({ number: count(), bytes: call.bytes.length, model: call.model })
  if (fault?.kind === 'hang') return
  if (fault?.kind === 'status')
    throw new RequestError(fault.status, fault.code ?? null, fault.retryAfterSeconds)
  if (call.stream) await sendStream(response, call, options.paceMs ?? DEFAULT_PACE_MS, fault)
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
  const gone = goneSignal(response)
  const send = (event: { type: string } & Record<string, unknown>) =>
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  let text = ''
  let sent = 0
  for await (const piece of transcribe(call, gone)) {
    if (fault !== undefined && sent >= fault.after) {
      if (fault.kind === 'cut') response.destroy()
      return
    }
    const delta = text === '' ? piece : ` ${piece}`
    text += delta
    sent += 1
    send({ type: 'transcript.text.delta', delta })
    await wait(paceMs, undefined, { signal: gone })
  }
  const { duration } = call.facts
  send({
    type: 'transcript.text.done',
    text,
    duration,
    usage: { type: 'duration', seconds: Math.ceil(duration) },
  })
  response.end()
}

async function sendWhole(response: ServerResponse, call: TranscriptionRequest): Promise<void> {
  const pieces: string[] = []
  for await (const piece of transcribe(call, goneSignal(response))) pieces.push(piece)
  const text = pieces.join(' ')
  // No language, words or segments: nothing was recognised.
  const verbose = { task: 'transcribe', duration: call.facts.duration, segments: [], words: [] }
  sendJson(response, call.verbose ? { ...verbose, text } : { text })
}

function sendJson(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json', 'claimwire-simulated': 'true' })
  response.end(JSON.stringify(body))
}

function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const { status, code, retryAfterSeconds } =
    error instanceof RequestError ? error : new RequestError(500, 'server_error')
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
  })
  response.end(
    JSON.stringify({ error: { message: `The simulator answers ${status}.`, type: code, param: null, code } }),
  )
}

/** Aborts when whoever asked hangs up. */
function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  return gone.signal
}

/** Whoever asked has hung up. */
function isGone(error: unknown): boolean {
  return (
    error instanceof Error && (error.name === 'AbortError' || Reflect.get(error, 'code') === 'ECONNRESET')
  )
}
