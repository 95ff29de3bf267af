/** `POST /signup`: with an address and a password, or without either as an anonymous user. */

import { randomUUID } from 'node:crypto'
import type { AuthContext } from './context.ts'
import { AuthError, authErrors } from './errors.ts'
import { type Body, optionalEmail, optionalObject, optionalString, readBody } from './input.ts'
import { type SessionJson, sessionJson } from './session-response.ts'
import { deviceOf, openSession } from './sessions.ts'
import { findUserByEmail, insertUser, markSignedIn } from './users.ts'

export async function signUp(context: AuthContext, request: Request): Promise<SessionJson> {
  const body = await readBody(request)
  if (optionalString(body, 'phone') !== undefined) throw authErrors.phoneDisabled()
  const email = optionalEmail(body, 'email')
  return email === undefined
    ? signUpAnonymously(context, request, body)
    : signUpWithEmail(context, request, body, email)
}

async function signUpAnonymously(context: AuthContext, request: Request, body: Body): Promise<SessionJson> {
  const userMetadata = optionalObject(body, 'data') ?? {}
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
  body: Body,
  email: string,
): Promise<SessionJson> {
  const password = optionalString(body, 'password')
  if (password === undefined) throw authErrors.validation('Signup requires a valid password')
  context.passwords.check(password)
  const data = optionalObject(body, 'data') ?? {}
  if (await findUserByEmail(context.db.pool, email)) throw authErrors.userAlreadyExists()
  const passwordHash = await context.passwords.hash(password)
  const id = randomUUID()
  return context.db.transaction(async (tx) => {
    const created = await insertUser(tx, {
      id,
      email,
      passwordHash,
      emailConfirmed: true,
      appMetadata: { provider: 'email', providers: ['email'] },
      userMetadata: { ...data, sub: id, email, email_verified: true, phone_verified: false },
    }).catch((error: unknown) => {
      // Somebody took the address since we looked.
      throw error instanceof AuthError && error.code === 'email_exists'
        ? authErrors.userAlreadyExists()
        : error
    })
    const user = await markSignedIn(tx, created)
    return sessionJson(context, tx, await openSession(tx, user, 'password', deviceOf(request)))
  })
}
