/** The end of a change of address: one confirmation, or one from each of both addresses. */

import type { AuthContext } from './context.ts'
import type { Queryable } from './database.ts'
import { clearTokens } from './one-time-tokens.ts'
import type { UserRow } from './user-record.ts'
import { updateUser } from './users.ts'

/** A mail's token that was accepted. */
export type Redeemed =
  | { complete: true; user: UserRow }
  /** The other address must be confirmed, too. */
  | { complete: false }

const NONE_CONFIRMED = 0
const ONE_CONFIRMED = 1

/**
 * @param user locked by the caller, with the token of one of the addresses spent
 * @throws AuthError `email_exists` when another user has taken the address in the meantime
 */
export async function confirmEmailChange(
  { settings }: AuthContext,
  tx: Queryable,
  user: UserRow,
): Promise<Redeemed> {
  const asksBoth = settings.confirmsBothAddresses && !settings.autoconfirm && Boolean(user.email)
  if (asksBoth && (user.email_change_confirm_status ?? NONE_CONFIRMED) === NONE_CONFIRMED) {
    await tx.query(
      'update auth.users set email_change_confirm_status = $2, updated_at = now() where id = $1',
      [user.id, ONE_CONFIRMED],
    )
    return { complete: false }
  }
  return { complete: true, user: await changeAddress(tx, user, user.email_change ?? '') }
}

/** An anonymous user becomes permanent. @param user locked by the caller */
export async function changeAddress(tx: Queryable, user: UserRow, address: string): Promise<UserRow> {
  await clearTokens(tx, user.id)
  await tx.query(`update auth.users set email_change = '', email_change_confirm_status = 0 where id = $1`, [
    user.id,
  ])
  return updateUser(tx, user, {
    email: address,
    confirmEmail: true,
    userMetadata: { email: address, email_verified: true },
    ...(user.is_anonymous && {
      isAnonymous: false,
      appMetadata: { provider: 'email', providers: ['email'] },
    }),
  })
}
