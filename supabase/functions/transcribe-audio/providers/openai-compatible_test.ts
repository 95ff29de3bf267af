import { AppError } from '../../../../functions-shared/app-error.ts'
import type { ErrorCode } from '../../../../functions-shared/error-codes.ts'
import { assert, assertEquals } from '../../_shared/testing/asserts.ts'
import { assertCode } from '../../_shared/testing/errors.ts'
import { send, serveRaw, untilClosed } from '../../_shared/testing/http-server.ts'
import { readNote, recording } from '../testing/recordings.ts'
import { type Asked, delta, done, eventStream, serveTranscriptions } from '../testing/service.ts'
import {
  createOpenAiCompatible,
  type OpenAiCompatibleOptions,
  responseFormatFor,
} from './openai-compatible.ts'

const NOTE = recording('voice-note.ogg', 'ogg')
const LONG = { totalMs: 30_000, stallMs: 30_000 }

function provider(origin: string, options: Partial<OpenAiCompatibleOptions> = {}) {
  return createOpenAiCompatible({
    baseUrl: new URL(`${origin}/v1`),
    apiKey: 'sk-test',
    model: 'whisper-1',
    responseFormat: 'verbose_json',
    stream: true,
    maxBytes: 25 * 1024 * 1024,
    limits: LONG,
    ...options,
  })
}

async function transcribe(
  answer: (asked: Asked, number: number, headers: Headers) => Response | Promise<Response>,
  options: Partial<OpenAiCompatibleOptions> = {},
  note = NOTE,
) {
  await using service = serveTranscriptions(answer)
  const texts: string[] = []
  const transcript = await provider(service.origin, options).transcribe(note, {
    signal: new AbortController().signal,
    onText: (soFar) => texts.push(soFar),
  })
  return { transcript, texts, asked: service.asked }
}

const json = (body: unknown, init: ResponseInit = {}) => Response.json(body, init)

Deno.test('a recording is sent as a form, under a file name that the provider chooses', async () => {
  const { asked } = await transcribe(() => json({ text: 'x' }), { language: 'de' })
  assertEquals(asked.length, 1)
  const [call] = asked
  assertEquals([call?.path, call?.authorization], ['/v1/audio/transcriptions', 'Bearer sk-test'])
  assertEquals([call?.file?.name, call?.file?.type], ['recording.ogg', 'audio/ogg'])
  assertEquals(call?.file?.bytes, readNote('voice-note.ogg'))
  assertEquals(call?.fields, {
    model: ['whisper-1'],
    response_format: ['verbose_json'],
    language: ['de'],
    stream: ['true'],
    'timestamp_granularities[]': ['word', 'segment'],
  })
})

Deno.test('a recording from Storage is sent as the same form in chunks, and its stream is cancelled when the service refuses', async () => {
  const pieces = [readNote('voice-note.ogg').slice(0, 1000), readNote('voice-note.ogg').slice(1000)]
  const released = Promise.withResolvers<void>()
  const streamed = (end: boolean) => ({
    ...NOTE,
    content: (signal: AbortSignal) =>
      Promise.resolve(
        new ReadableStream<Uint8Array>({
          start(controller) {
            for (const piece of pieces) controller.enqueue(piece)
            if (end) controller.close()
            else signal.addEventListener('abort', () => released.resolve())
          },
        }),
      ),
  })
  const whole = await transcribe(() => json({ text: 'x' }), { language: 'de' })
  const { asked } = await transcribe(() => json({ text: 'x' }), { language: 'de' }, streamed(true))
  assertEquals(asked, whole.asked)

  await using busy = serveRaw({
    answer: async (connection) => {
      await send(
        connection,
        'HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\nconnection: close\r\n\r\n',
      )
      await untilClosed(connection)
    },
  })
  await assertCode(
    provider(busy.origin).transcribe(streamed(false), {
      signal: new AbortController().signal,
      onText: () => undefined,
    }),
    'provider_rate_limited',
  )
  await released.promise
})

Deno.test('a model without times is asked for json', async () => {
  const { asked } = await transcribe(() => json({ text: 'x' }), {
    model: 'gpt-4o-transcribe',
    responseFormat: 'json',
    stream: false,
  })
  assertEquals(asked[0]?.fields, { model: ['gpt-4o-transcribe'], response_format: ['json'] })
})

for (const [model, format] of [
  ['whisper-1', 'verbose_json'],
  ['whisper-large-v3', 'verbose_json'],
  ['gpt-4o-transcribe', 'json'],
  ['gpt-4o-mini-transcribe', 'json'],
  ['simulator', 'verbose_json'],
] as const) {
  Deno.test(`the response format of ${model} is ${format}`, () =>
    assertEquals(responseFormatFor(model), format))
}

