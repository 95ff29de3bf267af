/** `POST /functions/v1/generate-pdf`: nudged by the database with a secret key; works on one report job. */

import { withSupabase } from '@supabase/server'
import { runInBackground } from '../_shared/background.ts'
import { createFiles } from '../_shared/documents.ts'
import { fetchWithTimeout } from '../_shared/http.ts'
import { createJobStore } from '../_shared/jobs.ts'
import { createLimiter } from '../_shared/limiter.ts'
import { createLog } from '../_shared/log.ts'
import { handleNudge } from '../_shared/nudge.ts'
import { text } from '../_shared/settings.ts'
import { loadFonts } from './fonts.ts'
import { createReportStore } from './store.ts'
import { generateReport } from './work.ts'

const log = createLog('generate-pdf')

/** Milliseconds for one call to REST or Storage, the upload of a large report included. */
const UPSTREAM_TIMEOUT_MS = 60_000
/** Reports at once: a large one holds tens of megabytes. */
const limiter = createLimiter(1)
const clock = {
  now: Date.now,
  sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
}
/** Origin for signed URLs, where people reach the project at another address than functions do. */
const publicUrl = text(Deno.env.get('SUPABASE_PUBLIC_URL'))

export default {
  fetch: withSupabase(
    {
      auth: 'secret',
      errors: { detailed: false },
      cors: 'disabled',
      supabaseOptions: { db: { retry: false }, global: { fetch: fetchWithTimeout(UPSTREAM_TIMEOUT_MS) } },
    },
    (request, { supabaseAdmin }) => {
      const reports = createReportStore(supabaseAdmin)
      const files = createFiles(supabaseAdmin, publicUrl)
      return handleNudge(request, {
        jobs: createJobStore(supabaseAdmin),
        kind: 'pdf',
        process: (job, lease) =>
          generateReport(job.subjectId, lease, { reports, files, loadFonts, log, now: () => new Date() }),
        limiter,
        runInBackground,
        log,
        clock,
      })
    },
  ),
}
