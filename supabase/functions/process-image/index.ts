/** `POST /functions/v1/process-image`: nudged by the database with a secret key; works on one image job. */

import { withSupabase } from '@supabase/server'
import { runInBackground } from '../_shared/background.ts'
import { createDocuments, createFiles } from '../_shared/documents.ts'
import { download } from '../_shared/download/download.ts'
import { fetchWithTimeout } from '../_shared/http.ts'
import { createJobStore } from '../_shared/jobs.ts'
import { createLimiter } from '../_shared/limiter.ts'
import { createLog } from '../_shared/log.ts'
import { handleNudge } from '../_shared/nudge.ts'
import { letGo } from '../_shared/pieces.ts'
import { readConfig } from './config.ts'
import { loadMagick } from './magick.ts'
import { processImage } from './work.ts'

const log = createLog('process-image')

/** Milliseconds for one call to REST or Storage, a 25 MB upload included. */
const UPSTREAM_TIMEOUT_MS = 30_000
/** Jobs at once. Each may hold a file of 25 MB; decoding is synchronous, so only one picture is ever decoded. */
const limiter = createLimiter(3)
const clock = {
  now: Date.now,
  sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
}
/** Read at start, so that a mistake shows at once and in the logs. */
const config = readConfig((name) => Deno.env.get(name))

export default {
  fetch: withSupabase(
    {
      auth: 'secret',
      errors: { detailed: false },
      cors: 'disabled',
      supabaseOptions: { db: { retry: false }, global: { fetch: fetchWithTimeout(UPSTREAM_TIMEOUT_MS) } },
    },
    (request, { supabaseAdmin }) => {
      const documents = createDocuments(supabaseAdmin)
      const files = createFiles(supabaseAdmin, config.publicUrl)
      return handleNudge(request, {
        jobs: createJobStore(supabaseAdmin),
        kind: 'image',
        process: (job, lease) =>
          processImage(job.subjectId, lease, {
            documents,
            files,
            download: (url, signal, onProgress) =>
              download(url, {
                ...config.download,
                signal,
                onProgress: (received, announced) => {
                  if (announced !== null && announced > 0) onProgress(received / announced)
                },
              }),
            loadMagick,
            letGo,
            memoryBytes: config.memoryBytes,
            log,
            now: () => new Date(),
          }),
        limiter,
        runInBackground,
        log,
        clock,
      })
    },
  ),
}
