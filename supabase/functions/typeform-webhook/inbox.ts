/** Where responses are written: one call, one transaction. */

import type { SupabaseClient } from '@supabase/supabase-js'
import { AppError } from '../../../functions-shared/app-error.ts'
import type { TypeformResponse } from '../../../functions-shared/typeform.ts'
import { isRecord, textAt } from '../../../functions-shared/unknown.ts'
import { databaseError } from '../_shared/upstream.ts'

export interface ReceivedResponse {
  incidentId: string
  userId: string
  documentIds: string[]
  jobIds: string[]
  /** True where this response had been received before. */
  duplicate: boolean
}

export interface Inbox {
  /** The owner of the incident that this response has become already, or null. */
  findOwner(token: string): Promise<string | null>
  receive(response: TypeformResponse, userId: string): Promise<ReceivedResponse>
}

export function createInbox(client: SupabaseClient): Inbox {
  return {
    async findOwner(token) {
      const { data, error, status } = await client
        .from('incidents')
        .select('user_id')
        .eq('source_token', token)
        .maybeSingle()
      if (error) throw databaseError({ error, status })
      const row: unknown = data
      return isRecord(row) ? (textAt(row, 'user_id') ?? null) : null
    },
    async receive(response, userId) {
      const { data, error, status } = await client.rpc('receive_typeform_response', {
        p_response: response,
        p_user_id: userId,
      })
      if (error) throw databaseError({ error, status })
      return parseReceived(data)
    },
  }
}

function parseReceived(data: unknown): ReceivedResponse {
  if (isRecord(data)) {
    const { incident_id: incidentId, user_id: userId, document_ids, job_ids, duplicate } = data
    if (typeof incidentId === 'string' && typeof userId === 'string' && typeof duplicate === 'boolean') {
      return { incidentId, userId, documentIds: texts(document_ids), jobIds: texts(job_ids), duplicate }
    }
  }
  throw new AppError('internal_error', { cause: new TypeError('The database answered in an unknown shape') })
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []
}
