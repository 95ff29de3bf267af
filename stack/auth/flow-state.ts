/**
 * PKCE: a browser that asks for a mail keeps a verifier, and sends its hash. The link opens an address with a
 * code, and only the browser with the verifier can exchange the code for a session.
 */

import { createHash, randomUUID, timingSafeEqual } from 'node:crypto'
import * as v from 'valibot'
import type { Queryable } from './database.ts'
import { authErrors } from './errors.ts'
import { text } from './input.ts'
import type { AuthMethod } from './sessions.ts'

/** Fields of a request that begins a PKCE flow. */
export const PKCE_FIELDS = { code_challenge: text, code_challenge_method: text }

const METHOD = v.picklist(['s256', 'plain'])
const MIN_CHALLENGE = 43
const MAX_CHALLENGE = 128

export interface Challenge {
  challenge: string
  method: v.InferOutput<typeof METHOD>
}

/** @returns undefined for an implicit flow. @throws AuthError `validation_failed` */
export function challengeOf(fields: {
  code_challenge?: string | undefined
  code_challenge_method?: string | undefined
}): Challenge | undefined {
  const { code_challenge: challenge, code_challenge_method: method } = fields
  if ((challenge === undefined) !== (method === undefined)) {
    throw authErrors.validation('PKCE flow requires code_challenge_method and code_challenge')
  }
  if (challenge === undefined) return undefined
  if (challenge.length < MIN_CHALLENGE || challenge.length > MAX_CHALLENGE) {
    throw authErrors.validation(
      `code challenge has to be between ${MIN_CHALLENGE} and ${MAX_CHALLENGE} characters`,
    )
  }
  if (!/^[\w.~-]+$/.test(challenge)) {
    throw authErrors.validation(
      'code challenge can only contain alphanumeric characters, hyphens, periods, underscores and tildes',
    )
  }
  const known = v.safeParse(METHOD, method?.toLowerCase())
  if (!known.success) throw authErrors.validation('unsupported code_challenge method')
  return { challenge, method: known.output }
}

export async function beginFlow(
  tx: Queryable,
  userId: string,
  method: AuthMethod,
  { challenge, method: challengeMethod }: Challenge,
): Promise<void> {
  await tx.query(
    `insert into auth.flow_state (id, user_id, auth_code, code_challenge_method, code_challenge, provider_type,
       authentication_method, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $6, now(), now())`,
    [randomUUID(), userId, randomUUID(), challengeMethod, challenge, method],
  )
  await tx.query(`delete from auth.flow_state where created_at < now() - interval '1 day'`)
}

/** @returns the code for the user's newest flow. @throws AuthError `flow_state_not_found` */
export async function issueFlowCode(tx: Queryable, userId: string, method: AuthMethod): Promise<string> {
  const { rows } = await tx.query<{ auth_code: string }>(
    `update auth.flow_state set auth_code_issued_at = now(), updated_at = now()
      where id = (select id from auth.flow_state
                   where user_id = $1 and authentication_method = $2 and code_challenge is not null
                   order by created_at desc limit 1)
      returning auth_code`,
    [userId, method],
  )
  const [flow] = rows
  if (flow === undefined) {
    throw authErrors.flowStateNotFound(
      'No associated flow state found. No valid flow state found for user.',
      400,
    )
  }
  return flow.auth_code
}

export interface ExchangedFlow {
  userId: string
  method: AuthMethod
}

/**
 * Ends a flow by its code. A wrong verifier leaves the flow as it is.
 * @throws AuthError `flow_state_not_found`, `flow_state_expired`, `bad_code_verifier`
 */
export async function exchangeFlow(
  tx: Queryable,
  code: string,
  verifier: string,
  lifetime: number,
): Promise<ExchangedFlow> {
  const { rows } = await tx.query<{
    id: string
    user_id: string | null
    authentication_method: AuthMethod
    code_challenge: string | null
    code_challenge_method: Challenge['method'] | null
    expired: boolean
  }>(
    `select id, user_id, authentication_method, code_challenge, code_challenge_method,
            now() > lifetime_begins + $2::double precision * interval '1 second' as expired
       from auth.flow_state, lateral (
         select case when authentication_method = 'magiclink' then coalesce(auth_code_issued_at, created_at)
                     else created_at end as lifetime_begins
       ) as lifetime
      where auth_code = $1 for update of flow_state`,
    [code, lifetime],
  )
  const [flow] = rows
  if (flow?.user_id == null) {
    throw authErrors.flowStateNotFound('invalid flow state, no valid flow state found', 404)
  }
  if (flow.expired) throw authErrors.flowStateExpired()
  const given = flow.code_challenge_method === 'plain' ? verifier : sha256(verifier)
  if (!equal(given, flow.code_challenge ?? '')) throw authErrors.badCodeVerifier()
  await tx.query('delete from auth.flow_state where id = $1', [flow.id])
  return { userId: flow.user_id, method: flow.authentication_method }
}

function sha256(value: string): string {
  return createHash('sha256').update(value).digest('base64url')
}

function equal(first: string, second: string): boolean {
  const [a, b] = [Buffer.from(first), Buffer.from(second)]
  return a.length === b.length && timingSafeEqual(a, b)
}
