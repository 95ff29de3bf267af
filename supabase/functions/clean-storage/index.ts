/** `POST /functions/v1/clean-storage`: asked by the database every hour; removes objects that nothing needs. */

import { withSupabase } from '@supabase/server'
import { createFiles } from '../_shared/documents.ts'
import { fetchWithTimeout } from '../_shared/http.ts'
import { createLog } from '../_shared/log.ts'
import { handleCleaning } from './handler.ts'
import { createLeftovers } from './leftovers.ts'

const log = createLog('clean-storage')
/** Milliseconds for one call to REST or Storage; a thousand objects take a while. */
const UPSTREAM_TIMEOUT_MS = 30_000

export default {
  fetch: withSupabase(
    {
      auth: 'secret',
      errors: { detailed: false },
      cors: 'disabled',
      supabaseOptions: { db: { retry: false }, global: { fetch: fetchWithTimeout(UPSTREAM_TIMEOUT_MS) } },
    },
    (request, { supabaseAdmin }) =>
      handleCleaning(request, {
        leftovers: createLeftovers(supabaseAdmin),
        files: createFiles(supabaseAdmin),
        log,
      }),
  ),
}
