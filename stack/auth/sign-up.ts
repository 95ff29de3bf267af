/** `POST /signup`: a user with an address and a password, or an anonymous user without either. */

import { randomUUID } from 'node:crypto'
import type { AuthContext } from './context.ts'
import type { Queryable } from './database.ts'
import { AuthError, authErrors } from './errors.ts'
import { beginFlow, type Challenge, challengeOf, PKCE_FIELDS } from './flow-state.ts'
import { email, metadata, phone, readBody, text } from './input.ts'
import { PURPOSES, sendUserMail } from './mails.ts'
import { redirectTarget } from './redirects.ts'
import { type SessionJson, sessionJson } from './session-response.ts'
import { deviceOf, openSession } from './sessions.ts'
import type { UserJson, UserRow } from './user-record.ts'
import { AUDIENCE, findUserByEmail, insertUser, lockUser, markSignedIn, userJson } from './users.ts'

type Metadata = Readonly<Record<string, unknown>>

export async function signUp(context: AuthContext, request: Request): Promise<SessionJson | UserJson> {
  const body = await readBody(request, { ...PKCE_FIELDS, phone, email, password: text, data: metadata })
  const { email: address, password, data = {} } = body
  if (address === undefined) return signUpAnonymously(context, request, data)
  if (password === undefined) throw authErrors.validation('Signup requires a valid password')
  context.passwords.check(password)
  const challenge = challengeOf(body)
  // Hashed also for an address that is taken, so that the time does not tell.
  const passwordHash = await context.passwords.hash(password)
  const registration = { address, passwordHash, data, challenge }
  const { user, created } = await registerByEmail(context, request, registration)
  const { autoconfirm } = context.settings
  if (autoconfirm && !created) throw authErrors.userAlreadyExists()
  if (!created && user.email_confirmed_at !== null) return strangerJson(address, data)
  return context.db.transaction(async (tx) => {
    if (autoconfirm) {
      const signedIn = await markSignedIn(tx, user)
      return sessionJson(context, tx, await openSession(tx, signedIn, 'password', deviceOf(request)))
    }
    const json = await userJson(tx, user)
    // The answer to a sign-up with an invited address does not tell of the invitation.
    return user.invited_at === null ? json : { ...json, user_metadata: {}, identities: [] }
  })
}

interface Registration {
  address: string
  /** Empty for a user without a password. */
  passwordHash: string
  data: Metadata
  challenge: Challenge | undefined
}

/**
 * Adds a user. A user who has the address already is returned unchanged, because the caller has not proven the mailbox. Sends
 * the confirmation mail while the address is not confirmed.
 * @throws AuthError `signup_disabled`, `over_email_send_rate_limit`
 */
export async function registerByEmail(
  context: AuthContext,
  request: Request,
  registration: Registration,
): Promise<{ user: UserRow; created: boolean }> {
  if (!context.settings.signUpEnabled) throw authErrors.signUpDisabled()
  const register = () => context.db.transaction((tx) => registerIn(context, tx, request, registration))
  return register().catch((error: unknown) => {
    // Another request has taken the address in the meantime: the second time it is found.
    if (error instanceof AuthError && error.code === 'email_exists') return register()
    throw error
  })
}

async function registerIn(
  context: AuthContext,
  tx: Queryable,
  request: Request,
  { address, passwordHash, data, challenge }: Registration,
): Promise<{ user: UserRow; created: boolean }> {
  const { autoconfirm } = context.settings
  const found = await findUserByEmail(tx, address)
  const existing = found && (await lockUser(tx, found.id))
  const id = randomUUID()
  const user =
    existing ??
    (await insertUser(tx, {
      id,
      email: address,
      passwordHash,
      emailConfirmed: autoconfirm,
      appMetadata: { provider: 'email', providers: ['email'] },
      userMetadata: { ...data, sub: id, email: address, email_verified: autoconfirm, phone_verified: false },
    }))
  const created = existing === undefined
  if (autoconfirm || user.email_confirmed_at !== null) return { user, created }
  if (challenge !== undefined) await beginFlow(tx, user.id, 'email/signup', challenge)
  const mailed = await sendUserMail(context, tx, user, PURPOSES.confirmation, {
    flow: challenge === undefined ? 'implicit' : 'pkce',
    redirectTo: redirectTarget(context.settings, request),
  })
  return { user: mailed, created }
}

/** The answer for an address that has an account: as for a new one, but nothing in it is true. */
function strangerJson(address: string, data: Metadata): UserJson {
  const now = new Date().toISOString()
  return {
    id: randomUUID(),
    aud: AUDIENCE,
    role: '',
    email: address,
    phone: '',
    app_metadata: { provider: 'email', providers: ['email'] },
    user_metadata: { ...data },
    identities: [],
    is_anonymous: false,
    created_at: now,
    updated_at: now,
    confirmation_sent_at: now,
  }
}

async function signUpAnonymously(
  context: AuthContext,
  request: Request,
  userMetadata: Metadata,
): Promise<SessionJson> {
  if (!context.settings.signUpEnabled) throw authErrors.signUpDisabled()
  if (!context.settings.anonymousEnabled) throw authErrors.anonymousDisabled()
  return context.db.transaction(async (tx) => {
    const created = await insertUser(tx, {
      emailConfirmed: false,
      appMetadata: {},
      userMetadata,
      isAnonymous: true,
    })
    const user = await markSignedIn(tx, created)
    return sessionJson(context, tx, await openSession(tx, user, 'anonymous', deviceOf(request)))
  })
}
