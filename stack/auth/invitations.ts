/** `/invite` and `/admin/generate_link`: the service role sends an invitation, or gets a link without a mail. */

import { randomUUID } from 'node:crypto'
import type { AuthContext } from './context.ts'
import type { Queryable } from './database.ts'
import { AuthError, authErrors } from './errors.ts'
import { email, metadata, readBody, text } from './input.ts'
import { confirmationUrl, issueCode, type LinkType, PURPOSES, sendUserMail } from './mails.ts'
import type { TokenType } from './one-time-tokens.ts'
import { isAllowedRedirect, redirectTarget } from './redirects.ts'
import { USER_COLUMNS, type UserJson, type UserRow } from './user-record.ts'
import { findUserByEmail, insertUser, lockUser, updateUser, userJson } from './users.ts'

type Metadata = Readonly<Record<string, unknown>>

export async function invite(context: AuthContext, request: Request): Promise<UserJson> {
  const { email: address, data = {} } = await readBody(request, { email, data: metadata })
  if (address === undefined) throw authErrors.validation('An email address is required')
  const redirectTo = redirectTarget(context.settings, request)
  return orAgain(() =>
    context.db.transaction(async (tx) => {
      const user = await unconfirmedUser(tx, address, { data, passwordHash: '' })
      const invited = await sendUserMail(context, tx, user, PURPOSES.invite, { redirectTo })
      return userJson(tx, invited)
    }),
  )
}

/** Types of link, with the token that the link spends and the `type` of its address. */
const LINKS = {
  signup: { token: 'confirmation_token', link: 'signup' },
  invite: { token: 'confirmation_token', link: 'invite' },
  magiclink: { token: 'recovery_token', link: 'magiclink' },
  recovery: { token: 'recovery_token', link: 'recovery' },
  email_change_current: { token: 'email_change_token_current', link: 'email_change' },
  email_change_new: { token: 'email_change_token_new', link: 'email_change' },
} as const satisfies Record<string, { token: TokenType; link: LinkType }>

type LinkName = keyof typeof LINKS

const LINK_NAMES: readonly LinkName[] = [
  'signup',
  'invite',
  'magiclink',
  'recovery',
  'email_change_current',
  'email_change_new',
]

export interface GeneratedLink extends UserJson {
  action_link: string
  email_otp: string
  hashed_token: string
  verification_type: string
  redirect_to: string
}

const LINK_BODY = {
  type: text,
  email,
  new_email: email,
  password: text,
  data: metadata,
  redirect_to: text,
}

export async function generateLink(context: AuthContext, request: Request): Promise<GeneratedLink> {
  const body = await readBody(request, LINK_BODY)
  const { email: address, data = {}, new_email: newAddress, redirect_to: asked } = body
  if (address === undefined) throw authErrors.validation('An email address is required')
  const wanted = LINK_NAMES.find((known) => known === body.type)
  if (wanted === undefined) {
    throw authErrors.validation(`Invalid email action link type requested: ${body.type ?? ''}`)
  }
  const redirectTo =
    asked !== undefined && isAllowedRedirect(context.settings, asked)
      ? asked
      : redirectTarget(context.settings, request)
  const known = await findUserByEmail(context.db.pool, address)
  // A link for signing in makes the user, as the mail with it would.
  const name = wanted === 'magiclink' && known === undefined ? 'signup' : wanted
  const passwordHash =
    name === 'signup' && known === undefined ? await hashOf(context, wanted, body.password) : ''
  return orAgain(() =>
    context.db.transaction(async (tx) => {
      const user = await userForLink(context, tx, name, { address, newAddress, data, passwordHash })
      const { token: type, link } = LINKS[name]
      const recipient = name === 'email_change_new' ? (newAddress ?? '') : address
      const { code, token } = await issueCode(context, tx, user.id, type, recipient, 'implicit')
      return {
        ...(await userJson(tx, user)),
        action_link: confirmationUrl(context, token, link, redirectTo),
        email_otp: code,
        hashed_token: token,
        verification_type: name,
        redirect_to: redirectTo,
      }
    }),
  )
}

async function hashOf(context: AuthContext, wanted: LinkName, password: string | undefined): Promise<string> {
  if (wanted === 'magiclink') return ''
  if (password === undefined) throw authErrors.validation('Signup requires a valid password')
  context.passwords.check(password)
  return context.passwords.hash(password)
}

async function userForLink(
  context: AuthContext,
  tx: Queryable,
  name: LinkName,
  request: { address: string; newAddress: string | undefined; data: Metadata; passwordHash: string },
): Promise<UserRow> {
  switch (name) {
    case 'signup':
    case 'invite': {
      const user = await unconfirmedUser(tx, request.address, request)
      const told = name === 'signup' ? await updateUser(tx, user, { userMetadata: request.data }) : user
      return markSent(
        tx,
        told,
        name === 'invite' ? ['confirmation_sent_at', 'invited_at'] : ['confirmation_sent_at'],
      )
    }
    case 'magiclink':
    case 'recovery':
      return markSent(tx, await existingUser(tx, request.address), ['recovery_sent_at'])
    default:
      return changingUser(context, tx, name, request)
  }
}

async function changingUser(
  { settings }: AuthContext,
  tx: Queryable,
  name: LinkName,
  { address, newAddress }: { address: string; newAddress: string | undefined },
): Promise<UserRow> {
  const user = await existingUser(tx, address)
  if (name === 'email_change_current' && !settings.confirmsBothAddresses) {
    throw authErrors.validation('Enable secure email change to generate link for current email')
  }
  if (newAddress === undefined) throw authErrors.validation('An email address is required')
  if (await findUserByEmail(tx, newAddress)) throw authErrors.emailExists()
  await tx.query('update auth.users set email_change = $2, email_change_confirm_status = 0 where id = $1', [
    user.id,
    newAddress,
  ])
  return markSent(tx, user, ['email_change_sent_at'])
}

async function existingUser(tx: Queryable, address: string): Promise<UserRow> {
  const found = await findUserByEmail(tx, address)
  const user = found && (await lockUser(tx, found.id))
  if (user === undefined) throw authErrors.linkUserNotFound()
  return user
}

/** Finds the user, or adds one. @throws AuthError `email_exists` for a user whose address is confirmed */
async function unconfirmedUser(
  tx: Queryable,
  address: string,
  { data, passwordHash }: { data: Metadata; passwordHash: string },
): Promise<UserRow> {
  const found = await findUserByEmail(tx, address)
  const user = found && (await lockUser(tx, found.id))
  if (user === undefined) {
    return insertUser(tx, {
      id: randomUUID(),
      email: address,
      passwordHash,
      emailConfirmed: false,
      appMetadata: { provider: 'email', providers: ['email'] },
      userMetadata: data,
    })
  }
  if (user.email_confirmed_at !== null) throw authErrors.emailExists()
  return user
}

async function markSent(
  tx: Queryable,
  user: UserRow,
  columns: readonly ('confirmation_sent_at' | 'recovery_sent_at' | 'email_change_sent_at' | 'invited_at')[],
): Promise<UserRow> {
  const { rows } = await tx.query<UserRow>(
    `update auth.users set ${columns.map((column) => `${column} = now()`).join(', ')}, updated_at = now()
      where id = $1 returning ${USER_COLUMNS}`,
    [user.id],
  )
  return rows[0] ?? user
}

/** Two requests for one new address: the second finds the user that the first has added. */
async function orAgain<Result>(work: () => Promise<Result>): Promise<Result> {
  return work().catch((error: unknown) => {
    if (error instanceof AuthError && error.code === 'email_exists') return work()
    throw error
  })
}
