/** `POST /functions/v1/status-update`: called by other services, and by the database with a nudge; both with a secret key. */

import { withSupabase } from '@supabase/server'
import { runInBackground } from '../_shared/background.ts'
import { fetchWithTimeout } from '../_shared/http.ts'
import { createJobStore } from '../_shared/jobs.ts'
import { createLimiter } from '../_shared/limiter.ts'
import { createLog } from '../_shared/log.ts'
import { handleStatusUpdate } from './handler.ts'
import { createStatusUpdates } from './status-updates.ts'

const log = createLog('status-update')

/** Milliseconds for one call to the database. */
const UPSTREAM_TIMEOUT_MS = 8_000
/** Publishing is one short call, so that many may be under way. */
const limiter = createLimiter(20)
const clock = {
  now: Date.now,
  sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
}

export default {
  fetch: withSupabase(
    {
      auth: 'secret',
      errors: { detailed: false },
      cors: 'disabled',
      supabaseOptions: { db: { retry: false }, global: { fetch: fetchWithTimeout(UPSTREAM_TIMEOUT_MS) } },
    },
    (request, { supabaseAdmin }) =>
      handleStatusUpdate(request, {
        updates: createStatusUpdates(supabaseAdmin),
        jobs: createJobStore(supabaseAdmin),
        limiter,
        runInBackground,
        log,
        clock,
      }),
  ),
}
