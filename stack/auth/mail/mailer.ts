/** Writes mails from templates, with plain text beside the HTML, and hands them to an SMTP server. */

import { convert } from 'html-to-text'
import { createTransport, type Transporter } from 'nodemailer'
import { AppError } from '../../../functions-shared/app-error.ts'
import { DEFAULT_SOURCES, MAIL_KINDS, type MailKind, type MailSource } from './kinds.ts'
import { parseTemplate, type Template, type TemplateValues } from './template.ts'

export interface Mail {
  to: string
  subject: string
  html: string
  text: string
}

/** Where mails are handed over. */
export interface MailTransport {
  /** Resolves when the server has accepted the mail. @throws when it has not */
  send(mail: Mail): Promise<void>
  close(): void
}

export interface SmtpSettings {
  host: string
  port: number
  user?: string | undefined
  pass?: string | undefined
  senderAddress: string
  senderName: string
}

export interface Mailer {
  send(kind: MailKind, to: string, values: TemplateValues): Promise<void>
  close(): void
}

/** Milliseconds. A request waits for its mail. */
const TIMEOUT_MS = 10_000
const MAX_CONNECTIONS = 4

/** @throws AppError `auth_config_invalid` for a template that cannot be read */
export function createMailer(
  transport: MailTransport,
  sources: Partial<Record<MailKind, MailSource>> = {},
): Mailer {
  const templates = new Map(
    MAIL_KINDS.map((kind) => [kind, parse(kind, sources[kind] ?? DEFAULT_SOURCES[kind])]),
  )
  return {
    async send(kind, to, values) {
      const template = templates.get(kind)
      if (template === undefined) throw new Error(`there is no template ${kind}`)
      const html = template.html.render(values)
      await transport.send({ to, subject: template.subject.render(values), html, text: plainText(html) })
    },
    close: () => transport.close(),
  }
}

function parse(kind: MailKind, source: MailSource): { subject: Template; html: Template } {
  try {
    return { subject: parseTemplate(source.subject), html: parseTemplate(source.html) }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new AppError('auth_config_invalid', {
      cause,
      details: { reason: `mail template ${kind}, ${reason}` },
    })
  }
}

function plainText(html: string): string {
  return convert(html, {
    wordwrap: 78,
    selectors: [
      { selector: 'a', options: { hideLinkHrefIfSameAsText: true, linkBrackets: false } },
      { selector: 'h1', options: { uppercase: false } },
      { selector: 'img', format: 'skip' },
      // The line that mail programs show beside the subject.
      { selector: '[data-preheader]', format: 'skip' },
    ],
  })
}

export function createSmtpTransport(settings: SmtpSettings): MailTransport {
  const transporter: Transporter = createTransport({
    pool: true,
    maxConnections: MAX_CONNECTIONS,
    host: settings.host,
    port: settings.port,
    secure: settings.port === 465,
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    // Templates are text: they never name a file or an address whose content goes into the mail.
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(settings.user !== undefined && { auth: { user: settings.user, pass: settings.pass ?? '' } }),
  })
  const from = { name: settings.senderName, address: settings.senderAddress }
  return {
    async send({ to, subject, html, text }) {
      // As an object: a text would be read as a list of addresses.
      await transporter.sendMail({ from, to: { name: '', address: to }, subject, html, text })
    },
    close: () => transporter.close(),
  }
}
