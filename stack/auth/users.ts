/** Reads and writes `auth.users` and `auth.identities`. */

import { randomUUID } from 'node:crypto'
import { errorCode } from '../database-errors.ts'
import type { Queryable } from './database.ts'
import { authErrors } from './errors.ts'
import { factorsOf } from './factors.ts'
import {
  IDENTITY_COLUMNS,
  type IdentityRow,
  toUserJson,
  USER_COLUMNS,
  type UserJson,
  type UserRow,
} from './user-record.ts'

const INSTANCE_ID = '00000000-0000-0000-0000-000000000000'
export const AUDIENCE = 'authenticated'
const UNIQUE_VIOLATION = '23505'

export interface NewUser {
  id?: string | undefined
  email?: string | undefined
  passwordHash?: string | undefined
  emailConfirmed: boolean
  role?: string | undefined
  appMetadata: Readonly<Record<string, unknown>>
  userMetadata: Readonly<Record<string, unknown>>
  bannedForMs?: number | null | undefined
  isAnonymous?: boolean
}

export interface UserChanges {
  email?: string | undefined
  passwordHash?: string | undefined
  confirmEmail?: boolean | undefined
  role?: string | undefined
  /** Merged into the current values; null removes a key. */
  appMetadata?: Readonly<Record<string, unknown>> | undefined
  userMetadata?: Readonly<Record<string, unknown>> | undefined
  /** null lifts a ban. */
  bannedForMs?: number | null | undefined
  isAnonymous?: boolean | undefined
}

export async function findUserById(db: Queryable, id: string): Promise<UserRow | undefined> {
  const { rows } = await db.query<UserRow>(
    `select ${USER_COLUMNS} from auth.users where id = $1 and deleted_at is null`,
    [id],
  )
  return rows[0]
}

export async function findUserByEmail(db: Queryable, email: string): Promise<UserRow | undefined> {
  const { rows } = await db.query<UserRow>(
    `select ${USER_COLUMNS} from auth.users
      where lower(email) = $1 and is_sso_user = false and deleted_at is null`,
    [email],
  )
  return rows[0]
}

/** Locks the user until the end of the transaction, so that two changes to one user are made one after the other. */
export async function lockUser(tx: Queryable, id: string): Promise<UserRow | undefined> {
  const { rows } = await tx.query<UserRow>(
    `select ${USER_COLUMNS} from auth.users where id = $1 and deleted_at is null for no key update`,
    [id],
  )
  return rows[0]
}

export async function userJson(db: Queryable, user: UserRow): Promise<UserJson> {
  const { rows } = await db.query<IdentityRow>(
    `select ${IDENTITY_COLUMNS} from auth.identities where user_id = $1 order by created_at, id`,
    [user.id],
  )
  return toUserJson(user, rows, await factorsOf(db, user.id))
}

/** @throws AuthError `email_exists` or `conflict` */
export async function insertUser(tx: Queryable, user: NewUser): Promise<UserRow> {
  const id = user.id ?? randomUUID()
  const { rows } = await translatingConflicts(() =>
    tx.query<UserRow>(
      `insert into auth.users (instance_id, id, aud, role, email, encrypted_password, email_confirmed_at,
         confirmation_token, recovery_token, email_change_token_new, email_change, raw_app_meta_data,
         raw_user_meta_data, created_at, updated_at, banned_until, is_anonymous)
       values ($1, $2, $3, $4, $5, $6, case when $7::boolean then now() end, '', '', '', '', $8, $9, now(), now(),
         now() + $10::double precision * interval '1 millisecond', $11)
       returning ${USER_COLUMNS}`,
      [
        INSTANCE_ID,
        id,
        AUDIENCE,
        user.role ?? AUDIENCE,
        user.email ?? null,
        user.passwordHash ?? '',
        user.emailConfirmed,
        JSON.stringify(user.appMetadata),
        JSON.stringify(user.userMetadata),
        user.bannedForMs ?? null,
        user.isAnonymous ?? false,
      ],
    ),
  )
  const row = rows[0]
  if (!row) throw new Error('insert into auth.users returned no row')
  if (user.email !== undefined) await putEmailIdentity(tx, id, user.email, false)
  return row
}

