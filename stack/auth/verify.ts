/**
 * `/verify`: a session in exchange for the code or the link of a mail.
 *
 *   POST {type, email, token}       the code of a mail, typed on the sign-in page
 *   POST {type, token_hash}         the link of our templates: a page of the application sends the token
 *   GET  ?type=&token=&redirect_to= the link of GoTrue's own templates: redirects with a session or an error
 *
 * Each token works once. Nothing is spent where the answer is an error.
 */

import { type FlowType, flowOfToken, linkToken, storedHash } from './codes.ts'
import type { AuthContext } from './context.ts'
import type { Queryable } from './database.ts'
import { confirmEmailChange, type Redeemed } from './email-change.ts'
import { AuthError, authErrors } from './errors.ts'
import { issueFlowCode } from './flow-state.ts'
import { emailAddress, readBody, text } from './input.ts'
import { clearTokens, findToken, spendToken, type TokenRow, type TokenType } from './one-time-tokens.ts'
import { redirectTarget } from './redirects.ts'
import { type SessionJson, sessionJson } from './session-response.ts'
import { type AuthMethod, deviceOf, openSession } from './sessions.ts'
import { confirmUser, isBanned, lockUser, markSignedIn } from './users.ts'

/** Tokens that each `type` accepts. */
const TOKENS_OF_TYPE: ReadonlyMap<string, readonly TokenType[]> = new Map<string, readonly TokenType[]>([
  ['email', ['confirmation_token', 'recovery_token']],
  ['signup', ['confirmation_token']],
  ['invite', ['confirmation_token']],
  ['recovery', ['recovery_token']],
  ['magiclink', ['recovery_token']],
  ['email_change', ['email_change_token_current', 'email_change_token_new']],
])

/** Answer to the first of two links that both addresses of an e-mail change must follow. */
const FIRST_OF_TWO = 'Confirmation link accepted. Please proceed to confirm link sent to the other email'

/** Method of the session that a PKCE code gives, by the link's `type`. */
const PKCE_METHODS: ReadonlyMap<string, AuthMethod> = new Map<string, AuthMethod>([
  ['signup', 'email/signup'],
  ['invite', 'invite'],
  ['magiclink', 'magiclink'],
  ['recovery', 'recovery'],
  ['email_change', 'email_change'],
])

const BODY = { type: text, token: text, token_hash: text, email: text, phone: text, redirect_to: text }

export async function verifyByPost(
  context: AuthContext,
  request: Request,
): Promise<SessionJson | { msg: string; code: string }> {
  const body = await readBody(request, BODY)
  const { type, token, token_hash: tokenHash } = body
  if (type === undefined) throw authErrors.validation('Verify requires a verification type')
  if ((token === undefined) === (tokenHash === undefined)) {
    throw authErrors.validation('Verify requires either a token or a token hash')
  }
  if (tokenHash !== undefined) {
    if (body.email !== undefined || body.phone !== undefined || body.redirect_to !== undefined) {
      throw authErrors.validation('Only the token_hash and type should be provided')
    }
    return signInBy(context, request, (tx) => redeemLink(context, tx, type, tokenHash))
  }
  // No code was ever sent to a phone.
  if (body.phone !== undefined && body.email === undefined) throw authErrors.codeInvalid()
  if (body.email === undefined || body.phone !== undefined) {
    throw authErrors.validation('Only an email address or phone number should be provided on verify')
  }
  const address = emailAddress(body.email)
  if (address === undefined) throw authErrors.validation('Invalid email format', 422)
  const verdict = context.guesses.attempt(address)
  if (verdict === 'address_locked') throw authErrors.tooManyRequests()
  if (verdict === 'code_locked') throw authErrors.codeInvalid()
  const answer = await signInBy(context, request, (tx) => redeemCode(context, tx, type, address, token ?? ''))
  context.guesses.right(address)
  return answer
}

/** Redirects to the application: with the session in the fragment, a PKCE code in the query, or an error in either. */
export async function verifyByLink(context: AuthContext, request: Request): Promise<Response> {
  const { searchParams } = new URL(request.url)
  const [type, token] = [searchParams.get('type') ?? '', searchParams.get('token') ?? '']
  if (type === '') throw authErrors.validation('Verify requires a verification type')
  if (token === '') throw authErrors.validation('Verify requires a token or a token hash')
  const target = redirectTarget(context.settings, request)
  const flow = flowOfToken(token)
  try {
    return redirect(
      flow === 'pkce'
        ? await pkceAddress(context, type, token, target)
        : await implicitAddress(context, request, type, token, target),
    )
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
    return redirect(errorAddress(error, target, flow))
  }
}

