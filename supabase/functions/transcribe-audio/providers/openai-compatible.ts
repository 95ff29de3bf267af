/**
 * Services with OpenAI's API for transcriptions: OpenAI itself and compatible ones.
 *
 *   POST <base>/audio/transcriptions   multipart/form-data
 *     ◀── text/event-stream            transcript.text.delta …, transcript.text.done
 *     ◀── application/json             where the model or the service does not stream (whisper-1)
 *
 * A service that cannot stream ignores the request for a stream, so the content type of the answer decides how it is
 * read.
 */

import { AppError } from '../../../../functions-shared/app-error.ts'
import { readAll } from '../../_shared/byte-streams.ts'
import { boundedFetch } from '../../_shared/outgoing.ts'
import { createWatchdog, type Watchdog } from '../../_shared/watchdog.ts'
import { parseAnswer, parseEvent, parseJson } from './openai/answer.ts'
import { failureOf, streamFailure } from './openai/failure.ts'
import { type Body, multipart } from './openai/multipart.ts'
import { readEvents } from './openai/sse.ts'
import type { Recording, Segment, TranscribeOptions, Transcript, TranscriptionProvider } from './provider.ts'

export interface OpenAiCompatibleOptions {
  /** Up to and with the version, e.g. `https://api.openai.com/v1`. */
  baseUrl: URL
  apiKey: string
  model: string
  /** `json`: the text alone, the only format of gpt-4o-transcribe. `verbose_json`: with times and language. */
  responseFormat: ResponseFormat
  stream: boolean
  /** Language of the speech (ISO 639-1). Default: the service detects it. */
  language?: string | undefined
  maxBytes: number
  limits: ProviderLimits
  /** Default: the platform's. */
  fetch?: typeof fetch
  /** Milliseconds since the epoch. */
  now?: () => number
}

export const RESPONSE_FORMATS = ['json', 'verbose_json'] as const
export type ResponseFormat = (typeof RESPONSE_FORMATS)[number]

export interface ProviderLimits {
  /** Milliseconds for the whole call. */
  totalMs: number
  /** Milliseconds between two chunks of a stream. */
  stallMs: number
}

export const NAME = 'openai-compatible'
/** Header of a stand-in that recognises nothing, so that its text is not taken for a transcript. */
const SIMULATED_HEADER = 'claimwire-simulated'
/** Status of a service that refuses chunked bodies: it gets the recording whole, with its length. */
const LENGTH_REQUIRED = 411
/** Bytes of an answer, also of all events of a stream. The words of a day of speech take a tenth of this. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024
const MAX_REFUSAL_BYTES = 64 * 1024

export function createOpenAiCompatible(options: OpenAiCompatibleOptions): TranscriptionProvider {
  const send = boundedFetch({
    maxBytes: MAX_ANSWER_BYTES,
    refusal: 'provider_answer_invalid',
    fetch: options.fetch,
  })
  return {
    name: NAME,
    model: options.model,
    limits: { maxBytes: options.maxBytes },
    async transcribe(recording, { signal, onText }) {
      using watchdog = createWatchdog(options.limits.totalMs, signal, 'provider_timeout')
      const reading = new AbortController()
      try {
        const response = await post(recording, watchdog.signal, reading.signal, { ...options, fetch: send })
        if (!response.ok) throw await refusal(response, options)
        const simulated = response.headers.get(SIMULATED_HEADER) === 'true'
        const answer = isStream(response)
          ? await readStream(response, watchdog, options.limits.stallMs, onText)
          : parseAnswer(parseJson(await readText(response, MAX_ANSWER_BYTES)))
        return { ...answer, simulated }
      } catch (error) {
        // An aborted request throws its own error, which hides why it was aborted.
        watchdog.signal.throwIfAborted()
        throw error instanceof AppError ? error : new AppError('provider_unavailable', { cause: error })
      } finally {
        // A service that answers early has not read the whole recording.
        reading.abort()
      }
    },
  }
}

/** The format for a model, by its name: `json` for models that give no times. */
export function responseFormatFor(model: string): ResponseFormat {
  return /^gpt-|transcribe/i.test(model) ? 'json' : 'verbose_json'
}

type PostOptions = OpenAiCompatibleOptions & { fetch: typeof fetch }

