/** The demo user of the embedded stack: the seed creates it without a password, the stack gives it one. */

import { createClient } from '@supabase/supabase-js'
import type { Stack } from '../stack/index.ts'

export const DEMO_EMAIL = 'demo@claimwire.test'
/** As in `supabase/seed.sql`. */
const DEMO_USER_ID = '00000000-0000-4000-8000-000000000001'

export async function setDemoPassword(stack: Stack, password: string): Promise<void> {
  const admin = createClient(stack.url, stack.keys.secretKey, { auth: { persistSession: false } })
  const { error } = await admin.auth.admin.updateUserById(DEMO_USER_ID, { password })
  if (error !== null) throw new Error('the demo user cannot be given a password', { cause: error })
}
