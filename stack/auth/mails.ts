/**
 * Mails with a code and a link. The mail is sent in the transaction that stores its token: without the mail there is no
 * token, and a sign-up leaves no user. The lock on the user makes two requests at once send one mail.
 */

import { type FlowType, linkToken, newCode, storedHash } from './codes.ts'
import type { AuthContext } from './context.ts'
import type { Queryable } from './database.ts'
import { authErrors } from './errors.ts'
import type { MailKind } from './mail/kinds.ts'
import { putToken, type TokenType } from './one-time-tokens.ts'
import { USER_COLUMNS, type UserRow } from './user-record.ts'

/** `type` of a link's address. */
export type LinkType = 'signup' | 'invite' | 'magiclink' | 'recovery' | 'email_change'

type SentColumn =
  | 'confirmation_sent_at'
  | 'recovery_sent_at'
  | 'reauthentication_sent_at'
  | 'email_change_sent_at'

interface MailPurpose {
  mail: MailKind
  token: TokenType
  sentColumn: SentColumn
  /** Undefined for a mail without a link. */
  link: LinkType | undefined
  /** In the error when the mail cannot be sent. */
  words: string
}

export const PURPOSES = {
  confirmation: {
    mail: 'confirmation',
    token: 'confirmation_token',
    sentColumn: 'confirmation_sent_at',
    link: 'signup',
    words: 'confirmation',
  },
  invite: {
    mail: 'invite',
    token: 'confirmation_token',
    sentColumn: 'confirmation_sent_at',
    link: 'invite',
    words: 'invite',
  },
  // A link for signing in is a recovery with another text: both share token and time.
  magicLink: {
    mail: 'magic_link',
    token: 'recovery_token',
    sentColumn: 'recovery_sent_at',
    link: 'magiclink',
    words: 'magic link',
  },
  recovery: {
    mail: 'recovery',
    token: 'recovery_token',
    sentColumn: 'recovery_sent_at',
    link: 'recovery',
    words: 'recovery',
  },
  reauthentication: {
    mail: 'reauthentication',
    token: 'reauthentication_token',
    sentColumn: 'reauthentication_sent_at',
    link: undefined,
    words: 'reauthentication',
  },
} as const satisfies Record<string, MailPurpose>

export interface MailOptions {
  /** Default `implicit`. */
  flow?: FlowType
  /** Where the link leads after it was accepted. */
  redirectTo: string
}

/**
 * Sends a mail to the user's own address.
 * @param user locked by the caller
 * @returns the user with the time of the mail
 * @throws AuthError `over_email_send_rate_limit`, or `unexpected_failure` when the mail is not accepted
 */
export async function sendUserMail(
  context: AuthContext,
  tx: Queryable,
  user: UserRow,
  purpose: (typeof PURPOSES)[keyof typeof PURPOSES],
  { flow = 'implicit', redirectTo }: MailOptions,
): Promise<UserRow> {
  // An invitation is sent by an administrator, as often as the administrator wants.
  if (purpose !== PURPOSES.invite) requireInterval(context, user[purpose.sentColumn])
  const address = user.email ?? ''
  const { code, token } = await issueCode(context, tx, user.id, purpose.token, address, flow)
  await deliver(context, purpose, address, {
    ...commonValues(context, user, redirectTo),
    Token: code,
    TokenHash: token,
    ConfirmationURL: purpose.link && confirmationUrl(context, token, purpose.link, redirectTo),
  })
  const { rows } = await tx.query<UserRow>(
    `update auth.users set ${purpose.sentColumn} = now(), updated_at = now()
       ${purpose === PURPOSES.invite ? ', invited_at = now()' : ''}
      where id = $1 returning ${USER_COLUMNS}`,
    [user.id],
  )
  return rows[0] ?? user
}

const EMAIL_CHANGE = { mail: 'email_change', words: 'email change' } as const

/**
 * Sends the mails that a change of address asks for: to the new address, and to the old one where both must confirm.
 * @param user locked by the caller
 */
export async function sendEmailChange(
  context: AuthContext,
  tx: Queryable,
  user: UserRow,
  newAddress: string,
  { flow = 'implicit', redirectTo }: MailOptions,
): Promise<UserRow> {
  requireInterval(context, user.email_change_sent_at)
  const old = context.settings.confirmsBothAddresses ? (user.email ?? '') : ''
  await tx.query(
    `delete from auth.one_time_tokens where user_id = $1 and token_type = 'email_change_token_current'`,
    [user.id],
  )
  const recipients: [TokenType, string][] = [
    ['email_change_token_new', newAddress],
    ...(old === '' ? [] : [['email_change_token_current', old] satisfies [TokenType, string]]),
  ]
  for (const [type, address] of recipients) {
    const { code, token } = await issueCode(context, tx, user.id, type, address, flow)
    await deliver(context, EMAIL_CHANGE, address, {
      ...commonValues(context, user, redirectTo),
      NewEmail: newAddress,
      SendingTo: address,
      Token: code,
      TokenHash: token,
      ConfirmationURL: confirmationUrl(context, token, 'email_change', redirectTo),
    })
  }
  const { rows } = await tx.query<UserRow>(
    `update auth.users set email_change = $2, email_change_sent_at = now(), email_change_confirm_status = 0,
       updated_at = now() where id = $1 returning ${USER_COLUMNS}`,
    [user.id, newAddress],
  )
  return rows[0] ?? user
}

/** Stores a new code in place of the last one of its type. */
export async function issueCode(
  context: AuthContext,
  tx: Queryable,
  userId: string,
  type: TokenType,
  address: string,
  flow: FlowType,
): Promise<{ code: string; token: string }> {
  const code = newCode(context.settings.codeLength)
  const token = linkToken(context.keys, address, code, flow)
  await putToken(tx, { userId, type, hash: storedHash(token), address })
  context.guesses.renewed(address)
  return { code, token }
}

export function confirmationUrl(
  { issuer }: AuthContext,
  token: string,
  type: LinkType,
  redirectTo: string,
): string {
  return `${issuer}/verify?${new URLSearchParams({ token, type, redirect_to: redirectTo })}`
}

function commonValues({ settings }: AuthContext, user: UserRow, redirectTo: string) {
  return {
    SiteURL: settings.siteUrl,
    RedirectTo: redirectTo,
    Email: user.email ?? '',
    Data: user.raw_user_meta_data ?? {},
  }
}

function requireInterval({ settings }: AuthContext, sentAt: Date | null): void {
  if (sentAt === null) return
  const left = sentAt.getTime() + settings.mailInterval * 1000 - Date.now()
  if (left > 0) throw authErrors.mailTooSoon(Math.floor(left / 1000))
}

async function deliver(
  { mailer, mailBudget, settings, logger }: AuthContext,
  { mail, words }: { mail: MailKind; words: string },
  address: string,
  values: Readonly<Record<string, unknown>>,
): Promise<void> {
  if (!settings.autoconfirm && !mailBudget.take()) throw authErrors.tooManyMails()
  try {
    await mailer.send(mail, address, values)
  } catch (error) {
    logger.error('auth', 'mail_not_sent', { mail, error })
    throw authErrors.mailNotSent(words)
  }
}
