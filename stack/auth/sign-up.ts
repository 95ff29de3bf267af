/** `POST /signup`: a user with an address and a password, or an anonymous user without either. */

import { randomUUID } from 'node:crypto'
import type { AuthContext } from './context.ts'
import { AuthError, authErrors } from './errors.ts'
import { email, metadata, phone, readBody, text } from './input.ts'
import { type SessionJson, sessionJson } from './session-response.ts'
import { deviceOf, openSession } from './sessions.ts'
import { findUserByEmail, insertUser, markSignedIn } from './users.ts'

export async function signUp(context: AuthContext, request: Request): Promise<SessionJson> {
  const {
    email: address,
    password,
    data,
  } = await readBody(request, { phone, email, password: text, data: metadata })
  return address === undefined
    ? signUpAnonymously(context, request, data ?? {})
    : signUpWithEmail(context, request, { address, password, data: data ?? {} })
}

type Metadata = Readonly<Record<string, unknown>>

async function signUpAnonymously(
  context: AuthContext,
  request: Request,
  userMetadata: Metadata,
): Promise<SessionJson> {
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

async function signUpWithEmail(
  context: AuthContext,
  request: Request,
  { address, password, data }: { address: string; password: string | undefined; data: Metadata },
): Promise<SessionJson> {
  if (password === undefined) throw authErrors.validation('Signup requires a valid password')
  context.passwords.check(password)
  if (await findUserByEmail(context.db.pool, address)) throw authErrors.userAlreadyExists()
  const passwordHash = await context.passwords.hash(password)
  const id = randomUUID()
  return context.db.transaction(async (tx) => {
    const created = await insertUser(tx, {
      id,
      email: address,
      passwordHash,
      emailConfirmed: true,
      appMetadata: { provider: 'email', providers: ['email'] },
      userMetadata: { ...data, sub: id, email: address, email_verified: true, phone_verified: false },
    }).catch((error: unknown) => {
      // Another sign-up has taken the address in the meantime.
      throw error instanceof AuthError && error.code === 'email_exists'
        ? authErrors.userAlreadyExists()
        : error
    })
    const user = await markSignedIn(tx, created)
    return sessionJson(context, tx, await openSession(tx, user, 'password', deviceOf(request)))
  })
}
