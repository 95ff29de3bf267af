/** Rows of `auth.mfa_factors` and `auth.mfa_challenges`. */

import type { Queryable } from './database.ts'

export interface FactorRow {
  id: string
  user_id: string
  friendly_name: string | null
  factor_type: 'totp' | 'phone' | 'webauthn'
  status: 'verified' | 'unverified'
  created_at: Date
  updated_at: Date
  last_challenged_at: Date | null
}

export interface FactorJson {
  id: string
  created_at: string
  updated_at: string
  status: string
  factor_type: string
  friendly_name?: string
  last_challenged_at?: string
}

/** Without the secret. */
export const FACTOR_COLUMNS =
  'id, user_id, friendly_name, factor_type, status, created_at, updated_at, last_challenged_at'

export async function factorsOf(db: Queryable, userId: string): Promise<FactorRow[]> {
  const { rows } = await db.query<FactorRow>(
    `select ${FACTOR_COLUMNS} from auth.mfa_factors where user_id = $1 order by created_at, id`,
    [userId],
  )
  return rows
}

export function toFactorJson(factor: FactorRow): FactorJson {
  return {
    id: factor.id,
    created_at: factor.created_at.toISOString(),
    updated_at: factor.updated_at.toISOString(),
    status: factor.status,
    factor_type: factor.factor_type,
    ...(factor.friendly_name && { friendly_name: factor.friendly_name }),
    ...(factor.last_challenged_at && { last_challenged_at: factor.last_challenged_at.toISOString() }),
  }
}

/** Sessions that the factor has raised fall back to the first level. */
export async function removeFactor(tx: Queryable, factorId: string): Promise<void> {
  await tx.query(
    `delete from auth.mfa_amr_claims where authentication_method = 'totp'
        and session_id in (select id from auth.sessions where factor_id = $1)`,
    [factorId],
  )
  await tx.query(
    `update auth.sessions set aal = 'aal1', factor_id = null, updated_at = now() where factor_id = $1`,
    [factorId],
  )
  await tx.query('delete from auth.mfa_factors where id = $1', [factorId])
}