Deno.test('a service that answers 411 gets the whole recording with its length', async () => {
  const bytes = readNote('voice-note.ogg')
  let opened = 0
  const streamed = {
    ...NOTE,
    content: () => {
      opened += 1
      return Promise.resolve(ReadableStream.from([bytes.slice(0, 1000), bytes.slice(1000)]))
    },
  }
  const { transcript, asked } = await transcribe(
    (_asked, _number, headers) =>
      headers.has('content-length') ? json({ text: 'x' }) : new Response(null, { status: 411 }),
    {},
    streamed,
  )
  assertEquals([transcript.text, opened], ['x', 2])
  assertEquals(
    asked.map(({ file }) => file?.bytes),
    [bytes, bytes],
  )
})

Deno.test('an answer in JSON gives text, language, duration, segments and words', async () => {
  const { transcript, texts } = await transcribe(() =>
    json({
      ...{ task: 'transcribe', language: 'english', duration: 7.94, text: ' A grey van hit my car. ' },
      segments: [
        { id: 0, start: 0, end: 2.34567, text: ' A grey van hit my car.', tokens: [1] },
        { id: 1, start: 3 },
      ],
      words: [
        { word: 'A', start: 0.1, end: 0.2 },
        { word: ' grey', start: 0.2, end: 0.1 },
        { word: 7, start: 1, end: 2 },
        null,
      ],
    }),
  )
  assertEquals(texts, [])
  assertEquals(transcript, {
    text: 'A grey van hit my car.',
    language: 'en',
    duration: 7.94,
    segments: [{ start: 0, end: 2.346, text: 'A grey van hit my car.' }],
    words: [
      { word: 'A', start: 0.1, end: 0.2 },
      { word: 'grey', start: 0.2, end: 0.2 },
    ],
    simulated: false,
  })
})

Deno.test('an answer with only a text is accepted', async () => {
  const { transcript } = await transcribe(() => json({ text: '', usage: { type: 'duration', seconds: 8 } }))
  const nothing = { language: null, segments: [], words: [], simulated: false }
  assertEquals(transcript, { text: '', duration: 8, ...nothing })
})

Deno.test('a stream reports the text while it grows, and its last event has the whole text', async () => {
  const { transcript, texts } = await transcribe(() =>
    eventStream([
      delta('A grey'),
      { type: 'something.new', value: 1 },
      delta(' vän'),
      { type: 'transcript.text.segment', id: 's1', start: 0, end: 2, text: 'A grey van.', speaker: 'A' },
      done('A grey van.', { language: 'en', duration: 7.94 }),
      delta('after the end'),
    ]),
  )
  assertEquals(texts, ['A grey', 'A grey vän'])
  assertEquals([transcript.text, transcript.language, transcript.duration], ['A grey van.', 'en', 7.94])
  assertEquals(transcript.segments, [{ start: 0, end: 2, text: 'A grey van.' }])
})

Deno.test('events whose type is only in the event line are read', async () => {
  const body =
    'event: transcript.text.delta\ndata: {"delta":"A"}\n\nevent: transcript.text.done\ndata: {"text":"A"}\n\n'
  const { transcript, texts } = await transcribe(
    () => new Response(body, { headers: { 'content-type': 'text/event-stream' } }),
  )
  assertEquals([texts, transcript.text], [['A'], 'A'])
})

Deno.test('an answer is simulated by its header, not by its text', async () => {
  const headers = { 'claimwire-simulated': 'true' }
  assertEquals((await transcribe(() => json({ text: 'x' }, { headers }))).transcript.simulated, true)
  assertEquals((await transcribe(() => json({ text: 'Simulated' }))).transcript.simulated, false)
})

const page = new Response('<h1>Bad gateway</h1>', { status: 502, headers: { 'content-type': 'text/html' } })
const refusals: readonly [string, () => Response, ErrorCode][] = [
  ['a wrong key', () => json({ error: { code: 'invalid_api_key' } }, { status: 401 }), 'provider_refused'],
  ['a failure', () => json({ error: { type: 'server_error' } }, { status: 500 }), 'provider_unavailable'],
  ['a page of a gateway', () => page.clone(), 'provider_unavailable'],
  [
    'broken JSON with a status',
    () => new Response('{', { status: 503, headers: { 'content-type': 'application/json' } }),
    'provider_unavailable',
  ],
  [
    'an address that has moved',
    () => Response.redirect('http://127.0.0.1:9/elsewhere', 307),
    'provider_refused',
  ],
  ['broken JSON', () => new Response('{"text": "A'), 'provider_answer_invalid'],
  ['JSON without a text', () => json({ ok: true }), 'provider_answer_invalid'],
  ['a web page', () => new Response('<h1>Welcome</h1>'), 'provider_answer_invalid'],
  [
    'an event that is no JSON',
    () => new Response('data: {"type"\n\n', { headers: { 'content-type': 'text/event-stream' } }),
    'provider_answer_invalid',
  ],
  ['a piece without text', () => eventStream([{ type: 'transcript.text.delta' }]), 'provider_answer_invalid'],
  ['a stream without its last event', () => eventStream([delta('A grey')]), 'provider_unavailable'],
  [
    'a stream that is done with nothing',
    () => new Response('data: [DONE]\n\n', { headers: { 'content-type': 'text/event-stream' } }),
    'provider_unavailable',
  ],
  [
    'an error in a stream',
    () => eventStream([delta('A'), { type: 'error', error: { code: 'rate_limit_exceeded' } }]),
    'provider_rate_limited',
  ],
  [
    'an error in a stream, as older services send it',
    () => eventStream([{ error: { type: 'server_error' } }]),
    'provider_unavailable',
  ],
]
for (const [name, answer, code] of refusals) {
  Deno.test(`${name}: ${code}`, () => assertCode(transcribe(answer), code))
}

