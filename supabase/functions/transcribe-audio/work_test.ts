import { AppError } from '../../../functions-shared/app-error.ts'
import type { ErrorCode } from '../../../functions-shared/error-codes.ts'
import type { AudioType } from '../../../functions-shared/file-type.ts'
import type { ClaimedJob } from '../_shared/jobs.ts'
import { createBudget, createGrowthBudget, createLimiter } from '../_shared/limiter.ts'
import { assertEquals } from '../_shared/testing/asserts.ts'
import { assertCode } from '../_shared/testing/errors.ts'
import { createJob, DOCUMENT_ID, fakeDocuments, fakeWorker } from '../_shared/testing/fakes.ts'
import type { Recording, TranscribeOptions, Transcript, TranscriptionProvider } from './providers/provider.ts'
import { readNote } from './testing/recordings.ts'
import type { FinishedTranscript, TranscriptResult } from './transcripts.ts'
import { MAX_HELD, transcribeAudio, type WorkDependencies } from './work.ts'

const TRANSCRIPTION_ID = '0b0d6f3e-8b1e-4d5e-9d57-4a1a2f1a0007'
const TEXT = 'A grey van hit my car from behind.'
const TRANSCRIPT: Transcript = {
  text: TEXT,
  language: null,
  duration: null,
  segments: [],
  words: [],
  simulated: false,
}

interface Options {
  file?: Uint8Array<ArrayBuffer>
  stored?: TranscriptResult
  provider?: Partial<TranscriptionProvider> | null
  maxSeconds?: number
  extraFormats?: AudioType[]
}

function bench({
  file = readNote('voice-note.ogg'),
  stored,
  provider = {},
  maxSeconds = 3600,
  extraFormats = [],
}: Options = {}) {
  const worker = fakeWorker({
    job: createJob({ kind: 'transcription', subjectId: TRANSCRIPTION_ID }),
    documents: fakeDocuments({ kind: 'audio', sourceUrl: 'https://files.test/note' }),
  })
  const { job, jobs, files } = worker
  const downloads: string[] = []
  const recordings: Recording[] = []
  const reported: [string, number][] = []
  const finished: FinishedTranscript[] = []
  const guard = () =>
    jobs.failWith === null ? Promise.resolve() : Promise.reject(new AppError(jobs.failWith))
  const service: TranscriptionProvider = {
    name: 'test',
    model: 'model-1',
    limits: { maxBytes: 25 * 1024 * 1024 },
    transcribe: (recording) => {
      recordings.push(recording)
      return Promise.resolve({ ...TRANSCRIPT, language: 'en', duration: 9 })
    },
    ...provider,
  }
  const memory = createBudget(1024)
  const dependencies: WorkDependencies = {
    ...worker,
    maxSeconds,
    extraFormats: new Set(extraFormats),
    provider: provider === null ? null : service,
    fetching: createLimiter(1),
    growing: createGrowthBudget(1024, 0),
    sending: createBudget(1),
    open: async (path) => {
      const bytes = await files.get('originals', path)
      return new Blob(bytes === null ? [] : [bytes]).stream()
    },
    memory,
    download: (url) => {
      downloads.push(url)
      return Promise.resolve(file)
    },
    transcripts: {
      find: (id) => {
        assertEquals(id, TRANSCRIPTION_ID)
        return Promise.resolve({ documentId: DOCUMENT_ID, result: stored ?? null })
      },
      report: async (_job: ClaimedJob, text, percent) => {
        await guard()
        reported.push([text, percent])
      },
      store: async (_job: ClaimedJob, transcript) => {
        await guard()
        finished.push(transcript)
      },
    },
  }
  const run = () => worker.work((lease) => transcribeAudio(job, lease, dependencies))
  return { ...worker, run, downloads, recordings, reported, finished, memory }
}

