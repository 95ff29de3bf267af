import { assert, assertEquals, assertInstanceOf } from '../_shared/testing/asserts.ts'
import { readConfig } from './config.ts'

const read = (values: Record<string, string>) => readConfig((name) => values[name])
const KEY = { TRANSCRIPTION_API_KEY: 'sk-test' }

Deno.test('a configuration without a key has no provider', () => {
  assertEquals(read({}).provider, null)
  assertEquals(read({ TRANSCRIPTION_API_KEY: ' ', TRANSCRIPTION_MODEL: 'x' }).provider, null)
  assertEquals(read({}).maxSeconds, 10_800)
  assertEquals(read({}).extraFormats, new Set())
})

Deno.test('a configuration with only a key has a provider with defaults', () => {
  const { provider } = read(KEY)
  assertEquals(
    { ...provider, baseUrl: provider?.baseUrl.href },
    {
      kind: 'openai-compatible',
      apiKey: 'sk-test',
      baseUrl: 'https://api.openai.com/v1',
      model: 'whisper-1',
      responseFormat: 'verbose_json',
      stream: true,
      language: undefined,
      maxBytes: 25 * 1024 * 1024,
      limits: { totalMs: 120_000, stallMs: 30_000 },
    },
  )
})

Deno.test('every setting can be set', () => {
  const config = read({
    ...KEY,
    TRANSCRIPTION_BASE_URL: 'http://whisper.internal:8000/openai/v1/',
    TRANSCRIPTION_MODEL: 'gpt-4o-transcribe',
    TRANSCRIPTION_STREAM: 'false',
    TRANSCRIPTION_LANGUAGE: 'de',
    TRANSCRIPTION_MAX_MB: '5',
    TRANSCRIPTION_MAX_MINUTES: '10',
    TRANSCRIPTION_EXTRA_FORMATS: 'amr, caf',
    TRANSCRIPTION_TIMEOUT_MS: '1000',
  })
  const { provider, maxSeconds, extraFormats } = config
  assertEquals(extraFormats, new Set(['amr', 'caf']))
  assertEquals(provider?.baseUrl.href, 'http://whisper.internal:8000/openai/v1/')
  assertEquals([provider?.responseFormat, provider?.stream, provider?.language], ['json', false, 'de'])
  assertEquals([provider?.maxBytes, maxSeconds], [5 * 1024 * 1024, 600])
  assertEquals(provider?.limits, { totalMs: 1000, stallMs: 1000 })
  assertEquals(read({ ...KEY, TRANSCRIPTION_RESPONSE_FORMAT: 'json' }).provider?.responseFormat, 'json')
})

for (const [name, value] of [
  ['TRANSCRIPTION_PROVIDER', 'parrot'],
  ['TRANSCRIPTION_BASE_URL', 'api.openai.com'],
  ['TRANSCRIPTION_BASE_URL', 'file:///etc/passwd'],
  ['TRANSCRIPTION_BASE_URL', 'https://api.test/v1?key=1'],
  ['TRANSCRIPTION_RESPONSE_FORMAT', 'srt'],
  ['TRANSCRIPTION_STREAM', 'yes'],
  ['TRANSCRIPTION_MAX_MB', '0'],
  ['TRANSCRIPTION_MAX_MINUTES', 'long'],
  ['TRANSCRIPTION_EXTRA_FORMATS', 'amr,wma'],
  ['TRANSCRIPTION_TIMEOUT_MS', '-1'],
] as const) {
  Deno.test(`${name}=${value} is refused with the name of the setting`, () => {
    let failure: unknown
    try {
      read({ ...KEY, [name]: value })
    } catch (error) {
      failure = error
    }
    assertInstanceOf(failure, TypeError)
    assert(failure.message.startsWith(name), failure.message)
  })
}
