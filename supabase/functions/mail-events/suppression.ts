/** Addresses that get no mail after a form. */

import type { SupabaseClient } from '@supabase/supabase-js'
import { execute } from '../_shared/database.ts'
import type { MailEvent } from './events.ts'

/** @throws AppError `database_unavailable` */
export type Suppress = (event: MailEvent) => Promise<void>

export function createSuppression(client: SupabaseClient): Suppress {
  return ({ address, reason }) =>
    execute(client.rpc('suppress_address', { p_email: address, p_reason: reason }))
}
