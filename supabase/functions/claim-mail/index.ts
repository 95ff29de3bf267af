/** `POST /functions/v1/claim-mail`: called by the database after a form and every minute while mails are due. */

import * as v from 'valibot'
import { edgeFunction } from '../_shared/edge-function.ts'
import { createLog } from '../_shared/log.ts'
import { readSettings, setting } from '../_shared/settings.ts'
import { handleMails } from './handler.ts'
import { createOutbox } from './outbox.ts'
import { createPost } from './post.ts'

const log = createLog('claim-mail')
const address = setting(
  v.pipe(
    v.string(),
    v.url('is not an address'),
    v.transform((text) => new URL(text)),
  ),
)
const { DASHBOARD_URL: dashboardUrl } = readSettings({ DASHBOARD_URL: address }, (name) => Deno.env.get(name))

// Auth answers when its mail server has taken the mail.
export default edgeFunction({ auth: 'secret', timeoutMs: 15_000 }, (request, admin) =>
  handleMails(request, { outbox: createOutbox(admin), post: createPost(admin, dashboardUrl), log }),
)
