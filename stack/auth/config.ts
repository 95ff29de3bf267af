/**
 * Settings of Auth from `supabase/config.toml`, where `supabase start` and `supabase config push` read them, too. What that
 * file says about parts of Auth that do not exist here is ignored.
 */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'smol-toml'
import * as v from 'valibot'
import { AppError } from '../../functions-shared/app-error.ts'
import { durationMs } from './duration.ts'
import { MAIL_KINDS, type MailKind, type MailSource } from './mail/kinds.ts'
import type { SmtpSettings } from './mail/mailer.ts'
import type { AuthSettings } from './settings.ts'

export interface AuthConfig {
  settings: Partial<AuthSettings>
  /** Undefined where `[auth.email.smtp]` is missing or not enabled. */
  smtp: SmtpSettings | undefined
  templates: Partial<Record<MailKind, MailSource>>
}

/** Replaces `env(NAME)`, as the Supabase CLI does. */
const setting = v.pipe(
  v.string(),
  v.transform((value) => {
    const [, name] = /^env\((\w+)\)$/.exec(value) ?? []
    return name === undefined ? value : (process.env[name] ?? '')
  }),
)
const seconds = v.pipe(
  v.string(),
  v.transform(durationMs),
  v.number('Expected a duration like 60s'),
  v.transform((ms) => ms / 1000),
)
const whole = v.pipe(v.number(), v.integer(), v.minValue(0))
const url = v.pipe(setting, v.url())

const EMAIL = v.object({
  double_confirm_changes: v.optional(v.boolean()),
  enable_confirmations: v.optional(v.boolean()),
  secure_password_change: v.optional(v.boolean()),
  require_current_password: v.optional(v.boolean()),
  max_frequency: v.optional(seconds),
  otp_length: v.optional(v.pipe(whole, v.minValue(6), v.maxValue(10))),
  otp_expiry: v.optional(v.pipe(whole, v.minValue(1))),
  smtp: v.optional(
    v.object({
      enabled: v.optional(v.boolean(), true),
      host: setting,
      port: whole,
      user: v.optional(setting),
      pass: v.optional(setting),
      admin_email: v.pipe(setting, v.email()),
      sender_name: v.optional(setting, ''),
    }),
  ),
  template: v.optional(
    v.record(v.string(), v.object({ subject: v.optional(setting), content_path: v.optional(setting) })),
  ),
})

const CONFIG = v.object({
  auth: v.optional(
    v.object({
      site_url: v.optional(url),
      additional_redirect_urls: v.optional(v.array(setting)),
      jwt_expiry: v.optional(v.pipe(whole, v.minValue(1))),
      refresh_token_reuse_interval: v.optional(whole),
      enable_signup: v.optional(v.boolean()),
      enable_anonymous_sign_ins: v.optional(v.boolean()),
      enable_manual_linking: v.optional(v.boolean()),
      minimum_password_length: v.optional(whole),
      rate_limit: v.optional(v.object({ email_sent: v.optional(whole) })),
      email: v.optional(EMAIL),
      mfa: v.optional(
        v.object({
          max_enrolled_factors: v.optional(whole),
          totp: v.optional(
            v.object({
              enroll_enabled: v.optional(v.boolean()),
              verify_enabled: v.optional(v.boolean()),
            }),
          ),
        }),
      ),
    }),
    {},
  ),
})

/**
 * @param projectDir the folder that contains `supabase/`
 * @throws AppError `auth_config_invalid`
 */
export async function readAuthConfig(projectDir: string): Promise<AuthConfig> {
  const { auth } = await readConfig(join(projectDir, 'supabase', 'config.toml'))
  const { email = {}, mfa = {} } = auth
  const smtp = email.smtp?.enabled ? email.smtp : undefined
  const settings: { [Name in keyof AuthSettings]?: AuthSettings[Name] | undefined } = {
    accessTokenLifetime: auth.jwt_expiry,
    refreshTokenReuseInterval: auth.refresh_token_reuse_interval,
    minimumPasswordLength: auth.minimum_password_length,
    siteUrl: auth.site_url,
    redirectUrls: auth.additional_redirect_urls,
    signUpEnabled: auth.enable_signup,
    anonymousEnabled: auth.enable_anonymous_sign_ins,
    manualLinkingEnabled: auth.enable_manual_linking,
    autoconfirm: email.enable_confirmations === undefined ? undefined : !email.enable_confirmations,
    confirmsBothAddresses: email.double_confirm_changes,
    passwordNeedsReauthentication: email.secure_password_change,
    passwordNeedsCurrent: email.require_current_password,
    mailInterval: email.max_frequency,
    // As for `supabase start`: the limit is for a mail server of one's own.
    mailsPerHour: smtp && auth.rate_limit?.email_sent,
    codeLength: email.otp_length,
    codeLifetime: email.otp_expiry,
    maxFactors: mfa.max_enrolled_factors,
    totpEnrollEnabled: mfa.totp?.enroll_enabled,
    totpVerifyEnabled: mfa.totp?.verify_enabled,
  }
  return {
    settings: withoutUndefined(settings),
    smtp: smtp && {
      host: smtp.host,
      port: smtp.port,
      user: smtp.user,
      pass: smtp.pass,
      senderAddress: smtp.admin_email,
      senderName: smtp.sender_name,
    },
    templates: await readTemplates(projectDir, email.template ?? {}),
  }
}

async function readConfig(file: string): Promise<v.InferOutput<typeof CONFIG>> {
  try {
    return v.parse(CONFIG, parse(await readFile(file, 'utf8')))
  } catch (cause) {
    throw invalid(cause instanceof v.ValiError ? describe(cause) : reasonOf(cause), cause)
  }
}

async function readTemplates(
  projectDir: string,
  named: Readonly<Record<string, { subject?: string | undefined; content_path?: string | undefined }>>,
): Promise<Partial<Record<MailKind, MailSource>>> {
  const templates: Partial<Record<MailKind, MailSource>> = {}
  for (const kind of MAIL_KINDS) {
    const { subject, content_path: path } = named[kind] ?? {}
    if (subject === undefined || path === undefined) continue
    try {
      // Relative to the project, as the Supabase CLI reads it.
      templates[kind] = { subject, html: await readFile(join(projectDir, path), 'utf8') }
    } catch (cause) {
      throw invalid(`mail template ${kind}: ${reasonOf(cause)}`, cause)
    }
  }
  return templates
}

function describe(error: v.ValiError<typeof CONFIG>): string {
  const [issue] = error.issues
  return `${v.getDotPath(issue) ?? ''}: ${issue.message}`
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function invalid(reason: string, cause: unknown): AppError {
  return new AppError('auth_config_invalid', { cause, details: { reason } })
}

function withoutUndefined<Fields extends object>(
  fields: {
    [Name in keyof Fields]: Fields[Name] | undefined
  },
): Partial<Fields>
function withoutUndefined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
