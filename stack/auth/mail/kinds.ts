/** Kinds of mail, named as in config.toml under `auth.email.template`. */

export const MAIL_KINDS = [
  'confirmation',
  'invite',
  'magic_link',
  'recovery',
  'email_change',
  'reauthentication',
] as const

export type MailKind = (typeof MAIL_KINDS)[number]

/** Source of a mail in Go's template language. */
export interface MailSource {
  subject: string
  html: string
}

/** Used for kinds that config.toml names no template for. */
export const DEFAULT_SOURCES: Readonly<Record<MailKind, MailSource>> = {
  confirmation: {
    subject: 'Confirm your e-mail address',
    html: '<p><a href="{{ .ConfirmationURL }}">Confirm {{ .Email }}</a></p><p>Code: {{ .Token }}</p>',
  },
  invite: {
    subject: 'You are invited',
    html: '<p><a href="{{ .ConfirmationURL }}">Accept the invitation</a></p>',
  },
  magic_link: {
    subject: 'Sign in',
    html: '<p><a href="{{ .ConfirmationURL }}">Sign in</a></p><p>Code: {{ .Token }}</p>',
  },
  recovery: {
    subject: 'Set a new password',
    html: '<p><a href="{{ .ConfirmationURL }}">Set a new password</a></p><p>Code: {{ .Token }}</p>',
  },
  email_change: {
    subject: 'Confirm your new e-mail address',
    html: '<p><a href="{{ .ConfirmationURL }}">Change {{ .Email }} to {{ .NewEmail }}</a></p><p>Code: {{ .Token }}</p>',
  },
  reauthentication: { subject: 'Your code', html: '<p>Code: {{ .Token }}</p>' },
}