for (const [file, type, metadata] of [
  ['voice-note.wav', 'audio/wav', { codec: 'pcm', sampleRate: 8000, channels: 1, duration: 2.5 }],
  ['voice-note.mp3', 'audio/mpeg', { codec: 'mp3', sampleRate: 22_050, channels: 1, duration: 7.993 }],
  ['voice-note.m4a', 'audio/mp4', { codec: 'aac', sampleRate: 22_050, channels: null, duration: 7.939 }],
  ['voice-note.ogg', 'audio/ogg', { codec: 'opus', sampleRate: 24_000, channels: 1, duration: 7.939 }],
  ['voice-note.webm', 'audio/webm', { codec: 'opus', sampleRate: 24_000, channels: 1, duration: 7.946 }],
  ['recorded.webm', 'audio/webm', { codec: 'opus', sampleRate: 24_000, channels: 1, duration: 7.961 }],
  ['recorded.mp4', 'video/mp4', { codec: 'aac', sampleRate: 22_050, channels: null, duration: 7.985 }],
] as const) {
  Deno.test(`${file} is kept, its facts and its transcript are stored`, async () => {
    const { run, documents, files, recordings, finished } = bench({ file: readNote(file) })
    const result = { duration: metadata.duration, wordCount: 8, simulated: false }
    assertEquals(await run(), result)
    assertEquals(
      recordings.map(({ contentType }) => contentType),
      [type],
    )
    assertEquals(
      [...files.objects.values()].map(({ bytes, contentType }) => [bytes.length, contentType]),
      [[readNote(file).length, type]],
    )
    assertEquals(documents.updates, [{ metadata }])
    assertEquals(finished, [
      { text: TEXT, language: 'en', segments: [], words: [], provider: 'test', model: 'model-1', ...result },
    ])
  })
}

Deno.test('the text so far is reported while it grows, with a percentage between those of the stages', async () => {
  const { run, reported, jobs } = bench({
    provider: {
      transcribe: async (_recording: Recording, { onText }: TranscribeOptions) => {
        onText('A grey van')
        await new Promise((resolve) => setTimeout(resolve, 0))
        return { ...TRANSCRIPT, simulated: true }
      },
    },
  })
  assertEquals(await run(), { duration: 7.939, wordCount: 8, simulated: true })
  assertEquals(reported, [['A grey van', 37]])
  assertEquals(jobs.progressed.at(-1), [95, 'saving'])
})

Deno.test('a stored transcript is not made a second time', async () => {
  const stored = { duration: 7.939, wordCount: 8, simulated: false }
  const { run, downloads, recordings, finished } = bench({ stored })
  assertEquals(await run(), stored)
  assertEquals([downloads, recordings, finished], [[], [], []])
})

// The bench has memory for one recording, so this ends only if the first attempt freed its memory.
Deno.test('a second attempt uses the kept original', async () => {
  let calls = 0
  const { run, downloads, finished } = bench({
    provider: {
      transcribe: () => {
        calls += 1
        if (calls === 1) return Promise.reject(new AppError('provider_unavailable'))
        return Promise.resolve(TRANSCRIPT)
      },
    },
  })
  await assertCode(run(), 'provider_unavailable')
  await run()
  assertEquals([downloads.length, finished.length], [1, 1])
})

Deno.test('a large recording is not in memory while the service works, and is read again each time it is sent', async () => {
  const file = new Uint8Array(44 + MAX_HELD)
  file.set(readNote('voice-note.wav').subarray(0, 44))
  const view = new DataView(file.buffer)
  view.setUint32(4, 36 + MAX_HELD, true)
  view.setUint32(40, MAX_HELD, true)
  const { run, memory, recordings } = bench({
    file,
    provider: {
      transcribe: async (recording: Recording, { signal }: TranscribeOptions) => {
        recordings.push(recording)
        // The whole memory budget.
        using _all = await memory.take(1024)
        if (recording.content instanceof Uint8Array) throw new Error('it is held')
        for (const _ of [1, 2]) {
          const sent = await new Response(await recording.content(signal)).bytes()
          assertEquals([sent.length, recording.size], [file.length, file.length])
        }
        return TRANSCRIPT
      },
    },
  })
  await run()
  assertEquals(recordings.length, 1)
})

