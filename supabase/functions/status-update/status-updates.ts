/** Where status updates are written: one call, one transaction, in which the user is told as well. */

import type { SupabaseClient } from '@supabase/supabase-js'
import { AppError } from '../../../functions-shared/app-error.ts'
import { isRecord } from '../../../functions-shared/unknown.ts'
import { databaseError } from '../_shared/upstream.ts'
import type { AdvanceRequest, SendRequest } from './request.ts'

export interface StatusUpdateAnswer {
  /** Names the update in later calls, and in the messages about it. */
  jobId: string
  userId: string
  incidentId: string | null
  state: string
  /** Known already: nobody was told again. */
  duplicate: boolean
}

export interface StatusUpdates {
  send(update: SendRequest): Promise<StatusUpdateAnswer>
  advance(update: AdvanceRequest): Promise<StatusUpdateAnswer>
}

export function createStatusUpdates(client: SupabaseClient): StatusUpdates {
  const call = async (name: string, args: Record<string, unknown>): Promise<StatusUpdateAnswer> => {
    const { data, error, status } = await client.rpc(name, args)
    if (error) throw databaseError({ error, status })
    return parseAnswer(data)
  }
  return {
    send: (update) =>
      call('send_status_update', {
        p_update_type: update.updateType,
        p_resource: update.resource,
        p_status: update.status,
        p_user_id: update.userId ?? null,
        p_incident_id: update.incidentId ?? null,
        p_data: update.data ?? null,
        p_state: update.state,
        p_error: update.error ?? null,
        p_error_code: update.errorCode ?? null,
        p_idempotency_key: update.idempotencyKey ?? null,
      }),
    advance: (update) =>
      call('advance_status_update', {
        p_job_id: update.jobId,
        p_state: update.state,
        p_status: update.status ?? null,
        p_progress: update.progress ?? null,
        p_data: update.data ?? null,
        p_error: update.error ?? null,
        p_error_code: update.errorCode ?? null,
      }),
  }
}

function parseAnswer(data: unknown): StatusUpdateAnswer {
  if (isRecord(data)) {
    const { jobId, userId, incidentId, state, duplicate } = data
    if (typeof jobId === 'string' && typeof userId === 'string' && typeof state === 'string') {
      return {
        jobId,
        userId,
        incidentId: typeof incidentId === 'string' ? incidentId : null,
        state,
        duplicate: duplicate === true,
      }
    }
  }
  throw new AppError('internal_error', { cause: new TypeError('The database answered in an unknown shape') })
}
