/** Invitations whose mail is due, as the database names them, and what became of each attempt. */

import type { SupabaseClient } from '@supabase/supabase-js'
import * as v from 'valibot'
import { execute, query } from '../_shared/database.ts'

export interface Invitation {
  id: string
  email: string
  /** The case; null for a place among the staff. */
  incidentId: string | null
  /** Whether Auth knows the address. */
  hasAccount: boolean
}

export interface Invitations {
  /** At most `limit` invitations, each for one attempt. @throws AppError `database_unavailable` */
  claim(limit: number): Promise<Invitation[]>
  /** @param failure code of the failure; null for a mail that was sent. */
  mailed(id: string, failure: string | null): Promise<void>
}

const rows = v.array(
  v.pipe(
    v.object({
      id: v.string(),
      email: v.string(),
      incident_id: v.nullable(v.string()),
      has_account: v.boolean(),
    }),
    v.transform(
      ({ id, email, incident_id: incidentId, has_account: hasAccount }): Invitation => ({
        id,
        email,
        incidentId,
        hasAccount,
      }),
    ),
  ),
)

export function createInvitations(client: SupabaseClient): Invitations {
  return {
    claim: (limit) => query(rows, client.rpc('claim_invitations', { p_limit: limit })),
    mailed: (id, failure) =>
      execute(
        client.rpc('invitation_mailed', {
          p_invitation_id: id,
          ...(failure !== null && { p_error_code: failure }),
        }),
      ),
  }
}
