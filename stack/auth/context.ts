/** What every endpoint works with. */

import type { Logger, StackKeys } from '../types.ts'
import type { AuthDatabase } from './database.ts'
import type { Passwords } from './passwords.ts'
import type { AuthSettings } from './settings.ts'

export interface AuthContext {
  db: AuthDatabase
  keys: StackKeys
  settings: AuthSettings
  passwords: Passwords
  logger: Logger
  /** Claim `iss` of the tokens: the auth API's public address. */
  issuer: () => string
}
