/** A user as a row of `auth.users` and as the API's JSON. */

import { type FactorJson, type FactorRow, toFactorJson } from './factors.ts'

export interface UserRow {
  id: string
  aud: string | null
  role: string | null
  email: string | null
  encrypted_password: string | null
  email_confirmed_at: Date | null
  invited_at: Date | null
  confirmation_sent_at: Date | null
  recovery_sent_at: Date | null
  email_change: string | null
  email_change_sent_at: Date | null
  email_change_confirm_status: number | null
  reauthentication_sent_at: Date | null
  phone: string | null
  phone_confirmed_at: Date | null
  confirmed_at: Date | null
  last_sign_in_at: Date | null
  raw_app_meta_data: Record<string, unknown> | null
  raw_user_meta_data: Record<string, unknown> | null
  created_at: Date | null
  updated_at: Date | null
  banned_until: Date | null
  deleted_at: Date | null
  is_anonymous: boolean
}

export interface IdentityRow {
  id: string
  provider_id: string
  user_id: string
  identity_data: Record<string, unknown>
  provider: string
  last_sign_in_at: Date | null
  created_at: Date | null
  updated_at: Date | null
  email: string | null
}

export const USER_COLUMNS = `id, aud, role, email, encrypted_password, email_confirmed_at, invited_at,
  confirmation_sent_at, recovery_sent_at, email_change, email_change_sent_at, email_change_confirm_status,
  reauthentication_sent_at, phone, phone_confirmed_at,
  confirmed_at, last_sign_in_at, raw_app_meta_data, raw_user_meta_data, created_at, updated_at, banned_until,
  deleted_at, is_anonymous`

export const IDENTITY_COLUMNS =
  'id, provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at, email'

/** A user in the answers of `GET /user` and the admin API. Times that are null are left out, as GoTrue does. */
export interface UserJson {
  id: string
  aud: string
  role: string
  email: string
  phone: string
  app_metadata: Record<string, unknown>
  user_metadata: Record<string, unknown>
  identities: IdentityJson[]
  factors?: FactorJson[]
  is_anonymous: boolean
  /** The address that the user is changing to. */
  new_email?: string
  created_at?: string
  updated_at?: string
  email_confirmed_at?: string
  invited_at?: string
  confirmation_sent_at?: string
  recovery_sent_at?: string
  email_change_sent_at?: string
  reauthentication_sent_at?: string
  phone_confirmed_at?: string
  confirmed_at?: string
  last_sign_in_at?: string
  banned_until?: string
  deleted_at?: string
}

interface IdentityJson {
  identity_id: string
  /** The user's id at the provider; `identity_id` is the identity's own id. */
  id: string
  user_id: string
  identity_data: Record<string, unknown>
  provider: string
  last_sign_in_at?: string
  created_at?: string
  updated_at?: string
  email?: string
}

export function toUserJson(
  user: UserRow,
  identities: readonly IdentityRow[],
  factors: readonly FactorRow[],
): UserJson {
  return {
    id: user.id,
    aud: user.aud ?? '',
    role: user.role ?? '',
    email: user.email ?? '',
    phone: user.phone ?? '',
    app_metadata: user.raw_app_meta_data ?? {},
    user_metadata: user.raw_user_meta_data ?? {},
    identities: identities.map(toIdentityJson),
    ...(factors.length > 0 && { factors: factors.map(toFactorJson) }),
    is_anonymous: user.is_anonymous,
    ...(user.email_change && { new_email: user.email_change }),
    ...times(user, [
      'created_at',
      'updated_at',
      'email_confirmed_at',
      'invited_at',
      'confirmation_sent_at',
      'recovery_sent_at',
      'email_change_sent_at',
      'reauthentication_sent_at',
      'phone_confirmed_at',
      'confirmed_at',
      'last_sign_in_at',
      'banned_until',
      'deleted_at',
    ]),
  }
}

function toIdentityJson(identity: IdentityRow): IdentityJson {
  return {
    identity_id: identity.id,
    id: identity.provider_id,
    user_id: identity.user_id,
    identity_data: identity.identity_data,
    provider: identity.provider,
    ...times(identity, ['last_sign_in_at', 'created_at', 'updated_at']),
    ...(identity.email !== null && { email: identity.email }),
  }
}

function times<Name extends string>(
  row: Readonly<Record<Name, Date | null>>,
  names: readonly Name[],
): Partial<Record<Name, string>> {
  const present: Partial<Record<Name, string>> = {}
  for (const name of names) {
    const value = row[name]
    if (value !== null) present[name] = value.toISOString()
  }
  return present
}
