/** Accounts of Supabase Auth, for {@link resolveReporter}. */

import type { SupabaseClient } from '@supabase/supabase-js'
import { authError, codeOf } from '../_shared/upstream.ts'
import type { Accounts } from './reporter.ts'

const NOT_FOUND = 'user_not_found'
const EMAIL_TAKEN = ['email_exists', 'user_already_exists']
const EMAIL_REFUSED = ['email_address_invalid', 'email_address_not_authorized', 'validation_failed']

export function createAccounts(client: SupabaseClient): Accounts {
  return {
    async find(id) {
      const { data, error } = await client.auth.admin.getUserById(id)
      if (error) {
        if (error.code === NOT_FOUND || error.status === 404) return null
        throw authError(error)
      }
      return { id: data.user.id, email: data.user.email ?? null }
    },
    async create({ id, email }) {
      // Unconfirmed, because the mailbox is not verified.
      const { data, error } = await client.auth.admin.createUser({
        id,
        email,
        email_confirm: false,
        app_metadata: { source: 'typeform' },
      })
      if (!error) {
        return { outcome: 'created', account: { id: data.user.id, email: data.user.email ?? null } }
      }
      const code = codeOf(error) ?? ''
      if (EMAIL_TAKEN.includes(code)) return { outcome: 'email_taken' }
      if (EMAIL_REFUSED.includes(code)) return { outcome: 'email_refused' }
      return { outcome: 'failed', error: authError(error) }
    },
  }
}
