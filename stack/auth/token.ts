/** `POST /token`: a session for a password or for a refresh token. */

import type { AuthContext } from './context.ts'
import { AuthError, authErrors } from './errors.ts'
import { optionalString, readBody } from './input.ts'
import { type SessionJson, sessionJson } from './session-response.ts'
import { deviceOf, openSession, refreshSession } from './sessions.ts'
import { findUserByEmail, isBanned, lockUser, markSignedIn } from './users.ts'

export async function grantToken(
  context: AuthContext,
  request: Request,
  grantType: string | null,
): Promise<SessionJson> {
  if (grantType === 'password') return grantByPassword(context, request)
  if (grantType === 'refresh_token') return grantByRefreshToken(context, request)
  throw authErrors.unsupportedGrant()
}

async function grantByPassword(context: AuthContext, request: Request): Promise<SessionJson> {
  const body = await readBody(request)
  if (optionalString(body, 'phone') !== undefined) throw authErrors.phoneDisabled()
  const email = optionalString(body, 'email')?.toLowerCase()
  if (email === undefined) throw authErrors.validation('missing email or phone')
  const password = optionalString(body, 'password') ?? ''

  const found = await findUserByEmail(context.db.pool, email)
  if (!(await context.passwords.matches(password, found?.encrypted_password))) {
    throw authErrors.invalidCredentials()
  }
  const hash = found?.encrypted_password
  return context.db.transaction(async (tx) => {
    const user = found && (await lockUser(tx, found.id))
    // The password may have been changed, or the user deleted, while the hash was being compared.
    if (!user || user.encrypted_password !== hash) throw authErrors.invalidCredentials()
    if (isBanned(user)) throw authErrors.userBanned()
    if (user.email_confirmed_at === null) throw authErrors.emailNotConfirmed()
    const signedIn = await markSignedIn(tx, user)
    return sessionJson(context, tx, await openSession(tx, signedIn, 'password', deviceOf(request)))
  })
}

async function grantByRefreshToken(context: AuthContext, request: Request): Promise<SessionJson> {
  const token = optionalString(await readBody(request), 'refresh_token')
  if (token === undefined) throw authErrors.validation('refresh_token required')
  const result = await context.db.transaction(async (tx) => {
    const session = await refreshSession(
      tx,
      token,
      context.settings.refreshTokenReuseInterval,
      deviceOf(request),
    )
    return session instanceof AuthError ? session : sessionJson(context, tx, session)
  })
  if (result instanceof AuthError) throw result
  return result
}
