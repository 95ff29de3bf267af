/** Password hashes in the form of hosted Supabase: bcrypt `$2a$`, 72 bytes at most. */

import { randomUUID } from 'node:crypto'
import bcrypt from 'bcryptjs'
import { authErrors } from './errors.ts'
import type { AuthSettings } from './settings.ts'

export interface Passwords {
  /** @throws AuthError `weak_password` or `validation_failed` */
  check(password: string): void
  hash(password: string): Promise<string>
  /** Takes as long without a hash as for a wrong password, so that the time does not tell whether an account exists. */
  matches(password: string, hash: string | null | undefined): Promise<boolean>
}

export function createPasswords(
  settings: Pick<AuthSettings, 'bcryptCost' | 'minimumPasswordLength'>,
): Passwords {
  const hash = async (password: string): Promise<string> => {
    const salt = await bcrypt.genSalt(settings.bcryptCost)
    return bcrypt.hash(password, salt.replace(/^\$2b\$/, '$2a$'))
  }
  let decoy: Promise<string> | undefined
  return {
    check(password) {
      if (bcrypt.truncates(password)) throw authErrors.passwordTooLong()
      if ([...password].length < settings.minimumPasswordLength) {
        throw authErrors.weakPassword(settings.minimumPasswordLength)
      }
    },
    hash,
    async matches(password, stored) {
      decoy ??= hash(randomUUID())
      const usable = stored && /^\$2[aby]\$\d{2}\$.{53}$/.test(stored)
      const equal = await bcrypt.compare(password, usable ? stored : await decoy)
      return equal && Boolean(usable) && !bcrypt.truncates(password)
    },
  }
}
