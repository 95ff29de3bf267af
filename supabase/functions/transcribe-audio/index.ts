/** `POST /functions/v1/transcribe-audio`: nudged by the database with a secret key; works on one voice note. */

import { withSupabase } from '@supabase/server'
import { runInBackground } from '../_shared/background.ts'
import { createDocuments, createFiles } from '../_shared/documents.ts'
import { download } from '../_shared/download/download.ts'
import { fetchWithTimeout } from '../_shared/http.ts'
import { createJobStore } from '../_shared/jobs.ts'
import { createBudget, createLimiter, createStretch } from '../_shared/limiter.ts'
import { createLog } from '../_shared/log.ts'
import { handleNudge } from '../_shared/nudge.ts'
import { letGo } from '../_shared/pieces.ts'
import { readConfig } from './config.ts'
import { openOriginal } from './original-stream.ts'
import { createProvider } from './providers/index.ts'
import { createTranscripts } from './transcripts.ts'
import { transcribeAudio } from './work.ts'

const log = createLog('transcribe-audio')

/** Milliseconds for one call to REST or Storage, a 25 MB upload included. */
const UPSTREAM_TIMEOUT_MS = 30_000
/** Jobs at once. Most of the time they wait for the service, which must not keep others from theirs. */
const limiter = createLimiter(16)
/** One more than a user may have at work, so that one user's slow servers do not keep others waiting. */
const fetching = createLimiter(5)
/** Bytes that recordings have while they arrive; up to half a MB each waits for no other. */
const growing = createStretch(8 * 1024 * 1024, 512 * 1024)
/** Bytes: one recording of 25 MB that is being worked on, or many small ones. */
const memory = createBudget(75 * 1024 * 1024)
/** Large recordings on their way to the service; each has what the network holds of it. */
const sending = createBudget(3)
const clock = {
  now: Date.now,
  sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
}
/** Read at start, so that a mistake shows at once and in the logs. */
const config = readConfig((name) => Deno.env.get(name))
const provider = config.provider === null ? null : createProvider(config.provider)

export default {
  fetch: withSupabase(
    {
      auth: 'secret',
      errors: { detailed: false },
      cors: 'disabled',
      supabaseOptions: { db: { retry: false }, global: { fetch: fetchWithTimeout(UPSTREAM_TIMEOUT_MS) } },
    },
    (request, { supabaseAdmin }) => {
      const files = createFiles(supabaseAdmin)
      const dependencies = {
        documents: createDocuments(supabaseAdmin),
        files,
        open: openOriginal(files),
        transcripts: createTranscripts(supabaseAdmin),
        provider,
        maxSeconds: config.maxSeconds,
        fetching,
        growing,
        sending,
        letGo,
        memory,
        log,
        download: (
          url: string,
          signal: AbortSignal,
          onProgress: (part: number) => void,
          growTo: (bytes: number) => Promise<void>,
        ) =>
          download(url, {
            ...config.download,
            signal,
            room: growTo,
            onProgress: (received, announced) => {
              if (announced !== null && announced > 0) onProgress(received / announced)
            },
          }),
      }
      return handleNudge(request, {
        jobs: createJobStore(supabaseAdmin),
        kind: 'transcription',
        process: (job, lease) => transcribeAudio(job, lease, dependencies),
        limiter,
        runInBackground,
        log,
        clock,
      })
    },
  ),
}
