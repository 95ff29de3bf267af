/**
 * Sessions and their refresh tokens.
 *
 *   sign-in ──> session ──> token 1 ──refresh──> token 2 ──refresh──> token 3 (active)
 *                            revoked    parent     revoked    parent
 *
 * A refresh revokes the token that it uses. A revoked token still gives the active token when the answer to its refresh
 * may have been lost: when it is the parent of the active token, or was used within the reuse interval. Any other use of
 * a revoked token means that a copy of it was stolen, and revokes every token of the session.
 */

import { randomBytes, randomUUID } from 'node:crypto'
import { isIP } from 'node:net'
import type { Queryable } from './database.ts'
import { type AuthError, authErrors } from './errors.ts'
import type { UserRow } from './user-record.ts'
import { findUserById, isBanned } from './users.ts'

/** How a session began, as claim `amr` has it. */
export type AuthMethod =
  | 'password'
  | 'anonymous'
  | 'otp'
  | 'totp'
  | 'email/signup'
  | 'invite'
  | 'magiclink'
  | 'recovery'
  | 'email_change'

interface AmrEntry {
  method: string
  /** Seconds since 1970. */
  timestamp: number
}

export type AuthLevel = 'aal1' | 'aal2' | 'aal3'

export interface OpenSession {
  id: string
  user: UserRow
  aal: AuthLevel
  refreshToken: string
  amr: AmrEntry[]
}

/** Facts about the device, kept with its session. */
export interface Device {
  userAgent: string | null
  ip: string | null
}

export type LogoutScope = 'global' | 'local' | 'others'

interface TokenRow {
  token: string
  parent: string | null
  revoked: boolean | null
  session_id: string | null
  reusable: boolean
}

const INSTANCE_ID = '00000000-0000-0000-0000-000000000000'

export function deviceOf(request: Request): Device {
  const forwarded = request.headers.get('x-forwarded-for')?.split(',')[0]?.trim() ?? ''
  return { userAgent: request.headers.get('user-agent'), ip: isIP(forwarded) ? forwarded : null }
}

export async function openSession(
  tx: Queryable,
  user: UserRow,
  method: AuthMethod,
  device: Device,
): Promise<OpenSession> {
  const id = randomUUID()
  await tx.query(
    `insert into auth.sessions (id, user_id, created_at, updated_at, aal, user_agent, ip)
     values ($1, $2, now(), now(), 'aal1', $3, $4)`,
    [id, user.id, device.userAgent, device.ip],
  )
  await tx.query(
    `insert into auth.mfa_amr_claims (id, session_id, created_at, updated_at, authentication_method)
     values ($1, $2, now(), now(), $3)`,
    [randomUUID(), id, method],
  )
  const refreshToken = await insertToken(tx, id, user.id, null)
  return { id, user, aal: 'aal1', refreshToken, amr: await amrOf(tx, id) }
}

/**
 * Exchanges a refresh token. Failures are returned, not thrown, so that the revocation of a stolen session is committed.
 * @param reuseInterval seconds
 */
export async function refreshSession(
  tx: Queryable,
  token: string,
  reuseInterval: number,
  device: Device,
): Promise<OpenSession | AuthError> {
  const sessionId = (await findToken(tx, token, reuseInterval))?.session_id
  if (!sessionId) return authErrors.refreshTokenNotFound()

  // The lock on the session orders concurrent refreshes. The token is read again after the lock is taken.
  const { rows: sessions } = await tx.query<{ user_id: string; aal: AuthLevel; expired: boolean }>(
    `select user_id, coalesce(aal, 'aal1') as aal, coalesce(not_after < now(), false) as expired from auth.sessions where id = $1 for update`,
    [sessionId],
  )
  const session = sessions[0]
  const current = await findToken(tx, token, reuseInterval)
  if (!session || !current) return authErrors.refreshTokenNotFound()
  const user = await findUserById(tx, session.user_id)
  if (!user) return authErrors.refreshTokenNotFound()
  if (isBanned(user)) return authErrors.refreshUserBanned()
  if (session.expired) return authErrors.sessionExpired()

  const refreshToken = await nextToken(tx, sessionId, user.id, current)
  if (refreshToken === undefined) {
    await tx.query(
      `update auth.refresh_tokens set revoked = true, updated_at = now() where session_id = $1 and revoked = false`,
      [sessionId],
    )
    return authErrors.refreshTokenAlreadyUsed()
  }
  await tx.query(
    `update auth.sessions set refreshed_at = now() at time zone 'utc', updated_at = now(),
       user_agent = $2, ip = coalesce($3, ip) where id = $1`,
    [sessionId, device.userAgent, device.ip],
  )
  return { id: sessionId, user, aal: session.aal, refreshToken, amr: await amrOf(tx, sessionId) }
}

