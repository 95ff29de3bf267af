/** `GET /functions/v1/health`: for monitors; needs no key. */

import { withSupabase } from '@supabase/server'
import { VERSION } from '../../../functions-shared/version.ts'
import { fetchWithTimeout } from '../_shared/http.ts'
import { createLog } from '../_shared/log.ts'
import { databaseError } from '../_shared/upstream.ts'
import { handleHealth } from './handler.ts'

const log = createLog('health')
const CHECK_TIMEOUT_MS = 3_000

export default {
  fetch: withSupabase(
    {
      auth: 'none',
      supabaseOptions: { db: { retry: false }, global: { fetch: fetchWithTimeout(CHECK_TIMEOUT_MS) } },
    },
    (request, { supabaseAdmin }) =>
      handleHealth(request, {
        version: VERSION,
        checkDatabase: async () => {
          const { error, status } = await supabaseAdmin.from('incidents').select('id').limit(1)
          if (error) throw databaseError({ error, status })
        },
        log,
      }),
  ),
}
