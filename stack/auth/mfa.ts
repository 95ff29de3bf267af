/**
 * A second factor: codes of an authenticator app (TOTP, RFC 6238).
 *
 *   enroll ─> unverified factor ─challenge, verify─> verified: the session has aal2, the user's other aal1 sessions end
 *                                                    each later sign-in: challenge, verify ─> aal2
 */

import { randomUUID } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'
import { renderSVG } from 'uqr'
import type { Caller } from '../types.ts'
import { requireUser } from './caller.ts'
import type { AuthContext } from './context.ts'
import type { Queryable } from './database.ts'
import { authErrors } from './errors.ts'
import {
  FACTOR_COLUMNS,
  type FactorJson,
  type FactorRow,
  factorsOf,
  removeFactor,
  toFactorJson,
} from './factors.ts'
import { isUuid, readBody, text } from './input.ts'
import { type SessionJson, sessionJson } from './session-response.ts'
import { deviceOf, findSession, raiseSession } from './sessions.ts'
import type { UserRow } from './user-record.ts'
import { findUserById, lockUser } from './users.ts'

const SECRET_BYTES = 20
const CODE = { algorithm: 'SHA1', digits: 6, period: 30 } as const
/** Codes of the step before and after the current one count, for clocks that differ. */
const CODE_WINDOW = 1
/** Minutes after which a factor that was never verified is removed. */
const UNVERIFIED_MINUTES = 5

export interface EnrolledFactor {
  id: string
  type: 'totp'
  friendly_name: string
  totp: { qr_code: string; secret: string; uri: string }
}

export async function enrollFactor(
  context: AuthContext,
  request: Request,
  caller: Caller,
): Promise<EnrolledFactor> {
  const { user, sessionId } = await requireSession(context, request, caller)
  const body = await readBody(request, { factor_type: text, friendly_name: text, issuer: text, phone: text })
  requireTotp(body.factor_type, 'Enroll', context.settings.totpEnrollEnabled)
  const name = body.friendly_name ?? ''
  const secret = new Secret({ size: SECRET_BYTES })
  const key = new TOTP({
    ...CODE,
    secret,
    issuer: body.issuer ?? new URL(context.settings.siteUrl).host,
    label: user.email ?? '',
  })
  const id = randomUUID()
  await context.db.transaction(async (tx) => {
    await lockUser(tx, user.id)
    await requireRoomForFactor(context, tx, user.id, sessionId, name)
    await tx.query(
      `insert into auth.mfa_factors (id, user_id, friendly_name, factor_type, status, secret, created_at, updated_at)
       values ($1, $2, $3, 'totp', 'unverified', $4, now(), now())`,
      [id, user.id, name, secret.base32],
    )
  })
  const uri = key.toString()
  return {
    id,
    type: 'totp',
    friendly_name: name,
    totp: { qr_code: renderSVG(uri), secret: secret.base32, uri },
  }
}

async function requireRoomForFactor(
  { settings }: AuthContext,
  tx: Queryable,
  userId: string,
  sessionId: string,
  name: string,
): Promise<void> {
  await tx.query(
    `delete from auth.mfa_factors f where user_id = $1 and status = 'unverified'
        and created_at < now() - $2::integer * interval '1 minute'
        and not exists (select from auth.mfa_challenges c where c.factor_id = f.id)`,
    [userId, UNVERIFIED_MINUTES],
  )
  const factors = await factorsOf(tx, userId)
  if (factors.some((factor) => (factor.friendly_name ?? '') === name)) throw authErrors.factorNameTaken(name)
  if (factors.length >= settings.maxFactors) throw authErrors.tooManyFactors()
  if (factors.some(({ status }) => status === 'verified') && !(await hasAal2(tx, sessionId))) {
    throw authErrors.insufficientAal('AAL2 required to enroll a new factor', 403)
  }
}

export interface ChallengeJson {
  id: string
  type: string
  /** Seconds since 1970. */
  expires_at: number
}

export async function challengeFactor(
  context: AuthContext,
  request: Request,
  caller: Caller,
  factorId: string,
): Promise<ChallengeJson> {
  const { user } = await requireSession(context, request, caller)
  const factor = await ownFactor(context.db.pool, user.id, factorId)
  requireTotp(factor.factor_type, 'Verify', context.settings.totpVerifyEnabled)
  const id = randomUUID()
  await context.db.transaction(async (tx) => {
    await tx.query(
      `insert into auth.mfa_challenges (id, factor_id, created_at, ip_address) values ($1, $2, now(), $3)`,
      [id, factor.id, ipOf(request)],
    )
    // Times of challenges are unique: two at once take the clock's time, not that of their transactions.
    await tx.query('update auth.mfa_factors set last_challenged_at = clock_timestamp() where id = $1', [
      factor.id,
    ])
  })
  context.guesses.renewed(guessKey(factor.id))
  const expiresAt = Math.floor(Date.now() / 1000) + context.settings.challengeLifetime
  return { id, type: factor.factor_type, expires_at: expiresAt }
}

