/** Stores responses in the database: one call, one transaction. */

import type { SupabaseClient } from '@supabase/supabase-js'
import * as v from 'valibot'
import type { TypeformResponse } from '../../../functions-shared/typeform.ts'
import { query } from '../_shared/database.ts'
import type { Reporter } from './reporter.ts'

export interface ReceivedResponse {
  incidentId: string
  userId: string
  documentIds: string[]
  jobIds: string[]
  /** True for a response that was received before. */
  duplicate: boolean
}

export interface Inbox {
  /** The owner of the incident that an earlier delivery of this response has made; null without one. */
  findOwner(token: string): Promise<string | null>
  receive(response: TypeformResponse, reporter: Reporter): Promise<ReceivedResponse>
}

const received = v.pipe(
  v.object({
    incident_id: v.string(),
    user_id: v.string(),
    document_ids: v.array(v.string()),
    job_ids: v.array(v.string()),
    duplicate: v.boolean(),
  }),
  v.transform(
    (row): ReceivedResponse => ({
      incidentId: row.incident_id,
      userId: row.user_id,
      documentIds: row.document_ids,
      jobIds: row.job_ids,
      duplicate: row.duplicate,
    }),
  ),
)
const owned = v.nullable(v.object({ user_id: v.string() }))

export function createInbox(client: SupabaseClient): Inbox {
  return {
    async findOwner(token) {
      const incident = await query(
        owned,
        client.from('incidents').select('user_id').eq('source_token', token).maybeSingle(),
      )
      return incident?.user_id ?? null
    },
    receive: (response, { userId, mailTo }) =>
      query(
        received,
        client.rpc('receive_typeform_response', {
          p_response: response,
          ...(userId !== null && { p_user_id: userId }),
          ...(mailTo !== null && { p_mail_to: mailTo }),
        }),
      ),
  }
}
