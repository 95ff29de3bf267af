/** `POST /functions/v1/typeform-webhook`: called by Typeform, which signs the request's body. */

import { edgeFunction } from '../_shared/edge-function.ts'
import { createLog } from '../_shared/log.ts'
import { listSetting, readSettings } from '../_shared/settings.ts'
import { createAccounts } from './accounts.ts'
import { handleWebhook } from './handler.ts'
import { createInbox } from './inbox.ts'

const log = createLog('typeform-webhook')
/** `current` or `current,previous`. */
const { TYPEFORM_WEBHOOK_SECRET: secrets } = readSettings({ TYPEFORM_WEBHOOK_SECRET: listSetting }, (name) =>
  Deno.env.get(name),
)
const requireSignedUser = Deno.env.get('TYPEFORM_REQUIRE_SIGNED_USER')

export default edgeFunction({ auth: 'none', timeoutMs: 8_000 }, (request, admin) =>
  handleWebhook(request, {
    secrets,
    accounts: createAccounts(admin),
    rules: { requireSignedUser: requireSignedUser === 'true' },
    inbox: createInbox(admin),
    log,
  }),
)