export async function verifyFactor(
  context: AuthContext,
  request: Request,
  caller: Caller,
  factorId: string,
): Promise<SessionJson> {
  const { user, sessionId } = await requireSession(context, request, caller)
  const factor = await ownFactor(context.db.pool, user.id, factorId)
  const { challenge_id: challengeId, code } = await readBody(request, { challenge_id: text, code: text })
  if (code === undefined) throw authErrors.validation('Code needs to be non-empty')
  requireTotp(factor.factor_type, 'Verify', context.settings.totpVerifyEnabled)
  const verdict = context.guesses.attempt(guessKey(factor.id))
  if (verdict === 'address_locked') throw authErrors.tooManyRequests()
  if (verdict === 'code_locked') throw authErrors.factorCodeInvalid()
  const session = await context.db.transaction(async (tx) => {
    await lockUser(tx, user.id)
    await useChallenge(context, tx, factor.id, challengeId, ipOf(request))
    await requireCode(tx, factor.id, code)
    await tx.query(`update auth.mfa_factors set status = 'verified', updated_at = now() where id = $1`, [
      factor.id,
    ])
    const raised = await raiseSession(tx, user, sessionId, factor.id)
    await tx.query(
      `delete from auth.mfa_factors where user_id = $1 and status = 'unverified' and factor_type = 'totp'`,
      [user.id],
    )
    return sessionJson(context, tx, raised)
  })
  context.guesses.right(guessKey(factor.id))
  return session
}

/** Marks the challenge as answered. A wrong code rolls this back. */
async function useChallenge(
  { settings }: AuthContext,
  tx: Queryable,
  factorId: string,
  challengeId: string | undefined,
  ip: string,
): Promise<void> {
  const { rows } = isUuid(challengeId)
    ? await tx.query<{ answered: boolean; same_ip: boolean; expired: boolean }>(
        `select verified_at is not null as answered, ip_address = $3::inet as same_ip,
                now() > created_at + $4::double precision * interval '1 second' as expired
           from auth.mfa_challenges where id = $1 and factor_id = $2`,
        [challengeId, factorId, ip, settings.challengeLifetime],
      )
    : { rows: [] }
  const [challenge] = rows
  if (challenge === undefined) throw authErrors.challengeNotFound()
  if (challenge.answered || !challenge.same_ip) throw authErrors.challengeMismatch()
  if (challenge.expired) throw authErrors.challengeExpired(challengeId ?? '')
  await tx.query('update auth.mfa_challenges set verified_at = now() where id = $1', [challengeId])
}

async function requireCode(tx: Queryable, factorId: string, code: string): Promise<void> {
  const { rows } = await tx.query<{ secret: string }>('select secret from auth.mfa_factors where id = $1', [
    factorId,
  ])
  const secret = rows[0]?.secret
  if (!secret) throw authErrors.factorCodeInvalid()
  const key = new TOTP({ ...CODE, secret: Secret.fromBase32(secret) })
  if (key.validate({ token: code, window: CODE_WINDOW }) === null) throw authErrors.factorCodeInvalid()
}

export async function unenrollFactor(
  context: AuthContext,
  request: Request,
  caller: Caller,
  factorId: string,
): Promise<{ id: string }> {
  const { user, sessionId } = await requireSession(context, request, caller)
  await context.db.transaction(async (tx) => {
    await lockUser(tx, user.id)
    const factor = await ownFactor(tx, user.id, factorId)
    if (factor.status === 'verified' && !(await hasAal2(tx, sessionId))) {
      throw authErrors.insufficientAal('AAL2 required to unenroll verified factor', 422)
    }
    await removeFactor(tx, factor.id)
  })
  return { id: factorId }
}

export async function listFactorsAsAdmin(context: AuthContext, userId: string): Promise<FactorJson[]> {
  return (await factorsOf(context.db.pool, await existingUserId(context, userId))).map(toFactorJson)
}

export async function deleteFactorAsAdmin(
  context: AuthContext,
  userId: string,
  factorId: string,
): Promise<FactorJson> {
  const id = await existingUserId(context, userId)
  return context.db.transaction(async (tx) => {
    await lockUser(tx, id)
    const factor = await ownFactor(tx, id, factorId)
    await removeFactor(tx, factor.id)
    return toFactorJson(factor)
  })
}

async function existingUserId(context: AuthContext, userId: string): Promise<string> {
  if (!isUuid(userId)) throw authErrors.validation('user_id must be an UUID', 404)
  if (!(await findUserById(context.db.pool, userId))) throw authErrors.userNotFound()
  return userId
}

async function requireSession(
  context: AuthContext,
  request: Request,
  caller: Caller,
): Promise<{ user: UserRow; sessionId: string }> {
  const { user, sessionId } = await requireUser(context, request, caller)
  // Tokens without a session are minted by hand, for a server's own use.
  if (sessionId === undefined) throw authErrors.sessionNotFound()
  if (user.is_anonymous) throw authErrors.anonymousNotAllowed()
  return { user, sessionId }
}

async function ownFactor(db: Queryable, userId: string, factorId: string): Promise<FactorRow> {
  if (!isUuid(factorId)) throw authErrors.validation('factor_id must be an UUID', 404)
  const { rows } = await db.query<FactorRow>(
    `select ${FACTOR_COLUMNS} from auth.mfa_factors where id = $1 and user_id = $2`,
    [factorId, userId],
  )
  const [factor] = rows
  if (factor === undefined) throw authErrors.factorNotFound()
  return factor
}

function requireTotp(type: string | undefined, action: 'Enroll' | 'Verify', enabled: boolean): void {
  if (type === 'phone') throw authErrors.factorDisabled(action, 'phone', 'Phone')
  if (type === 'webauthn') throw authErrors.factorDisabled(action, 'webauthn', 'WebAuthn')
  if (type !== 'totp') {
    throw authErrors.validation('factor_type needs to be totp, phone, or webauthn')
  }
  if (!enabled) throw authErrors.factorDisabled(action, 'totp', 'TOTP')
}

async function hasAal2(db: Queryable, sessionId: string): Promise<boolean> {
  return (await findSession(db, sessionId))?.aal === 'aal2'
}

/** Wrong codes are counted for the factor, as those of mails for their address. */
function guessKey(factorId: string): string {
  return `factor ${factorId}`
}

function ipOf(request: Request): string {
  return deviceOf(request).ip ?? '127.0.0.1'
}
