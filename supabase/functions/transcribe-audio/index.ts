/** `POST /functions/v1/transcribe-audio`: nudged by the database with a secret key; works on one voice note. */

import { release } from '../_shared/byte-streams.ts'
import { createDocuments } from '../_shared/documents.ts'
import { createDownload } from '../_shared/download/download.ts'
import { createFiles } from '../_shared/files.ts'
import { jobFunction } from '../_shared/job-function.ts'
import { createBudget, createGrowthBudget, createLimiter } from '../_shared/limiter.ts'
import { readConfig } from './config.ts'
import { openOriginal } from './original-stream.ts'
import { createProvider } from './providers/index.ts'
import { createTranscripts } from './transcripts.ts'
import { transcribeAudio } from './work.ts'

const MB = 1024 * 1024

/** Memory and places that all recordings of this worker share; see admission.ts and work.ts. */
const shared = {
  /** One more than a user's limit of jobs, so that one user's slow servers do not keep other users waiting. */
  fetching: createLimiter(5),
  /** Bytes of recordings while they are downloaded. The first half megabyte of each never waits. */
  growing: createGrowthBudget(8 * MB, MB / 2),
  /** Bytes of recordings that are stored and checked: one of 25 MB with its copies, or many small ones. */
  memory: createBudget(75 * MB),
  /** Large recordings that are being sent to the service. The network holds a part of each. */
  sending: createBudget(3),
}

/** Read when the worker starts, so that a malformed setting shows in the log at once. */
const config = readConfig((name) => Deno.env.get(name))
const provider = config.provider === null ? null : createProvider(config.provider)

// Most jobs wait for the service. The limits above keep their memory small.
export default jobFunction(
  { name: 'transcribe-audio', kind: 'transcription', timeoutMs: 30_000, concurrency: 16 },
  (admin, log) => {
    const files = createFiles(admin)
    const dependencies = {
      ...shared,
      documents: createDocuments(admin),
      files,
      open: openOriginal(files),
      transcripts: createTranscripts(admin),
      provider,
      maxSeconds: config.maxSeconds,
      extraFormats: config.extraFormats,
      release,
      log,
      download: createDownload(config.download),
    }
    return (job, lease) => transcribeAudio(job, lease, dependencies)
  },
)
