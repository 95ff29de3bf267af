/** What every endpoint works with. */

import type { Logger, StackKeys } from '../types.ts'
import type { AuthDatabase } from './database.ts'
import type { Guesses } from './guesses.ts'
import type { Mailer } from './mail/mailer.ts'
import type { MailBudget } from './mail-budget.ts'
import type { Passwords } from './passwords.ts'
import type { AuthSettings } from './settings.ts'

export interface AuthContext {
  db: AuthDatabase
  keys: StackKeys
  logger: Logger
  settings: AuthSettings
  passwords: Passwords
  guesses: Guesses
  mailer: Mailer
  mailBudget: MailBudget
  /** Claim `iss` of the tokens: the service's public address. */
  issuer: string
}
