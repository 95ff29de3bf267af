/** A call for a transcription: a multipart form with the recording, as in OpenAI's API. */

import type { IncomingMessage } from 'node:http'
import * as v from 'valibot'
import type { AudioFacts } from '../../functions-shared/audio/audio-facts.ts'
import { readAudioFacts } from '../../functions-shared/audio/facts.ts'
import { type AudioType, detectFileType, isAudioType } from '../../functions-shared/file-type.ts'
import { RequestError } from './errors.ts'

export interface TranscriptionRequest {
  bytes: Uint8Array
  type: AudioType
  facts: AudioFacts
  model: string
  stream: boolean
  /** `verbose_json` instead of `json`. */
  verbose: boolean
}

/** OpenAI's limit for a recording, and room for the other fields of the form. */
const MAX_BYTES = 25 * 1024 * 1024
const MAX_BODY_BYTES = MAX_BYTES + 64 * 1024

const Fields = v.object({
  file: v.instance(File),
  model: v.string(),
  response_format: v.optional(v.string(), 'json'),
  stream: v.optional(v.string()),
})

/** @throws RequestError */
export async function readRecording(request: IncomingMessage): Promise<TranscriptionRequest> {
  const form = v.safeParse(Fields, Object.fromEntries(await readForm(request)))
  if (!form.success) throw new RequestError(400, 'missing_required_parameter')
  const { file, model, response_format: format, stream } = form.output
  if (format !== 'json' && format !== 'verbose_json') throw new RequestError(400, 'unsupported_value')
  if (file.size > MAX_BYTES) throw new RequestError(413, 'request_too_large')
  const bytes = new Uint8Array(await file.arrayBuffer())
  const type = detectFileType(bytes)
  const facts = isAudioType(type) ? readAudioFacts(bytes, type) : null
  if (!isAudioType(type) || facts === null) throw new RequestError(400, 'invalid_value')
  return { bytes, type, facts, model, verbose: format === 'verbose_json', stream: stream === 'true' }
}

async function readForm(request: IncomingMessage): Promise<FormData> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of request) {
    if (!(piece instanceof Uint8Array)) throw new RequestError(400, 'invalid_body')
    size += piece.length
    if (size > MAX_BODY_BYTES) throw new RequestError(413, 'request_too_large')
    pieces.push(piece)
  }
  const type = request.headers['content-type'] ?? ''
  if (!type.startsWith('multipart/form-data')) throw new RequestError(400, 'invalid_content_type')
  try {
    return await new Response(Buffer.concat(pieces), { headers: { 'content-type': type } }).formData()
  } catch (error) {
    if (error instanceof TypeError) throw new RequestError(400, 'invalid_body')
    throw error
  }
}
