import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { Logger } from '../types.ts'
import { type SimulatorOptions, startTranscriptionSimulator, type TranscriptionSimulator } from './index.ts'
import { NOTICE } from './wording.ts'

const NOTES = join(import.meta.dirname, '..', '..', 'samples', 'voice-notes')
const note = (file: string) => new Uint8Array(readFileSync(join(NOTES, file)))

const errors: string[] = []
const logger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (_source, message, fields) => errors.push(`${message} ${JSON.stringify(fields)}`),
}

let simulator: TranscriptionSimulator | undefined
afterEach(async () => {
  await simulator?.[Symbol.asyncDispose]()
  simulator = undefined
  expect(errors.splice(0)).toEqual([])
})

async function ask(
  file: Uint8Array<ArrayBuffer>,
  fields: Record<string, string> = {},
  options: Partial<SimulatorOptions> = {},
  key?: string,
): Promise<Response> {
  simulator ??= await startTranscriptionSimulator({ logger, paceMs: 0, ...options })
  const form = new FormData()
  form.set('file', new Blob([file]), 'whatever.bin')
  form.set('model', 'simulator')
  for (const [name, value] of Object.entries(fields)) form.set(name, value)
  return await fetch(`${simulator.env.TRANSCRIPTION_BASE_URL}/audio/transcriptions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key ?? simulator.env.TRANSCRIPTION_API_KEY}` },
    body: form,
  })
}

interface Event {
  type: string
  delta?: string
  text?: string
}

async function events(response: Response): Promise<Event[]> {
  const text = await response.text()
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => JSON.parse(data) as Event)
}

describe('a recording is measured', () => {
  test.each([
    ['voice-note.wav', /2\.5 seconds, pcm at 8000 Hz\. 0:00\.0 to .* sound, -\d+ dBFS/],
    // The speaker pauses for a second in the middle.
    ['voice-note.ogg', /7\.9 seconds, opus at 24000 Hz\. .*sound.* silence\. .*sound/],
    ['voice-note.mp3', /8\.0 seconds, mp3 at 22050 Hz\. .*sound.* silence\. .*sound/],
    ['voice-note.m4a', /7\.9 seconds, aac at 22050 Hz\. Its level cannot be measured here\./],
    ['voice-note.webm', /7\.9 seconds, opus at 24000 Hz\. Its level cannot be measured here\./],
    ['recorded.webm', /8\.0 seconds, opus at 24000 Hz\./],
    ['recorded.mp4', /8\.0 seconds, aac at 22050 Hz\./],
  ])('%s', async (file, expected) => {
    const response = await ask(note(file), { response_format: 'verbose_json' })
    expect([response.status, response.headers.get('claimwire-simulated')]).toEqual([200, 'true'])
    const answer = (await response.json()) as Record<string, unknown>
    expect(answer.text).toMatch(expected)
    expect(answer).toMatchObject({ segments: [], words: [] })
  })

  test('a stream begins with the notice, and its pieces are the whole text', async () => {
    const response = await ask(note('voice-note.ogg'), { stream: 'true' })
    expect(response.headers.get('content-type')).toMatch('text/event-stream')
    const received = await events(response)
    const deltas = received.filter(({ type }) => type === 'transcript.text.delta').map(({ delta }) => delta)
    expect(deltas[0]).toBe(NOTICE)
    expect(deltas.length).toBeGreaterThan(3)
    expect(received.at(-1)).toMatchObject({ type: 'transcript.text.done', text: deltas.join('') })
  })
})

describe('a request is refused', () => {
  test.each([
    ['a wrong key', note('voice-note.wav'), {}, 'sk-wrong', 401, 'invalid_api_key'],
    ['a file that is no recording', new Uint8Array([1, 2, 3]), {}, undefined, 400, 'invalid_value'],
    [
      'another format',
      note('voice-note.wav'),
      { response_format: 'srt' },
      undefined,
      400,
      'unsupported_value',
    ],
    ['more than 25 MB', new Uint8Array(25 * 1024 * 1024 + 1), {}, undefined, 413, 'request_too_large'],
  ] as const)('%s', { timeout: 60_000 }, async (_name, file, fields, key, status, code) => {
    const response = await ask(new Uint8Array(file), fields, {}, key)
    expect([response.status, ((await response.json()) as { error: { code: string } }).error.code]).toEqual([
      status,
      code,
    ])
  })
})

describe('faults for tests', () => {
  test('a status with a delay, for chosen calls', async () => {
    const faults: SimulatorOptions['faults'] = ({ number }) =>
      number === 1 ? { kind: 'status', status: 429, retryAfterSeconds: 7 } : undefined
    const refused = await ask(note('voice-note.wav'), {}, { faults })
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '7'])
    expect((await ask(note('voice-note.wav'))).status).toBe(200)
    expect(simulator?.calls).toBe(2)
  })

  test('a stream that is cut', async () => {
    const response = await ask(
      note('voice-note.wav'),
      { stream: 'true' },
      { faults: () => ({ kind: 'cut', after: 1 }) },
    )
    await expect(response.text()).rejects.toThrow()
  })

  test.each([{ kind: 'hang' } as const, { kind: 'stall', after: 1 } as const])(
    '$kind: the stream does not end',
    async (fault) => {
      const arrived: string[] = []
      const hanging = ask(note('voice-note.wav'), { stream: 'true' }, { faults: () => fault }).then(
        async (response) => {
          for await (const piece of response.body ?? []) arrived.push(new TextDecoder().decode(piece))
        },
      )
      hanging.catch(() => undefined)
      await expect.poll(() => simulator?.calls).toBe(1)
      if (fault.kind === 'stall') await expect.poll(() => arrived.join('')).toContain(NOTICE)
      await simulator?.[Symbol.asyncDispose]()
      simulator = undefined
      await expect(hanging).rejects.toThrow()
      expect(arrived.join('')).not.toContain('done')
    },
  )
})
