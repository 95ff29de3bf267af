/** `GET /user`, `PUT /user` and `POST /logout`: the signed-in user's own account. */

import type { Caller } from '../types.ts'
import { requireUser } from './caller.ts'
import type { AuthContext } from './context.ts'
import { authErrors } from './errors.ts'
import { email, metadata, phone, readBody, text } from './input.ts'
import { closeSessions, type LogoutScope } from './sessions.ts'
import type { UserJson, UserRow } from './user-record.ts'
import { lockUser, updateUser, userJson } from './users.ts'

export async function getUser(context: AuthContext, request: Request, caller: Caller): Promise<UserJson> {
  const { user } = await requireUser(context, request, caller)
  return userJson(context.db.pool, user)
}

export async function changeUser(context: AuthContext, request: Request, caller: Caller): Promise<UserJson> {
  const { user, sessionId } = await requireUser(context, request, caller)
  const body = await readBody(request, {
    phone,
    email,
    password: text,
    data: metadata,
    app_metadata: metadata,
  })
  if (body.app_metadata !== undefined) {
    throw authErrors.notAdmin('Updating app_metadata requires admin privileges')
  }
  const { email: address, data } = body
  const passwordHash = await newPasswordHash(context, user, body.password, address)

  return context.db.transaction(async (tx) => {
    const locked = await lockUser(tx, user.id)
    if (!locked) throw authErrors.subjectNotFound()
    const becomesPermanent = locked.is_anonymous && address !== undefined
    const changed = await updateUser(tx, locked, {
      email: address,
      passwordHash,
      confirmEmail: address !== undefined,
      userMetadata: address === undefined ? data : { ...data, email: address, email_verified: true },
      ...(becomesPermanent && {
        isAnonymous: false,
        appMetadata: { provider: 'email', providers: ['email'] },
      }),
    })
    // Sessions that were opened with the old password end.
    if (passwordHash !== undefined) await closeSessions(tx, user.id, 'others', sessionId)
    return userJson(tx, changed)
  })
}

async function newPasswordHash(
  context: AuthContext,
  user: UserRow,
  password: string | undefined,
  address: string | undefined,
): Promise<string | undefined> {
  if (password === undefined) return undefined
  if (user.is_anonymous && address === undefined) {
    throw authErrors.validation(
      'Updating password of an anonymous user without an email or phone is not allowed',
      422,
    )
  }
  context.passwords.check(password)
  if (user.encrypted_password && (await context.passwords.matches(password, user.encrypted_password))) {
    throw authErrors.samePassword()
  }
  return context.passwords.hash(password)
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
