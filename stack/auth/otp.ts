/** `/otp` and `/magiclink`: a mail with a code and a link, for users and for people who become users by it. */

import type { AuthContext } from './context.ts'
import { authErrors } from './errors.ts'
import { beginFlow, type Challenge, challengeOf, PKCE_FIELDS } from './flow-state.ts'
import { email, flag, metadata, phone, readBody, text } from './input.ts'
import { PURPOSES, sendUserMail } from './mails.ts'
import { redirectTarget } from './redirects.ts'
import { registerByEmail } from './sign-up.ts'
import { findUserByEmail, lockUser } from './users.ts'

export async function sendOtp(context: AuthContext, request: Request): Promise<object> {
  const body = await readBody(request, {
    ...PKCE_FIELDS,
    email,
    phone,
    channel: text,
    create_user: flag,
    data: metadata,
  })
  const { email: address, data } = body
  if (address !== undefined && body.channel !== undefined) {
    throw authErrors.validation('Channel should only be specified with Phone OTP')
  }
  const challenge = challengeOf(body)
  if (address === undefined) throw authErrors.validation('One of email or phone must be set')
  if (body.create_user === false && !(await findUserByEmail(context.db.pool, address))) {
    throw authErrors.otpDisabled()
  }
  return sendLink(context, request, { address, data: data ?? {}, challenge })
}

export async function sendMagicLink(context: AuthContext, request: Request): Promise<object> {
  const body = await readBody(request, { ...PKCE_FIELDS, email, data: metadata })
  const challenge = challengeOf(body)
  if (body.email === undefined) {
    throw authErrors.validation('Password recovery requires an email', 422)
  }
  return sendLink(context, request, { address: body.email, data: body.data ?? {}, challenge })
}

async function sendLink(
  context: AuthContext,
  request: Request,
  { address, data, challenge }: { address: string; data: object; challenge: Challenge | undefined },
): Promise<object> {
  const found = await findUserByEmail(context.db.pool, address)
  if (!found?.email_confirmed_at) {
    const { user } = await registerByEmail(context, request, {
      address,
      passwordHash: '',
      data: { ...data },
      challenge,
    })
    // The mail that confirms a sign-up signs in as well.
    if (user.email_confirmed_at === null && !context.settings.autoconfirm) return {}
  }
  await context.db.transaction(async (tx) => {
    const current = await findUserByEmail(tx, address)
    const user = current && (await lockUser(tx, current.id))
    // The user may have been deleted since. The answer does not tell.
    if (user === undefined) return
    if (challenge !== undefined) await beginFlow(tx, user.id, 'magiclink', challenge)
    await sendUserMail(context, tx, user, PURPOSES.magicLink, {
      flow: challenge === undefined ? 'implicit' : 'pkce',
      redirectTo: redirectTarget(context.settings, request),
    })
  })
  return {}
}
