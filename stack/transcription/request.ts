/** A call for a transcription: a multipart form with the recording, as OpenAI's API has it. */

import type { IncomingMessage } from 'node:http'
import { type AudioFacts, readAudioFacts } from '../../functions-shared/audio/facts.ts'
import { type AudioType, detectFileType, isAudioType } from '../../functions-shared/file-type.ts'

export interface TranscriptionRequest {
  bytes: Uint8Array
  type: AudioType
  facts: AudioFacts
  model: string
  stream: boolean
  /** `verbose_json` instead of `json`. */
  verbose: boolean
}

/** A refusal with OpenAI's status and code. */
export class RequestError extends Error {
  readonly status: number
  readonly code: string | null
  readonly retryAfterSeconds: number | undefined

  constructor(status: number, code: string | null, retryAfterSeconds?: number) {
    super(`${status} ${code ?? ''}`)
    this.status = status
    this.code = code
    this.retryAfterSeconds = retryAfterSeconds
  }
}

export function requestError(status: number, code: string): RequestError {
  return new RequestError(status, code)
}

/** OpenAI's limit, and room for the rest of the form. */
const MAX_BYTES = 25 * 1024 * 1024
const MAX_BODY_BYTES = MAX_BYTES + 64 * 1024
const FORMATS = ['json', 'verbose_json']

/** @throws RequestError */
export async function readRecording(request: IncomingMessage): Promise<TranscriptionRequest> {
  const form = await readForm(request)
  const file = form.get('file')
  const model = form.get('model')
  const format = form.get('response_format') ?? 'json'
  if (!(file instanceof File) || typeof model !== 'string' || typeof format !== 'string') {
    throw requestError(400, 'missing_required_parameter')
  }
  if (!FORMATS.includes(format)) throw requestError(400, 'unsupported_value')
  if (file.size > MAX_BYTES) throw requestError(413, 'request_too_large')
  const bytes = new Uint8Array(await file.arrayBuffer())
  const type = detectFileType(bytes)
  const facts = isAudioType(type) ? readAudioFacts(bytes, type) : null
  if (!isAudioType(type) || facts === null) throw requestError(400, 'invalid_value')
  return {
    bytes,
    type,
    facts,
    model,
    verbose: format === 'verbose_json',
    stream: form.get('stream') === 'true',
  }
}

async function readForm(request: IncomingMessage): Promise<FormData> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of request) {
    if (!(piece instanceof Uint8Array)) throw requestError(400, 'invalid_body')
    size += piece.length
    if (size > MAX_BODY_BYTES) throw requestError(413, 'request_too_large')
    pieces.push(piece)
  }
  const type = request.headers['content-type'] ?? ''
  if (!type.startsWith('multipart/form-data')) throw requestError(400, 'invalid_content_type')
  try {
    return await new Response(Buffer.concat(pieces), { headers: { 'content-type': type } }).formData()
  } catch (error) {
    if (error instanceof TypeError) throw requestError(400, 'invalid_body')
    throw error
  }
}