Deno.test('the error has the delay that the service asks for', async () => {
  const busy = () =>
    json({ error: { code: 'rate_limit_exceeded' } }, { status: 429, headers: { 'retry-after': '20' } })
  const error: unknown = await transcribe(busy).catch((error: unknown) => error)
  assert(error instanceof AppError && error.code === 'provider_rate_limited')
  assertEquals(error.details, { retryAfterMs: 20_000 })
})

Deno.test('an unreachable service gives provider_unavailable', async () => {
  let origin = ''
  {
    await using service = serveTranscriptions(() => json({}))
    origin = service.origin
  }
  const { signal } = new AbortController()
  await assertCode(
    provider(origin).transcribe(NOTE, { signal, onText: () => undefined }),
    'provider_unavailable',
  )
})

/** A server that sends this text and then keeps the connection open. */
async function silent(
  said: string,
  options: Partial<OpenAiCompatibleOptions>,
  abort?: (why: AbortController) => void,
) {
  await using server = serveRaw({
    answer: async (connection) => {
      if (said !== '') await send(connection, said)
      abort?.(lease)
      await untilClosed(connection)
    },
  })
  const lease = new AbortController()
  await provider(server.origin, options).transcribe(NOTE, { signal: lease.signal, onText: () => undefined })
}

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`
const BEGUN = HEAD + chunk('data: {"type":"transcript.text.delta","delta":"A"}\n\n')

Deno.test('a service that does not answer gives provider_timeout', () =>
  assertCode(silent('', { limits: { totalMs: 50, stallMs: 50 } }), 'provider_timeout'))

Deno.test('a stream that falls silent gives provider_timeout', () =>
  assertCode(silent(BEGUN, { limits: { totalMs: 30_000, stallMs: 50 } }), 'provider_timeout'))

Deno.test('a long stream that keeps sending is read to its end', async () => {
  await using server = serveRaw({
    answer: async (connection) => {
      await send(connection, BEGUN)
      for (let beats = 0; beats < 12; beats += 1) {
        await new Promise((resolve) => setTimeout(resolve, 100))
        await send(connection, chunk(': still there\n\n'))
      }
      await send(connection, chunk('data: {"type":"transcript.text.done","text":"A"}\n\n'))
    },
  })
  const patient = provider(server.origin, { limits: { totalMs: 30_000, stallMs: 1000 } })
  const { signal } = new AbortController()
  assertEquals((await patient.transcribe(NOTE, { signal, onText: () => undefined })).text, 'A')
})

Deno.test('a stream without an end gives provider_timeout', async () => {
  await using service = serveTranscriptions(() => {
    let timer: ReturnType<typeof setInterval>
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        timer = setInterval(() => controller.enqueue(new TextEncoder().encode(': still there\n\n')), 5)
      },
      cancel: () => clearInterval(timer),
    })
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
  })
  const limited = provider(service.origin, { limits: { totalMs: 100, stallMs: 30_000 } })
  const { signal } = new AbortController()
  await assertCode(limited.transcribe(NOTE, { signal, onText: () => undefined }), 'provider_timeout')
})

for (const [when, said] of [
  ['before the answer', ''],
  ['in the middle of a stream', BEGUN],
] as const) {
  Deno.test(`a lease that is lost ${when} ends the call with lease_lost`, () =>
    assertCode(
      silent(said, {}, (lease) => lease.abort(new AppError('lease_lost'))),
      'lease_lost',
    ))
}

Deno.test('a connection that breaks during a stream gives provider_unavailable', async () => {
  await using server = serveRaw({ answer: (connection) => send(connection, BEGUN) })
  const { signal } = new AbortController()
  const texts: string[] = []
  const outcome = provider(server.origin).transcribe(NOTE, { signal, onText: (text) => texts.push(text) })
  await assertCode(outcome, 'provider_unavailable')
  assertEquals(texts, ['A'])
})
