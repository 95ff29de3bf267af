/** `GET /user`, `PUT /user` and `POST /logout`: the signed-in user's own account. */

import type { Caller } from '../types.ts'
import { requireUser, type SignedInUser } from './caller.ts'
import { linkToken, storedHash } from './codes.ts'
import type { AuthContext } from './context.ts'
import type { Queryable } from './database.ts'
import { changeAddress } from './email-change.ts'
import { authErrors } from './errors.ts'
import { beginFlow, challengeOf, PKCE_FIELDS } from './flow-state.ts'
import { email, metadata, phone, readBody, text } from './input.ts'
import { sendEmailChange } from './mails.ts'
import { clearTokens, findToken } from './one-time-tokens.ts'
import { redirectTarget } from './redirects.ts'
import { closeSessions, findSession, type LogoutScope } from './sessions.ts'
import type { UserJson, UserRow } from './user-record.ts'
import { findUserByEmail, lockUser, updateUser, userJson } from './users.ts'

export async function getUser(context: AuthContext, request: Request, caller: Caller): Promise<UserJson> {
  const { user } = await requireUser(context, request, caller)
  return userJson(context.db.pool, user)
}

const CHANGES = {
  ...PKCE_FIELDS,
  phone,
  email,
  password: text,
  current_password: text,
  nonce: text,
  data: metadata,
  app_metadata: metadata,
}

export async function changeUser(context: AuthContext, request: Request, caller: Caller): Promise<UserJson> {
  const signedIn = await requireUser(context, request, caller)
  const { user, sessionId } = signedIn
  const body = await readBody(request, CHANGES)
  if (body.app_metadata !== undefined) {
    throw authErrors.notAdmin('Updating app_metadata requires admin privileges')
  }
  const challenge = challengeOf(body)
  const address = body.email === user.email ? undefined : body.email
  if (address !== undefined || body.password !== undefined) await requireAal2(context.db.pool, signedIn)
  if (address !== undefined && (await findUserByEmail(context.db.pool, address))) {
    throw authErrors.emailExists()
  }
  const passwordHash = await newPasswordHash(context, signedIn, body)

  return context.db.transaction(async (tx) => {
    const locked = await lockUser(tx, user.id)
    if (!locked) throw authErrors.subjectNotFound()
    let changed = await updateUser(tx, locked, { passwordHash, userMetadata: body.data })
    if (passwordHash !== undefined) {
      // Links and sessions from before the new password end.
      await clearTokens(tx, user.id)
      await closeSessions(tx, user.id, 'others', sessionId)
    }
    if (address !== undefined) {
      if (user.is_anonymous && context.settings.autoconfirm) {
        changed = await changeAddress(tx, changed, address)
      } else {
        if (challenge !== undefined) await beginFlow(tx, user.id, 'email_change', challenge)
        changed = await sendEmailChange(context, tx, changed, address, {
          flow: challenge === undefined ? 'implicit' : 'pkce',
          redirectTo: redirectTarget(context.settings, request),
        })
      }
    }
    return userJson(tx, changed)
  })
}

async function requireAal2(db: Queryable, { user, sessionId }: SignedInUser): Promise<void> {
  const { rows } = await db.query(
    `select from auth.mfa_factors where user_id = $1 and status = 'verified' limit 1`,
    [user.id],
  )
  if (rows.length === 0) return
  const session = sessionId === undefined ? undefined : await findSession(db, sessionId)
  if (session?.aal !== 'aal2') {
    throw authErrors.insufficientAal(
      'AAL2 session is required to update email or password when MFA is enabled.',
      401,
    )
  }
}

interface PasswordChange {
  email?: string | undefined
  password?: string | undefined
  current_password?: string | undefined
  nonce?: string | undefined
}

async function newPasswordHash(
  context: AuthContext,
  { user, sessionId }: SignedInUser,
  change: PasswordChange,
): Promise<string | undefined> {
  const { passwords, settings } = context
  const { password, current_password: current = '' } = change
  if (password === undefined) return undefined
  if (user.is_anonymous && change.email === undefined) {
    throw authErrors.validation(
      'Updating password of an anonymous user without an email or phone is not allowed',
      422,
    )
  }
  passwords.check(password)
  const session = sessionId === undefined ? undefined : await findSession(context.db.pool, sessionId)
  if (settings.passwordNeedsReauthentication && !session?.recent) {
    await requireNonce(context, user, change.nonce)
  }
  if (user.encrypted_password) {
    if (settings.passwordNeedsCurrent && !session?.fromMail) {
      if (current === '') throw authErrors.currentPasswordRequired()
      if (!(await passwords.matches(current, user.encrypted_password))) {
        throw authErrors.currentPasswordMismatch()
      }
    }
    if (await passwords.matches(password, user.encrypted_password)) throw authErrors.samePassword()
  }
  return passwords.hash(password)
}

/** The code of `/reauthenticate`. */
async function requireNonce(context: AuthContext, user: UserRow, nonce: string | undefined): Promise<void> {
  if (nonce === undefined) throw authErrors.reauthenticationNeeded()
  const address = user.email ?? ''
  if (context.guesses.attempt(address) !== 'allowed') throw authErrors.reauthenticationNotValid()
  const hash = storedHash(linkToken(context.keys, address, nonce, 'implicit'))
  const token = await findToken(
    context.db.pool,
    ['reauthentication_token'],
    [hash],
    context.settings.codeLifetime,
  )
  if (token === undefined || token.expired || token.userId !== user.id) {
    throw authErrors.reauthenticationNotValid()
  }
  context.guesses.right(address)
}

const SCOPES: readonly LogoutScope[] = ['global', 'local', 'others']

export async function logOut(
  context: AuthContext,
  request: Request,
  caller: Caller,
  scopeText: string | null,
): Promise<void> {
  const scope = SCOPES.find((known) => known === (scopeText ?? 'global'))
  if (scope === undefined) throw authErrors.validation('Unsupported logout scope')
  const { user, sessionId } = await requireUser(context, request, caller)
  await closeSessions(context.db.pool, user.id, scope, sessionId)
}
