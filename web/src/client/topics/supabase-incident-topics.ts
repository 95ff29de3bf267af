/** Asks the database for the topic of an incident, with the user's own rights. */

import { isRecord, textAt } from '../../../../functions-shared/unknown.ts'
import type { Backend } from '../backend.ts'
import type { IncidentTopics } from '../ports.ts'
import { call, unreadable } from '../request.ts'

export function createSupabaseIncidentTopics(supabase: Pick<Backend, 'rpc'>): IncidentTopics {
  return {
    async topicOf(incidentId, signal) {
      const request = supabase.rpc('incident_topics', { p_incident_ids: [incidentId] })
      const rows = await call(request, 'database_unavailable', signal)
      if (!Array.isArray(rows)) throw unreadable()
      const row: unknown = rows[0]
      if (row === undefined) return null
      const topic = isRecord(row) ? textAt(row, 'topic') : undefined
      if (topic === undefined) throw unreadable()
      return topic
    },
  }
}
