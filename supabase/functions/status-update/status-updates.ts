/** Status updates in the database. Each call is one transaction, which also notifies the user. */

import type { SupabaseClient } from '@supabase/supabase-js'
import * as v from 'valibot'
import { optionalText, query } from '../_shared/database.ts'
import type { AdvanceRequest, SendRequest } from './request.ts'

const answer = v.object({
  /** Names the update in later calls, and in the messages about it. */
  jobId: v.string(),
  userId: v.string(),
  incidentId: optionalText,
  state: v.string(),
  /** True for a request that was known already: the user was not notified again. */
  duplicate: v.boolean(),
})
export type StatusUpdateAnswer = v.InferOutput<typeof answer>

export interface StatusUpdates {
  send(update: SendRequest): Promise<StatusUpdateAnswer>
  advance(update: AdvanceRequest): Promise<StatusUpdateAnswer>
}

export function createStatusUpdates(client: SupabaseClient): StatusUpdates {
  return {
    send: (update) =>
      query(
        answer,
        client.rpc('send_status_update', {
          p_update_type: update.updateType,
          p_resource: update.resource,
          p_status: update.status,
          p_user_id: update.userId,
          p_incident_id: update.incidentId,
          p_data: update.data,
          p_state: update.state,
          p_error: update.error,
          p_error_code: update.errorCode,
          p_idempotency_key: update.idempotencyKey,
        }),
      ),
    advance: (update) =>
      query(
        answer,
        client.rpc('advance_status_update', {
          p_job_id: update.jobId,
          p_state: update.state,
          p_status: update.status,
          p_progress: update.progress,
          p_data: update.data,
          p_error: update.error,
          p_error_code: update.errorCode,
        }),
      ),
  }
}
