/** For tests and benchmarks: users who need not open a mail. */

import { createClient } from '@supabase/supabase-js'
import type { StackKeys } from '../types.ts'

/** @returns the id of a new user whose address counts as confirmed */
export async function addConfirmedUser(
  { url, keys }: { url: string; keys: Pick<StackKeys, 'secretKey'> },
  account: { email: string; password: string },
): Promise<string> {
  const admin = createClient(url, keys.secretKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  })
  const { data, error } = await admin.auth.admin.createUser({ ...account, email_confirm: true })
  if (error !== null) throw error
  return data.user.id
}
