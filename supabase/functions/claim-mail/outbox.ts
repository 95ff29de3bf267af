/** Mails that are due, as the database names them, and what became of each attempt. */

import type { SupabaseClient } from '@supabase/supabase-js'
import * as v from 'valibot'
import { execute, query } from '../_shared/database.ts'

export interface ClaimMail {
  incidentId: string
  kind: 'invitation' | 'confirmation'
  email: string
  attempt: number
  /** Of a confirmation: proves to `confirm_claim` that the link came by mail. */
  token: string | null
}

/** `refused` ends a mail, `failed` is tried again. `code` says why. */
export type Outcome = { outcome: 'sent' } | { outcome: 'refused' | 'failed'; code: string }

export interface Outbox {
  /** At most `limit` mails, each for one attempt. @throws AppError `database_unavailable` */
  take(limit: number): Promise<ClaimMail[]>
  finish(mail: ClaimMail, outcome: Outcome): Promise<void>
}

const mails = v.array(
  v.pipe(
    v.object({
      incident_id: v.string(),
      kind: v.picklist(['invitation', 'confirmation']),
      email: v.string(),
      attempt: v.number(),
      token: v.nullable(v.string()),
    }),
    v.transform(({ incident_id: incidentId, ...mail }): ClaimMail => ({ incidentId, ...mail })),
  ),
)

export function createOutbox(client: SupabaseClient): Outbox {
  return {
    take: (limit) => query(mails, client.rpc('take_claim_mails', { p_limit: limit })),
    finish: ({ incidentId, attempt }, outcome) =>
      execute(
        client.rpc('finish_claim_mail', {
          p_incident_id: incidentId,
          p_attempt: attempt,
          p_outcome: outcome.outcome,
          ...(outcome.outcome !== 'sent' && { p_error_code: outcome.code }),
        }),
      ),
  }
}
