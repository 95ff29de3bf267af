/** The part of Supabase Auth (GoTrue) that supabase-js and this project use. `routes.ts` lists its endpoints. */

import { errorCode, isDatabaseUnavailable } from '../database-errors.ts'
import type { HttpService, Logger, StackKeys, Stoppable } from '../types.ts'
import type { AuthContext } from './context.ts'
import { openAuthDatabase } from './database.ts'
import { AuthError, authErrors } from './errors.ts'
import { createGuesses } from './guesses.ts'
import type { MailKind, MailSource } from './mail/kinds.ts'
import { createMailer, type MailTransport } from './mail/mailer.ts'
import { createMailBudget } from './mail-budget.ts'
import { createPasswords } from './passwords.ts'
import { route } from './routes.ts'
import { type AuthSettings, DEFAULT_AUTH_SETTINGS } from './settings.ts'

export { type AuthConfig, readAuthConfig } from './config.ts'
export { createSmtpTransport, type Mail, type MailTransport } from './mail/mailer.ts'
export type { AuthSettings } from './settings.ts'

export interface AuthOptions {
  /** Connects as the superuser; the service acts as `supabase_auth_admin`. */
  databaseUrl: string
  keys: StackKeys
  logger: Logger
  /** Claim `iss` of the tokens: the service's public address, e.g. `http://127.0.0.1:54321/auth/v1`. */
  issuer: string
  settings?: Partial<AuthSettings>
  /** Hands mails over. */
  mail: MailTransport
  /** Default: GoTrue's texts in brief. */
  templates?: Partial<Record<MailKind, MailSource>>
}

export interface AuthService extends HttpService, Stoppable {
  /** Replaces the setting `siteUrl`. */
  setSiteUrl(url: string): void
}

/** Connects with the first request that needs the database. */
export function createAuthService(options: AuthOptions): AuthService {
  const { databaseUrl, keys, logger, issuer } = options
  const settings = { ...DEFAULT_AUTH_SETTINGS, ...options.settings }
  const db = openAuthDatabase(databaseUrl, logger)
  const mailer = createMailer(options.mail, options.templates)
  const context: AuthContext = {
    db,
    keys,
    logger,
    settings,
    issuer,
    mailer,
    passwords: createPasswords(settings),
    guesses: createGuesses(settings),
    mailBudget: createMailBudget(settings.mailsPerHour),
  }
  return {
    async fetch(request, { caller, path }) {
      try {
        return await route(context, request, caller, path)
      } catch (error) {
        return toAuthError(error, logger, path).toResponse(request)
      }
    },
    setSiteUrl(url) {
      settings.siteUrl = url
    },
    async stop() {
      mailer.close()
      await db.close()
    },
  }
}

function toAuthError(error: unknown, logger: Logger, path: string): AuthError {
  if (error instanceof AuthError) return error
  if (isDatabaseUnavailable(error)) {
    logger.warn('auth', 'database_unavailable', { path, code: errorCode(error) })
    return authErrors.unavailable()
  }
  logger.error('auth', 'request_failed', { path, error })
  return authErrors.unexpected()
}
