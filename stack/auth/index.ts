/** The part of Supabase Auth (GoTrue) that supabase-js and this project use. `routes.ts` lists its endpoints. */

import { errorCode, isDatabaseUnavailable } from '../database-errors.ts'
import type { HttpService, Logger, StackKeys, Stoppable } from '../types.ts'
import type { AuthContext } from './context.ts'
import { openAuthDatabase } from './database.ts'
import { AuthError, authErrors } from './errors.ts'
import { createPasswords } from './passwords.ts'
import { route } from './routes.ts'
import { type AuthSettings, DEFAULT_AUTH_SETTINGS } from './settings.ts'

export type { AuthSettings } from './settings.ts'

export interface AuthOptions {
  /** Connects as the superuser; the service acts as `supabase_auth_admin`. */
  databaseUrl: string
  keys: StackKeys
  logger: Logger
  /** Claim `iss` of the tokens: the service's public address, e.g. `http://127.0.0.1:54321/auth/v1`. */
  issuer: string
  settings?: Partial<AuthSettings>
}

export interface AuthService extends HttpService, Stoppable {}

/** Connects with the first request that needs the database. */
export function createAuthService(options: AuthOptions): AuthService {
  const { databaseUrl, keys, logger, issuer } = options
  const settings = { ...DEFAULT_AUTH_SETTINGS, ...options.settings }
  const db = openAuthDatabase(databaseUrl, logger)
  const context: AuthContext = { db, keys, settings, passwords: createPasswords(settings), issuer }
  return {
    async fetch(request, { caller, path }) {
      try {
        return await route(context, request, caller, path)
      } catch (error) {
        return toAuthError(error, logger, path).toResponse(request)
      }
    },
    stop: () => db.close(),
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
