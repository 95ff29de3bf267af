/** What every endpoint works with. */

import type { StackKeys } from '../types.ts'
import type { AuthDatabase } from './database.ts'
import type { Passwords } from './passwords.ts'
import type { AuthSettings } from './settings.ts'

export interface AuthContext {
  db: AuthDatabase
  keys: StackKeys
  settings: AuthSettings
  passwords: Passwords
  /** Claim `iss` of the tokens: the service's public address. */
  issuer: string
}