async function implicitAddress(
  context: AuthContext,
  request: Request,
  type: string,
  token: string,
  target: string,
): Promise<string> {
  const answer = await signInBy(context, request, (tx) => redeemLink(context, tx, type, token))
  if (!('access_token' in answer)) return messageAddress(target, 'implicit')
  const fragment = new URLSearchParams({
    access_token: answer.access_token,
    expires_at: String(answer.expires_at),
    expires_in: String(answer.expires_in),
    refresh_token: answer.refresh_token,
    sb: '',
    token_type: answer.token_type,
    type,
  })
  return `${target}#${fragment}`
}

async function pkceAddress(
  context: AuthContext,
  type: string,
  token: string,
  target: string,
): Promise<string> {
  const method = PKCE_METHODS.get(type)
  if (method === undefined) throw authErrors.validation('Unsupported verification type')
  const code = await context.db.transaction(async (tx) => {
    const redeemed = await redeemLink(context, tx, type, token)
    return redeemed.complete ? issueFlowCode(tx, redeemed.user.id, method) : undefined
  })
  if (code === undefined) return messageAddress(target, 'pkce')
  const address = new URL(target)
  address.searchParams.set('code', code)
  return address.href
}

function messageAddress(target: string, flow: FlowType): string {
  const address = new URL(target)
  if (flow === 'pkce') address.searchParams.set('message', FIRST_OF_TWO)
  address.hash = String(new URLSearchParams({ message: FIRST_OF_TWO, sb: '' }))
  return address.href
}

/** OAuth's word for a status. */
const OAUTH_ERRORS: ReadonlyMap<number, string> = new Map([
  [400, 'invalid_request'],
  [401, 'unauthorized_client'],
  [403, 'access_denied'],
  [500, 'server_error'],
  [503, 'temporarily_unavailable'],
])

function errorAddress(error: AuthError, target: string, flow: FlowType): string {
  const word = OAUTH_ERRORS.get(error.status)
  const fields = {
    ...(word !== undefined && { error: word }),
    error_code: error.code,
    error_description: error.message,
  }
  const address = new URL(target)
  if (flow === 'pkce') {
    for (const [name, value] of Object.entries(fields)) address.searchParams.set(name, value)
  }
  address.hash = String(new URLSearchParams({ ...fields, sb: '' }))
  return address.href
}

function redirect(location: string): Response {
  // The referrer would tell the next page the token.
  return new Response(null, {
    status: 303,
    headers: { location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' },
  })
}

async function signInBy(
  context: AuthContext,
  request: Request,
  redeem: (tx: Queryable) => Promise<Redeemed>,
): Promise<SessionJson | { msg: string; code: string }> {
  return context.db.transaction(async (tx) => {
    const redeemed = await redeem(tx)
    if (!redeemed.complete) return { msg: FIRST_OF_TWO, code: '200' }
    const user = await markSignedIn(tx, redeemed.user)
    return sessionJson(context, tx, await openSession(tx, user, 'otp', deviceOf(request)))
  })
}

async function redeemLink(
  context: AuthContext,
  tx: Queryable,
  type: string,
  token: string,
): Promise<Redeemed> {
  const types = TOKENS_OF_TYPE.get(type)
  if (types === undefined) throw authErrors.validation('Invalid email verification type')
  const row = await findToken(tx, types, [storedHash(token)], context.settings.codeLifetime)
  return redeem(context, tx, row, authErrors.linkInvalid)
}

async function redeemCode(
  context: AuthContext,
  tx: Queryable,
  type: string,
  address: string,
  code: string,
): Promise<Redeemed> {
  const types = TOKENS_OF_TYPE.get(type)
  if (types === undefined) throw authErrors.codeInvalid()
  const hashes = (['implicit', 'pkce'] as const).map((flow) =>
    storedHash(linkToken(context.keys, address, code, flow)),
  )
  const row = await findToken(tx, types, hashes, context.settings.codeLifetime)
  return redeem(context, tx, row, authErrors.codeInvalid)
}

async function redeem(
  context: AuthContext,
  tx: Queryable,
  token: TokenRow | undefined,
  invalid: () => AuthError,
): Promise<Redeemed> {
  // The user is locked before the token is deleted: requests for mails take the two in the same order.
  const user = token && (await lockUser(tx, token.userId))
  if (token === undefined || user === undefined) throw invalid()
  if (isBanned(user)) throw authErrors.verifyUserBanned()
  if (token.expired || !(await spendToken(tx, token.id))) throw invalid()
  if (token.type === 'email_change_token_current' || token.type === 'email_change_token_new') {
    return confirmEmailChange(context, tx, user)
  }
  await clearTokens(tx, user.id)
  return { complete: true, user: user.email_confirmed_at === null ? await confirmUser(tx, user) : user }
}