const note = readNote('voice-note.wav')
const noLength = note.slice(0, 44)
noLength.set([0, 0, 0, 0], 40)
const large = new Uint8Array(2 * 1024 * 1024)
large.set(note.subarray(0, 44))
large.set([0, 0, 0, 0], 40)

/** A frame of 32 bytes, which the first has of its type. */
const AMR = Uint8Array.from([...new TextEncoder().encode('#!AMR\n'), 7 << 3, 0])

const refusals: readonly [string, Options, ErrorCode][] = [
  ['a format that the service does not take', { file: AMR }, 'audio_format_unsupported'],
  ['a photo', { file: Uint8Array.from([0xff, 0xd8, 0xff, 0xe0]) }, 'not_audio'],
  ['a RIFF file without sound', { file: note.slice(0, 30) }, 'audio_undecodable'],
  ['half a recording', { file: note.slice(0, 20_000) }, 'audio_truncated'],
  ['no length', { file: noLength }, 'audio_empty'],
  ['more seconds than allowed', { maxSeconds: 2, file: note }, 'audio_too_long'],
  [
    'more bytes than the service takes',
    { file: large, provider: { limits: { maxBytes: 1024 * 1024 } } },
    'audio_too_large',
  ],
  ['no service', { provider: null }, 'transcription_not_configured'],
]
for (const [name, options, code] of refusals) {
  Deno.test(`${name} fails with ${code} before a call to the service, and the original is kept`, async () => {
    const { run, files, recordings, finished } = bench(options)
    await assertCode(run(), code)
    assertEquals([files.objects.size, recordings.length, finished.length], [1, 0, 0])
  })
}

Deno.test('an AMR recording is sent to a service that takes the format', async () => {
  const { run, recordings } = bench({
    file: Uint8Array.from([...AMR, ...Array(30).fill(0)]),
    extraFormats: ['amr'],
  })
  assertEquals((await run()).duration, 0.02)
  assertEquals(
    recordings.map(({ contentType, extension }) => [contentType, extension]),
    [['audio/amr', 'amr']],
  )
})

Deno.test('a QuickTime recording is sent as M4A', async () => {
  const file = readNote('voice-note.m4a')
  file.set(new TextEncoder().encode('qt  '), 8)
  const { run, recordings, files } = bench({ file })
  await run()
  assertEquals(
    recordings.map(({ contentType, extension }) => [contentType, extension]),
    [['audio/mp4', 'm4a']],
  )
  assertEquals([...files.objects.values()][0]?.contentType, 'video/quicktime')
})

Deno.test('a web page in place of a recording fails with not_audio and is not kept', async () => {
  const { run, files } = bench({ file: new TextEncoder().encode('<!doctype html><title>Sign in</title>') })
  await assertCode(run(), 'not_audio')
  assertEquals(files.objects.size, 0)
})

Deno.test('a recording without speech has an empty transcript', async () => {
  const silence = () => Promise.resolve({ ...TRANSCRIPT, text: '' })
  const { run, finished } = bench({ provider: { transcribe: silence } })
  assertEquals(await run(), { duration: 7.939, wordCount: 0, simulated: false })
  assertEquals(finished[0]?.text, '')
})

Deno.test('a lease that is lost during the recognition ends the recognition, and nothing is written', async () => {
  const { run, jobs, finished, reported } = bench({
    provider: {
      transcribe: (_recording: Recording, { onText, signal }: TranscribeOptions) => {
        jobs.failWith = 'lease_lost'
        onText('A grey van')
        // A service that never ends by itself.
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      },
    },
  })
  await assertCode(run(), 'lease_lost')
  assertEquals([reported, finished], [[], []])
})

Deno.test('a lease that is lost after the recognition writes nothing', async () => {
  const { run, jobs, finished } = bench({
    provider: {
      transcribe: () => {
        jobs.failWith = 'lease_lost'
        return Promise.resolve(TRANSCRIPT)
      },
    },
  })
  await assertCode(run(), 'lease_lost')
  assertEquals(finished, [])
})
