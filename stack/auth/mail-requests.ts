/** Mails at a caller's request: `/recover`, `/resend` and `/reauthenticate`. The answers do not tell whether a user exists. */

import type { Caller } from '../types.ts'
import { requireUser } from './caller.ts'
import type { AuthContext } from './context.ts'
import type { Queryable } from './database.ts'
import { authErrors } from './errors.ts'
import { beginFlow, challengeOf, PKCE_FIELDS } from './flow-state.ts'
import { email, phone, readBody, text } from './input.ts'
import { type MailOptions, PURPOSES, sendEmailChange, sendUserMail } from './mails.ts'
import { redirectTarget } from './redirects.ts'
import type { UserRow } from './user-record.ts'
import { findUserByEmail, lockUser } from './users.ts'

export async function recover(context: AuthContext, request: Request): Promise<object> {
  const body = await readBody(request, { ...PKCE_FIELDS, email })
  const challenge = challengeOf(body)
  if (body.email === undefined) throw authErrors.validation('Password recovery requires an email')
  await withUser(context, body.email, async (tx, user) => {
    if (challenge !== undefined) await beginFlow(tx, user.id, 'recovery', challenge)
    await sendUserMail(context, tx, user, PURPOSES.recovery, mailOptions(context, request, challenge))
  })
  return {}
}

/** Kinds of mail that `/resend` sends again. */
const RESENDABLE = ['signup', 'email_change'] as const

export async function resend(context: AuthContext, request: Request): Promise<object> {
  const body = await readBody(request, { ...PKCE_FIELDS, type: text, email, phone })
  const type = RESENDABLE.find((known) => known === body.type)
  if (type === undefined) {
    throw authErrors.validation('Missing one of these types: signup, email_change, sms, phone_change')
  }
  const challenge = challengeOf(body)
  if (body.email === undefined) throw authErrors.validation('Type provided requires an email address')
  await withUser(context, body.email, async (tx, user) => {
    const options = mailOptions(context, request, challenge)
    if (type === 'signup') {
      if (user.email_confirmed_at !== null) return
      if (challenge !== undefined) await beginFlow(tx, user.id, 'email/signup', challenge)
      await sendUserMail(context, tx, user, PURPOSES.confirmation, options)
    } else if (user.email_change) {
      if (challenge !== undefined) await beginFlow(tx, user.id, 'email_change', challenge)
      await sendEmailChange(context, tx, user, user.email_change, options)
    }
  })
  return {}
}

export async function reauthenticate(
  context: AuthContext,
  request: Request,
  caller: Caller,
): Promise<object> {
  const { user } = await requireUser(context, request, caller)
  if (!user.email) {
    throw authErrors.validation('Reauthentication requires the user to have an email or a phone number')
  }
  if (user.email_confirmed_at === null) throw authErrors.reauthenticationUnconfirmed()
  await context.db.transaction(async (tx) => {
    const locked = await lockUser(tx, user.id)
    if (locked === undefined) throw authErrors.subjectNotFound()
    const redirectTo = redirectTarget(context.settings, request)
    await sendUserMail(context, tx, locked, PURPOSES.reauthentication, { redirectTo })
  })
  return {}
}

async function withUser(
  context: AuthContext,
  address: string,
  work: (tx: Queryable, user: UserRow) => Promise<void>,
): Promise<void> {
  await context.db.transaction(async (tx) => {
    const found = await findUserByEmail(tx, address)
    const user = found && (await lockUser(tx, found.id))
    if (user !== undefined) await work(tx, user)
  })
}

function mailOptions(context: AuthContext, request: Request, challenge: object | undefined): MailOptions {
  return {
    flow: challenge === undefined ? 'implicit' : 'pkce',
    redirectTo: redirectTarget(context.settings, request),
  }
}
