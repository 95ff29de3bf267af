/** `POST /functions/v1/typeform-webhook`: called by Typeform, which proves itself by its signature. */

import { withSupabase } from '@supabase/server'
import { fetchWithTimeout } from '../_shared/http.ts'
import { createLog } from '../_shared/log.ts'
import { createAccounts } from './accounts.ts'
import { handleWebhook } from './handler.ts'
import { createInbox } from './inbox.ts'
import { parseSecrets } from './signature.ts'

const log = createLog('typeform-webhook')

/** Milliseconds for one call to the database; a database that is slower counts as away. */
const UPSTREAM_TIMEOUT_MS = 8_000

export default {
  fetch: withSupabase(
    {
      auth: 'none',
      cors: 'disabled',
      supabaseOptions: { db: { retry: false }, global: { fetch: fetchWithTimeout(UPSTREAM_TIMEOUT_MS) } },
    },
    (request, { supabaseAdmin }) =>
      handleWebhook(request, {
        secrets: parseSecrets(Deno.env.get('TYPEFORM_WEBHOOK_SECRET')),
        accounts: createAccounts(supabaseAdmin),
        inbox: createInbox(supabaseAdmin),
        log,
      }),
  ),
}
