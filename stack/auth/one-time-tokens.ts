/** Rows of `auth.one_time_tokens`: one for each user and type, deleted by the first use. */

import { randomUUID } from 'node:crypto'
import type { Queryable } from './database.ts'

export type TokenType =
  | 'confirmation_token'
  | 'recovery_token'
  | 'reauthentication_token'
  | 'email_change_token_current'
  | 'email_change_token_new'

export interface TokenRow {
  id: string
  userId: string
  type: TokenType
  /** The address that the mail went to. */
  address: string
  expired: boolean
}

/** Replaces the user's token of the same type. The caller has locked the user. */
export async function putToken(
  tx: Queryable,
  token: { userId: string; type: TokenType; hash: string; address: string },
): Promise<void> {
  await tx.query(
    `insert into auth.one_time_tokens (id, user_id, token_type, token_hash, relates_to, created_at, updated_at)
     values ($1, $2, $3, $4, $5, now() at time zone 'utc', now() at time zone 'utc')
     on conflict (user_id, token_type) do update
       set id = excluded.id, token_hash = excluded.token_hash, relates_to = excluded.relates_to,
           created_at = excluded.created_at, updated_at = excluded.updated_at`,
    [randomUUID(), token.userId, token.type, token.hash, token.address],
  )
}

/**
 * @param hashes several for a code, whose flow is not known
 * @param lifetime seconds
 */
export async function findToken(
  db: Queryable,
  types: readonly TokenType[],
  hashes: readonly string[],
  lifetime: number,
): Promise<TokenRow | undefined> {
  const { rows } = await db.query<TokenRow>(
    `select id, user_id as "userId", token_type as type, relates_to as address,
            now() at time zone 'utc' > created_at + $3::double precision * interval '1 second' as expired
       from auth.one_time_tokens where token_type = any($1) and token_hash = any($2) limit 1`,
    [types, hashes, lifetime],
  )
  return rows[0]
}

/** @returns whether the token was still there: of two uses at once, one gets true. */
export async function spendToken(tx: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await tx.query('delete from auth.one_time_tokens where id = $1', [id])
  return rowCount === 1
}

/** Ends all the links and codes that the user has been sent. */
export async function clearTokens(tx: Queryable, userId: string): Promise<void> {
  await tx.query('delete from auth.one_time_tokens where user_id = $1', [userId])
}
