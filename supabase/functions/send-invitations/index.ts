/** `POST /functions/v1/send-invitations`: called by the database after an invitation and every minute while mails are due. */

import * as v from 'valibot'
import { edgeFunction } from '../_shared/edge-function.ts'
import { createLog } from '../_shared/log.ts'
import { readSettings, setting } from '../_shared/settings.ts'
import { handleInvitations } from './handler.ts'
import { createInvitations } from './invitations.ts'
import { createPost } from './post.ts'

const log = createLog('send-invitations')
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
  handleInvitations(request, {
    invitations: createInvitations(admin),
    post: createPost(admin, dashboardUrl),
    log,
  }),
)
