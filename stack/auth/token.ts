/** `POST /token`: a session in exchange for a password, a refresh token or a PKCE code. */

import type { AuthContext } from './context.ts'
import { AuthError, authErrors } from './errors.ts'
import { exchangeFlow } from './flow-state.ts'
import { phone, readBody, text } from './input.ts'
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
  if (grantType === 'pkce') return grantByCode(context, request)
  // No provider is there whose tokens could be accepted.
  if (grantType === 'web3') throw authErrors.web3Disabled()
  if (grantType === 'id_token') {
    const { issuer } = await readBody(request, { issuer: text })
    throw authErrors.idTokenDisabled(issuer ?? '')
  }
  throw authErrors.unsupportedGrant()
}

async function grantByPassword(context: AuthContext, request: Request): Promise<SessionJson> {
  const body = await readBody(request, { phone, email: text, password: text })
  if (body.email === undefined) throw authErrors.validation('missing email or phone')
  const found = await findUserByEmail(context.db.pool, body.email.toLowerCase())
  const hash = found?.encrypted_password
  if (!(await context.passwords.matches(body.password ?? '', hash))) throw authErrors.invalidCredentials()
  return context.db.transaction(async (tx) => {
    const user = found && (await lockUser(tx, found.id))
    // The password may have been changed, or the user deleted, while the hash was compared.
    if (!user || user.encrypted_password !== hash) throw authErrors.invalidCredentials()
    if (isBanned(user)) throw authErrors.userBanned()
    if (user.email_confirmed_at === null) throw authErrors.emailNotConfirmed()
    const signedIn = await markSignedIn(tx, user)
    return sessionJson(context, tx, await openSession(tx, signedIn, 'password', deviceOf(request)))
  })
}

async function grantByRefreshToken(context: AuthContext, request: Request): Promise<SessionJson> {
  const { refresh_token: token } = await readBody(request, { refresh_token: text })
  if (token === undefined) throw authErrors.validation('refresh_token required')
  const reuseInterval = context.settings.refreshTokenReuseInterval
  const result = await context.db.transaction(async (tx) => {
    const session = await refreshSession(tx, token, reuseInterval, deviceOf(request))
    return session instanceof AuthError ? session : sessionJson(context, tx, session)
  })
  if (result instanceof AuthError) throw result
  return result
}

async function grantByCode(context: AuthContext, request: Request): Promise<SessionJson> {
  const { auth_code: code, code_verifier: verifier } = await readBody(request, {
    auth_code: text,
    code_verifier: text,
  })
  if (code === undefined || verifier === undefined) {
    throw authErrors.validation('invalid request: both auth code and code verifier should be non-empty')
  }
  return context.db.transaction(async (tx) => {
    const flow = await exchangeFlow(tx, code, verifier, context.settings.flowLifetime)
    const user = await lockUser(tx, flow.userId)
    if (user === undefined) {
      throw authErrors.flowStateNotFound('invalid flow state, no valid flow state found', 404)
    }
    if (isBanned(user)) throw authErrors.verifyUserBanned()
    const signedIn = await markSignedIn(tx, user)
    return sessionJson(context, tx, await openSession(tx, signedIn, flow.method, deviceOf(request)))
  })
}
