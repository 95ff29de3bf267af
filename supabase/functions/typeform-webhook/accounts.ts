/**
 * Accounts of Supabase Auth, for {@link resolveReporter}.
 *
 * An account that the webhook opens has an address that is typed text, not a proven mailbox. Auth must not let a sign-up with that
 * address in. Where a project does not confirm addresses, Auth gives an *unconfirmed* account to the first person who
 * signs up with its address. Auth never does so with a confirmed account. The account is therefore confirmed, without a password: the
 * only ways in are a link or code sent to the mailbox. `app_metadata.mailbox` says that the mailbox has not been proven.
 */

import type { SupabaseClient, User } from '@supabase/supabase-js'
import * as v from 'valibot'
import { query } from '../_shared/database.ts'
import { authError, codeOf } from '../_shared/upstream.ts'
import type { Account, Accounts } from './reporter.ts'

const UNPROVEN = 'unproven'
const NOT_FOUND = 'user_not_found'
const EMAIL_TAKEN = ['email_exists', 'user_already_exists']
const EMAIL_REFUSED = ['email_address_invalid', 'email_address_not_authorized', 'validation_failed']

function accountOf({ id, email, app_metadata }: User): Account {
  return { id, email: email ?? null, isProven: app_metadata?.mailbox !== UNPROVEN }
}

export function createAccounts(client: SupabaseClient): Accounts {
  return {
    async find(id) {
      const { data, error } = await client.auth.admin.getUserById(id)
      if (error) {
        if (error.code === NOT_FOUND || error.status === 404) return null
        throw authError(error)
      }
      return accountOf(data.user)
    },
    async findByFormLink(token) {
      return await query(v.nullable(v.string()), client.rpc('form_link_user', { p_token: token }))
    },
    async create({ id, email }) {
      const { data, error } = await client.auth.admin.createUser({
        id,
        email,
        email_confirm: true,
        app_metadata: { source: 'typeform', mailbox: UNPROVEN },
      })
      if (!error) {
        return { outcome: 'created', account: accountOf(data.user) }
      }
      const code = codeOf(error) ?? ''
      if (EMAIL_TAKEN.includes(code)) return { outcome: 'email_taken' }
      if (EMAIL_REFUSED.includes(code)) return { outcome: 'email_refused' }
      return { outcome: 'failed', error: authError(error) }
    },
  }
}
