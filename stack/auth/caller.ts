/** The caller of an endpoint: from the `Authorization` header, or from the gateway where that header is missing. */

import { verifyToken } from '../keys/index.ts'
import type { Caller, StackKeys } from '../types.ts'
import type { AuthContext } from './context.ts'
import { authErrors } from './errors.ts'
import { isUuid } from './input.ts'
import { sessionExists } from './sessions.ts'
import type { UserRow } from './user-record.ts'
import { findUserById } from './users.ts'

const ADMIN_ROLES: readonly unknown[] = ['service_role', 'supabase_admin']

export interface SignedInUser {
  user: UserRow
  /** Undefined for a token without a session. */
  sessionId: string | undefined
}

type Claims = Readonly<Record<string, unknown>>

/** @throws AuthError as `GET /user` answers: `no_authorization`, `bad_jwt`, `user_not_found`, `session_not_found` */
export async function requireUser(
  context: AuthContext,
  request: Request,
  caller: Caller,
): Promise<SignedInUser> {
  const claims = await claimsOf(context.keys, request, caller)
  const { sub, session_id: sessionId } = claims
  if (sub === undefined || sub === '') throw authErrors.badJwt('invalid claim: missing sub claim')
  if (!isUuid(sub)) throw authErrors.badJwt('invalid claim: sub claim must be a UUID', 400)
  const user = await findUserById(context.db.pool, sub)
  if (!user) throw authErrors.subjectNotFound()
  if (sessionId === undefined) return { user, sessionId: undefined }
  if (!isUuid(sessionId) || !(await sessionExists(context.db.pool, sessionId, user.id))) {
    throw authErrors.sessionNotFound()
  }
  return { user, sessionId }
}

/** @throws AuthError `not_admin` for every role but the service role */
export async function requireAdmin(context: AuthContext, request: Request, caller: Caller): Promise<void> {
  const claims = await claimsOf(context.keys, request, caller)
  if (!ADMIN_ROLES.includes(claims.role)) throw authErrors.notAdmin()
}

async function claimsOf(keys: StackKeys, request: Request, caller: Caller): Promise<Claims> {
  const header = request.headers.get('authorization')
  if (header === null) {
    if (caller.role === 'anon') throw authErrors.noAuthorization()
    return caller.claims
  }
  const token = /^Bearer\s+(\S+)$/i.exec(header)?.[1]
  if (token === undefined) throw authErrors.noAuthorization()
  if (token === keys.secretKey) return { role: 'service_role' }
  if (token === keys.publishableKey) return { role: 'anon' }
  const verdict = await verifyToken(keys, token)
  if (verdict.ok) return verdict.claims
  throw authErrors.badJwt(
    `invalid JWT: unable to parse or verify signature, ${
      {
        malformed: 'token is malformed',
        expired: 'token has invalid claims: token is expired',
        invalid: 'token signature is invalid',
      }[verdict.failure]
    }`,
  )
}
