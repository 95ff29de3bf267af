/**
 * The demo users of the embedded stack: a claimant, whom the seed creates without a password, and a handler of the firm, who
 * is an admin. The stack gives both the same password.
 */

import { createClient } from '@supabase/supabase-js'
import type { Database } from '../functions-shared/database.types.ts'
import type { Stack } from '../stack/index.ts'

export const DEMO_EMAIL = 'demo@claimwire.test'
export const DEMO_HANDLER_EMAIL = 'handler@claimwire.test'
/** As in `supabase/seed.sql`. */
const DEMO_USER_ID = '00000000-0000-4000-8000-000000000001'

export async function setUpDemoUsers(stack: Stack, password: string): Promise<void> {
  const admin = createClient<Database>(stack.url, stack.keys.secretKey, { auth: { persistSession: false } })
  const { error } = await admin.auth.admin.updateUserById(DEMO_USER_ID, { password })
  if (error !== null) throw new Error('the demo user cannot be given a password', { cause: error })
  const created = await admin.auth.admin.createUser({
    email: DEMO_HANDLER_EMAIL,
    password,
    email_confirm: true,
    user_metadata: { name: 'Demo Handler' },
  })
  // The handler of an earlier start keeps the place on the staff that the admins gave.
  if (created.error?.code === 'email_exists') return
  if (created.error !== null) throw new Error('the demo handler cannot be created', { cause: created.error })
  const appointed = await admin.rpc('appoint_staff', { p_email: DEMO_HANDLER_EMAIL, p_role: 'admin' })
  if (appointed.error !== null)
    throw new Error('the demo handler cannot be appointed', { cause: appointed.error })
}