async function post(
  recording: Recording,
  signal: AbortSignal,
  reading: AbortSignal,
  { baseUrl, apiKey, model, responseFormat, stream, language, fetch: send }: PostOptions,
): Promise<Response> {
  const fields: [string, string][] = [
    ['model', model],
    ['response_format', responseFormat],
  ]
  if (language !== undefined) fields.push(['language', language])
  if (stream) fields.push(['stream', 'true'])
  if (responseFormat === 'verbose_json') {
    for (const granularity of ['word', 'segment']) fields.push(['timestamp_granularities[]', granularity])
  }
  const request = async ({ body, contentType }: Body) =>
    await send(new URL('audio/transcriptions', withSlash(baseUrl)), {
      method: 'POST',
      headers: {
        authorization: `Bearer ${apiKey}`,
        accept: 'text/event-stream, application/json',
        ...(contentType !== undefined && { 'content-type': contentType }),
      },
      body,
      signal,
      // The key is for this address only. The operator has to change the address of an API that has moved.
      redirect: 'manual',
    })
  const either = AbortSignal.any([signal, reading])
  const { content, size } = recording
  const answer = await request(await bodyOf(recording, fields, either))
  if (answer.status !== LENGTH_REQUIRED || content instanceof Uint8Array) return answer
  await answer.body?.cancel()
  const whole = await readAll(await content(either), {
    maxBytes: size,
    tooLarge: 'storage_unavailable',
    expectedBytes: size,
  })
  return await request(await bodyOf({ ...recording, content: whole }, fields, either))
}

/** A recording in memory is sent with its length, a large one in chunks as it arrives from Storage. */
async function bodyOf(
  { content, contentType, extension }: Recording,
  fields: readonly (readonly [string, string])[],
  signal: AbortSignal,
): Promise<Body> {
  const name = `recording.${extension}`
  if (!(content instanceof Uint8Array)) {
    return multipart({ name, contentType, stream: await content(signal) }, fields)
  }
  const form = new FormData()
  form.set('file', new Blob([content], { type: contentType }), name)
  for (const [field, text] of fields) form.append(field, text)
  return { body: form }
}

function withSlash(base: URL): URL {
  return base.pathname.endsWith('/') ? base : new URL(`${base.pathname}/`, base)
}

function isStream(response: Response): boolean {
  return /^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '')
}

async function refusal(response: Response, { now = Date.now }: OpenAiCompatibleOptions): Promise<AppError> {
  const text = await readText(response, MAX_REFUSAL_BYTES)
  const isJson = /\bjson\b/i.test(response.headers.get('content-type') ?? '')
  let body: unknown
  try {
    body = isJson ? JSON.parse(text) : undefined
  } catch (error) {
    // A gateway's web page that is announced as JSON. The status decides.
    if (!(error instanceof SyntaxError)) throw error
  }
  return failureOf(response.status, body, response.headers, now())
}

async function readStream(
  response: Response,
  watchdog: Watchdog,
  stallMs: number,
  onText: TranscribeOptions['onText'],
): Promise<Omit<Transcript, 'simulated'>> {
  const segments: Segment[] = []
  let text = ''
  for await (const event of readEvents(lively(response.body ?? [], watchdog, stallMs))) {
    const parsed = parseEvent(event)
    if (parsed.kind === 'delta') {
      text += parsed.text
      onText(text)
    } else if (parsed.kind === 'segment') {
      segments.push(parsed.segment)
    } else if (parsed.kind === 'done') {
      return {
        ...parsed.answer,
        segments: parsed.answer.segments.length > 0 ? parsed.answer.segments : segments,
      }
    } else if (parsed.kind === 'error') {
      throw streamFailure(parsed.error)
    } else if (parsed.kind === 'end') {
      break
    }
  }
  // Half a transcript must not be taken for a whole one.
  throw new AppError('provider_unavailable', { cause: new Error('the stream ended before its last event') })
}

/** The chunks of the body. Each is due within `stallMs` of the one before. */
async function* lively(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  watchdog: Watchdog,
  stallMs: number,
): AsyncGenerator<Uint8Array> {
  watchdog.expectWithin(stallMs)
  for await (const chunk of body) {
    watchdog.expectWithin(stallMs)
    yield chunk
  }
}

/** @throws AppError `provider_answer_invalid` above `maxBytes` */
async function readText(response: Response, maxBytes: number): Promise<string> {
  const bytes = await readAll(response.body ?? [], { maxBytes, tooLarge: 'provider_answer_invalid' })
  return new TextDecoder().decode(bytes)
}