/** @throws AuthError `email_exists` */
export async function updateUser(tx: Queryable, user: UserRow, changes: UserChanges): Promise<UserRow> {
  const { rows } = await translatingConflicts(() =>
    tx.query<UserRow>(
      `update auth.users set
         email = coalesce($2, email),
         encrypted_password = coalesce($3, encrypted_password),
         email_confirmed_at = case when $4::boolean then coalesce(email_confirmed_at, now()) else email_confirmed_at end,
         role = coalesce($5, role),
         raw_app_meta_data = $6,
         raw_user_meta_data = $7,
         banned_until = case when $8::boolean then now() + $9::double precision * interval '1 millisecond'
                             else banned_until end,
         is_anonymous = coalesce($10, is_anonymous),
         updated_at = now()
       where id = $1
       returning ${USER_COLUMNS}`,
      [
        user.id,
        changes.email ?? null,
        changes.passwordHash ?? null,
        changes.confirmEmail ?? false,
        changes.role ?? null,
        JSON.stringify(merged(user.raw_app_meta_data, changes.appMetadata)),
        JSON.stringify(merged(user.raw_user_meta_data, changes.userMetadata)),
        changes.bannedForMs !== undefined,
        changes.bannedForMs ?? null,
        changes.isAnonymous ?? null,
      ],
    ),
  )
  const row = rows[0]
  if (!row) throw authErrors.userNotFound()
  if (changes.email !== undefined && changes.email !== user.email) {
    await putEmailIdentity(tx, user.id, changes.email, true)
  }
  return row
}

/** The user has proved the address. @param user locked by the caller */
export async function confirmUser(tx: Queryable, user: UserRow): Promise<UserRow> {
  const confirmed = await updateUser(tx, user, {
    confirmEmail: true,
    userMetadata: { email_verified: true },
  })
  await tx.query(
    `update auth.identities set identity_data = identity_data || '{"email_verified": true}', updated_at = now()
      where user_id = $1 and provider = 'email' and email = $2`,
    [user.id, user.email],
  )
  return confirmed
}

export async function markSignedIn(tx: Queryable, user: UserRow): Promise<UserRow> {
  const { rows } = await tx.query<UserRow>(
    `update auth.users set last_sign_in_at = now(), updated_at = now() where id = $1 returning ${USER_COLUMNS}`,
    [user.id],
  )
  await tx.query(
    `update auth.identities set last_sign_in_at = now(), updated_at = now() where user_id = $1 and provider = 'email'`,
    [user.id],
  )
  return rows[0] ?? user
}

export function isBanned(user: UserRow): boolean {
  return user.banned_until !== null && user.banned_until.getTime() > Date.now()
}

/** The identity for signing in by e-mail. Its id at the provider is the user's id. */
async function putEmailIdentity(
  tx: Queryable,
  userId: string,
  email: string,
  verified: boolean,
): Promise<void> {
  await tx.query(
    `insert into auth.identities (provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at)
     values ($1::text, $1::uuid, $2, 'email', now(), now(), now())
     on conflict (provider_id, provider) do update
       set identity_data = auth.identities.identity_data || excluded.identity_data, updated_at = now()`,
    [userId, JSON.stringify({ sub: userId, email, email_verified: verified, phone_verified: false })],
  )
}

function merged(
  current: Readonly<Record<string, unknown>> | null,
  changes: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return Object.fromEntries(Object.entries({ ...current, ...changes }).filter(([, value]) => value !== null))
}

async function translatingConflicts<T>(statement: () => Promise<T>): Promise<T> {
  try {
    return await statement()
  } catch (error) {
    if (errorCode(error) !== UNIQUE_VIOLATION || !(error instanceof Error) || !('constraint' in error))
      throw error
    if (error.constraint === 'users_email_partial_key') throw authErrors.emailExists()
    if (error.constraint === 'users_pkey') throw authErrors.idExists()
    throw error
  }
}