/**
 * The user has proved a second factor in the session. Its earlier refresh tokens end with the other sessions that have no
 * second factor: who holds one of them has not proved the factor.
 * @param user locked by the caller
 */
export async function raiseSession(
  tx: Queryable,
  user: UserRow,
  sessionId: string,
  factorId: string,
): Promise<OpenSession> {
  await tx.query(
    `insert into auth.mfa_amr_claims (id, session_id, created_at, updated_at, authentication_method)
     values ($1, $2, now(), now(), 'totp')
     on conflict (session_id, authentication_method) do update set updated_at = excluded.updated_at`,
    [randomUUID(), sessionId],
  )
  await tx.query(`update auth.sessions set aal = 'aal2', factor_id = $2, updated_at = now() where id = $1`, [
    sessionId,
    factorId,
  ])
  await tx.query(`delete from auth.sessions where user_id = $1 and coalesce(aal, 'aal1') < 'aal2'`, [user.id])
  await tx.query('delete from auth.refresh_tokens where session_id = $1', [sessionId])
  const refreshToken = await insertToken(tx, sessionId, user.id, null)
  return { id: sessionId, user, aal: 'aal2', refreshToken, amr: await amrOf(tx, sessionId) }
}

/** The token to hand out, or undefined when `current` must not be used again. */
async function nextToken(
  tx: Queryable,
  sessionId: string,
  userId: string,
  current: TokenRow,
): Promise<string | undefined> {
  if (current.revoked !== true) {
    await tx.query(`update auth.refresh_tokens set revoked = true, updated_at = now() where token = $1`, [
      current.token,
    ])
    return insertToken(tx, sessionId, userId, current.token)
  }
  const { rows } = await tx.query<{ token: string; parent: string | null }>(
    `select token, parent from auth.refresh_tokens where session_id = $1 and revoked = false order by id desc limit 1`,
    [sessionId],
  )
  const active = rows[0]
  if (!active) return undefined
  return active.parent === current.token || current.reusable ? active.token : undefined
}

async function findToken(tx: Queryable, token: string, reuseInterval: number): Promise<TokenRow | undefined> {
  const { rows } = await tx.query<TokenRow>(
    `select token, parent, revoked, session_id,
            clock_timestamp() < updated_at + $2::double precision * interval '1 second' as reusable
       from auth.refresh_tokens where token = $1`,
    [token, reuseInterval],
  )
  return rows[0]
}

async function insertToken(
  tx: Queryable,
  sessionId: string,
  userId: string,
  parent: string | null,
): Promise<string> {
  const token = randomBytes(24).toString('base64url')
  await tx.query(
    `insert into auth.refresh_tokens (instance_id, token, user_id, revoked, created_at, updated_at, parent, session_id)
     values ($1, $2, $3, false, now(), now(), $4, $5)`,
    [INSTANCE_ID, token, userId, parent, sessionId],
  )
  return token
}

async function amrOf(tx: Queryable, sessionId: string): Promise<AmrEntry[]> {
  const { rows } = await tx.query<{ method: string; updated_at: Date }>(
    `select authentication_method as method, updated_at from auth.mfa_amr_claims
      where session_id = $1 order by updated_at desc`,
    [sessionId],
  )
  return rows.map((row) => ({ method: row.method, timestamp: Math.floor(row.updated_at.getTime() / 1000) }))
}

export interface SessionFacts {
  aal: AuthLevel
  /** Begun within a day. */
  recent: boolean
  /** Begun by a code or link of a mail. */
  fromMail: boolean
}

export async function findSession(db: Queryable, id: string): Promise<SessionFacts | undefined> {
  const { rows } = await db.query<SessionFacts>(
    `select coalesce(aal, 'aal1') as aal, created_at > now() - interval '1 day' as recent,
            exists (select from auth.mfa_amr_claims c where c.session_id = s.id
              and c.authentication_method in ('otp', 'magiclink', 'recovery')) as "fromMail"
       from auth.sessions s where id = $1`,
    [id],
  )
  return rows[0]
}

export async function sessionExists(db: Queryable, id: string, userId: string): Promise<boolean> {
  const { rows } = await db.query(`select from auth.sessions where id = $1 and user_id = $2`, [id, userId])
  return rows.length > 0
}

/** @param sessionId the caller's own session: `local` ends it, `others` keeps it */
export async function closeSessions(
  db: Queryable,
  userId: string,
  scope: LogoutScope,
  sessionId: string | undefined,
): Promise<void> {
  if (scope === 'global') {
    await db.query(`delete from auth.sessions where user_id = $1`, [userId])
  } else if (scope === 'others') {
    await db.query(`delete from auth.sessions where user_id = $1 and id is distinct from $2`, [
      userId,
      sessionId ?? null,
    ])
  } else {
    await db.query(`delete from auth.sessions where user_id = $1 and id = $2`, [userId, sessionId ?? null])
  }
}
