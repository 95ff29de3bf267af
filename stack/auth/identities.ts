/** `/user/identities`: identities of other providers are absent, so all that is left is to say so as GoTrue does. */

import type { Caller } from '../types.ts'
import { requireUser } from './caller.ts'
import type { AuthContext } from './context.ts'
import { authErrors } from './errors.ts'
import { isUuid } from './input.ts'

export async function deleteIdentity(
  context: AuthContext,
  request: Request,
  caller: Caller,
  identityId: string,
): Promise<object> {
  const { user } = await requireUser(context, request, caller)
  requireManualLinking(context)
  if (!isUuid(identityId)) throw authErrors.validation('identity_id must be an UUID', 404)
  const { rows } = await context.db.pool.query<{ id: string }>(
    'select id from auth.identities where user_id = $1',
    [user.id],
  )
  if (rows.length <= 1) throw authErrors.singleIdentity()
  if (!rows.some(({ id }) => id === identityId)) throw authErrors.identityNotFound()
  await context.db.pool.query('delete from auth.identities where user_id = $1 and id = $2', [
    user.id,
    identityId,
  ])
  return {}
}

export async function linkIdentity(context: AuthContext, request: Request, caller: Caller): Promise<never> {
  await requireUser(context, request, caller)
  requireManualLinking(context)
  throw authErrors.providerDisabled()
}

function requireManualLinking({ settings }: AuthContext): void {
  if (!settings.manualLinkingEnabled) throw authErrors.manualLinkingDisabled()
}
