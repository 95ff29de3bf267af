/** `/admin/users`: the service role reads and changes accounts. */

import { createHash } from 'node:crypto'
import type { AuthContext } from './context.ts'
import type { Queryable } from './database.ts'
import { authErrors } from './errors.ts'
import { banDuration, email, flag, isUuid, metadata, pageNumber, phone, readBody, text } from './input.ts'
import { closeSessions } from './sessions.ts'
import {
  IDENTITY_COLUMNS,
  type IdentityRow,
  toUserJson,
  USER_COLUMNS,
  type UserJson,
  type UserRow,
} from './user-record.ts'
import { AUDIENCE, findUserById, insertUser, lockUser, updateUser, userJson } from './users.ts'

const DEFAULT_PAGE_SIZE = 50
const MAX_PAGE_SIZE = 1000
const NIL_UUID = '00000000-0000-0000-0000-000000000000'

/** Fields of a new or changed account. */
const ACCOUNT = {
  phone,
  email,
  password: text,
  email_confirm: flag,
  role: text,
  app_metadata: metadata,
  user_metadata: metadata,
  ban_duration: banDuration,
}

export async function listUsers(context: AuthContext, url: URL): Promise<Response> {
  const page = pageNumber(url.searchParams.get('page'), 1)
  const perPage = Math.min(pageNumber(url.searchParams.get('per_page'), DEFAULT_PAGE_SIZE), MAX_PAGE_SIZE)
  const { rows: counted } = await context.db.pool.query<{ total: number }>(
    'select count(*)::int as total from auth.users',
  )
  const total = counted[0]?.total ?? 0
  const { rows: users } = await context.db.pool.query<UserRow>(
    `select ${USER_COLUMNS} from auth.users order by created_at desc, id limit $1 offset $2`,
    [perPage, (page - 1) * perPage],
  )
  const identities = await identitiesOf(context.db.pool, users)
  const body = {
    users: users.map((user) => toUserJson(user, identities.get(user.id) ?? [], [])),
    aud: AUDIENCE,
  }
  return Response.json(body, {
    headers: { 'x-total-count': String(total), link: linkHeader(url.pathname, page, perPage, total) },
  })
}

/** `page` comes first in each address: supabase-js reads the number after the first `=`. */
function linkHeader(path: string, page: number, perPage: number, total: number): string {
  const last = Math.max(1, Math.ceil(total / perPage))
  const to = (target: number, rel: string): string =>
    `<${path}?page=${target}&per_page=${perPage}>; rel="${rel}"`
  return [...(page < last ? [to(page + 1, 'next')] : []), to(last, 'last')].join(', ')
}

async function identitiesOf(db: Queryable, users: readonly UserRow[]): Promise<Map<string, IdentityRow[]>> {
  const { rows } = await db.query<IdentityRow>(
    `select ${IDENTITY_COLUMNS} from auth.identities where user_id = any($1::uuid[]) order by created_at, id`,
    [users.map((user) => user.id)],
  )
  return Map.groupBy(rows, (row) => row.user_id)
}

export async function createUser(context: AuthContext, request: Request): Promise<UserJson> {
  const body = await readBody(request, { ...ACCOUNT, id: text })
  const { id, password } = body
  if (body.email === undefined) {
    throw authErrors.validation('Cannot create a user without either an email or phone')
  }
  if (id !== undefined && (!isUuid(id) || id === NIL_UUID)) {
    throw authErrors.validation('ID must conform to the uuid v4 format')
  }
  if (password !== undefined) context.passwords.check(password)
  const emailConfirmed = body.email_confirm ?? false
  const newUser = {
    id,
    email: body.email,
    emailConfirmed,
    role: body.role,
    appMetadata: { provider: 'email', providers: ['email'], ...body.app_metadata },
    userMetadata: { ...body.user_metadata, ...(emailConfirmed && { email_verified: true }) },
    bannedForMs: body.ban_duration,
    // No password matches an empty hash.
    passwordHash: password === undefined ? '' : await context.passwords.hash(password),
  }
  return context.db.transaction(async (tx) => userJson(tx, await insertUser(tx, newUser)))
}

export async function readUser(context: AuthContext, id: string): Promise<UserJson> {
  const user = await findUserById(context.db.pool, checkedId(id))
  if (!user) throw authErrors.userNotFound()
  return userJson(context.db.pool, user)
}

export async function changeUserAsAdmin(
  context: AuthContext,
  request: Request,
  id: string,
): Promise<UserJson> {
  const body = await readBody(request, ACCOUNT)
  const { password, user_metadata: userMetadata } = body
  if (password !== undefined) context.passwords.check(password)
  const confirm = body.email_confirm ?? false
  const changes = {
    email: body.email,
    confirmEmail: confirm,
    role: body.role,
    appMetadata: body.app_metadata,
    userMetadata: confirm ? { ...userMetadata, email_verified: true } : userMetadata,
    bannedForMs: body.ban_duration,
    passwordHash: password === undefined ? undefined : await context.passwords.hash(password),
  }
  return context.db.transaction(async (tx) => {
    const user = await lockUser(tx, checkedId(id))
    if (!user) throw authErrors.userNotFound()
    const changed = await updateUser(tx, user, changes)
    if (password !== undefined) await closeSessions(tx, user.id, 'global', undefined)
    return userJson(tx, changed)
  })
}

/** A soft deletion keeps the row without data about the person. */
export async function deleteUser(context: AuthContext, request: Request, id: string): Promise<void> {
  const { should_soft_delete: soft } = await readBody(request, { should_soft_delete: flag })
  await context.db.transaction(async (tx) => {
    const user = await lockUser(tx, checkedId(id))
    if (!user) throw authErrors.userNotFound()
    if (!soft) {
      await tx.query('delete from auth.users where id = $1', [user.id])
      return
    }
    await closeSessions(tx, user.id, 'global', undefined)
    await tx.query('delete from auth.identities where user_id = $1', [user.id])
    await tx.query(
      `update auth.users set email = $2, encrypted_password = '', raw_user_meta_data = '{}',
         raw_app_meta_data = '{}', deleted_at = now(), updated_at = now() where id = $1`,
      [user.id, obfuscated(user.id, user.email ?? '')],
    )
  })
}

function obfuscated(id: string, value: string): string {
  return createHash('sha256').update(id).update(value).digest('base64url')
}

function checkedId(id: string): string {
  if (!isUuid(id)) throw authErrors.validation('user_id must be an UUID', 404)
  return id
}
