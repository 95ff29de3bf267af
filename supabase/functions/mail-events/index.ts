/** `POST /functions/v1/mail-events`: called by the mail provider about bounces and complaints. */

import { edgeFunction } from '../_shared/edge-function.ts'
import { createLog } from '../_shared/log.ts'
import { listSetting, readSettings } from '../_shared/settings.ts'
import { handleMailEvents } from './handler.ts'
import { createSuppression } from './suppression.ts'

const log = createLog('mail-events')
/** `current` or `current,previous`. */
const { MAIL_EVENTS_SECRET: secrets } = readSettings({ MAIL_EVENTS_SECRET: listSetting }, (name) =>
  Deno.env.get(name),
)

export default edgeFunction({ auth: 'none', timeoutMs: 8_000 }, (request, admin) =>
  handleMailEvents(request, { secrets, suppress: createSuppression(admin), log }),
)
