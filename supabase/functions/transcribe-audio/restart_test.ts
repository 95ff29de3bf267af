/**
 * Kills a worker before and after each of its calls to the database, Storage and the service. A second worker then takes
 * the job. The outcome must equal that of a worker that was not killed.
 */

import type { ClaimedJob } from '../_shared/jobs.ts'
import { holdLease } from '../_shared/lease.ts'
import { createBudget, createGrowthBudget, createLimiter } from '../_shared/limiter.ts'
import { assert, assertEquals } from '../_shared/testing/asserts.ts'
import { createJob, DOCUMENT_ID, fakeDocuments, fakeFiles, fakeJobs } from '../_shared/testing/fakes.ts'
import { recordLog } from '../_shared/testing/log.ts'
import type { TranscriptionProvider } from './providers/provider.ts'
import { readNote } from './testing/recordings.ts'
import type { FinishedTranscript } from './transcripts.ts'
import { transcribeAudio, type WorkDependencies } from './work.ts'

class Killed extends Error {}

/** State that outlives a worker: rows, objects, and the number of paid calls to the service. */
function createWorld() {
  const documents = fakeDocuments({ kind: 'audio' })
  const files = fakeFiles()
  const row: { text: string | null; finished: FinishedTranscript | null } = { text: null, finished: null }
  const spent = { downloads: 0, recognitions: 0 }
  return { documents, files, row, spent }
}

type World = ReturnType<typeof createWorld>
/** Called before and after each call to the database, Storage or the service. */
type Strike = (when: 'before' | 'after', call: string) => void

async function work({ documents, files, row, spent }: World, strike: Strike) {
  const struck =
    <Args extends unknown[], Result>(name: string, call: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      strike('before', name)
      const result = await call(...args)
      strike('after', name)
      return result
    }
  const job = createJob({ kind: 'transcription', subjectId: DOCUMENT_ID })
  const jobs = fakeJobs(job)
  const log = recordLog()
  const transcript = {
    text: 'A grey van.',
    language: 'en',
    duration: 9,
    segments: [],
    words: [],
    simulated: false,
  }
  const provider: TranscriptionProvider = {
    name: 'test',
    model: 'model-1',
    limits: { maxBytes: 1024 * 1024 },
    transcribe: struck('transcribe', (_recording, { onText }) => {
      spent.recognitions += 1
      onText('A grey')
      return Promise.resolve(transcript)
    }),
  }
  const dependencies: WorkDependencies = {
    log,
    provider,
    maxSeconds: 60,
    extraFormats: new Set(),
    fetching: createLimiter(1),
    growing: createGrowthBudget(1024, 0),
    sending: createBudget(1),
    open: () => Promise.reject(new Error('nothing here is large')),
    memory: createBudget(1),
    documents: {
      ...documents,
      find: struck('find document', documents.find),
      update: struck('describe', documents.update),
      keepOriginal: struck('keep', documents.keepOriginal),
    },
    files: {
      ...files,
      get: struck('read original', files.get),
      put: struck('store original', files.put),
    },
    download: struck('download', () => {
      spent.downloads += 1
      return Promise.resolve(readNote('voice-note.ogg'))
    }),
    transcripts: {
      find: struck('find transcription', () =>
        Promise.resolve({
          documentId: DOCUMENT_ID,
          result:
            row.finished === null
              ? null
              : {
                  duration: row.finished.duration,
                  wordCount: row.finished.wordCount,
                  simulated: row.finished.simulated,
                },
        }),
      ),
      report: struck('report', (_job: ClaimedJob, text) => {
        row.text = text
        return Promise.resolve()
      }),
      store: struck('store transcript', (_job: ClaimedJob, finished) => {
        row.finished = finished
        row.text = finished.text
        return Promise.resolve()
      }),
    },
  }
  await using lease = holdLease({
    job,
    log,
    jobs: { progress: struck('progress', jobs.progress) },
    every: () => () => undefined,
  })
  return await transcribeAudio(job, lease, dependencies)
}

/** Every point at which a worker can be killed, recorded by a run without a kill. */
async function places(): Promise<string[]> {
  const found: string[] = []
  await work(createWorld(), (when, call) => found.push(`${when} ${call}`))
  return found
}

function striking(place: number): Strike {
  let calls = 0
  return () => {
    calls += 1
    if (calls > place) throw new Killed()
  }
}

const undisturbed = createWorld()
const expected = await work(undisturbed, () => undefined)
for (const [place, name] of (await places()).entries()) {
  Deno.test(`after a worker is killed ${name} (${place}), the next worker completes the job`, async () => {
    const world = createWorld()
    let outcome: unknown
    try {
      outcome = await work(world, striking(place))
    } catch (error) {
      outcome = error
    }
    assert(outcome instanceof Killed || name.endsWith('report'), `it was killed, not ${String(outcome)}`)

    assertEquals(await work(world, () => undefined), expected)
    assertEquals(world.row, undisturbed.row)
    assertEquals(world.files.objects, undisturbed.files.objects)
    assertEquals(world.documents.row, undisturbed.documents.row)
    assertEquals(world.documents.updates.at(-1), undisturbed.documents.updates.at(-1))
    assert(world.spent.downloads <= 2 && world.spent.recognitions <= 2)
  })
}

Deno.test('after a worker is killed with its transcript stored, the next one does not call the service again', async () => {
  const world = createWorld()
  const last = (await places()).lastIndexOf('after store transcript')
  assert(last > 0)
  await work(world, striking(last)).catch((error: unknown) => assert(error instanceof Killed))
  await work(world, () => undefined)
  assertEquals(world.spent, { downloads: 1, recognitions: 1 })
})
