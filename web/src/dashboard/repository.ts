/** What the dashboard reads and does in the backend, under the rights of who is signed in. */

import type { SupabaseClient } from '@supabase/supabase-js'
import type { Database } from '../../../functions-shared/database.types.ts'
import { type Incident, parseIncidents } from './incidents.ts'

export interface Repository {
  /** Newest first. */
  listIncidents(): Promise<Incident[]>
  /** Null when there is none, or none that this user may see. */
  findIncident(id: string): Promise<Incident | null>
  /** Path in the bucket `derivatives` -> URL; paths that cannot be signed are left out. */
  signUrls(paths: readonly string[]): Promise<Map<string, string>>
  /** Puts a failed job into the queue again. */
  requeue(jobId: string): Promise<void>
}

const COLUMNS = `
  id, title, description, occurred_on, reporter_email, created_at, answers,
  documents (
    id, kind, document_type, file_name, content_type, byte_size, thumbnail_path, preview_path, width, height, created_at,
    job:jobs (id, status, progress, stage, error_code, error, started_at, finished_at)
  )
`

/** Incidents shown in the list. */
const LIMIT = 50

/** Seconds that a signed URL is valid. */
export const URL_VALIDITY = 3_600

export function createRepository(supabase: SupabaseClient<Database>): Repository {
  return {
    async listIncidents() {
      const { data, error } = await supabase
        .from('incidents')
        .select(COLUMNS)
        .order('created_at', { ascending: false })
        .order('created_at', { referencedTable: 'documents' })
        .limit(LIMIT)
      if (error) throw error
      return parseIncidents(data)
    },
    async findIncident(id) {
      const { data, error } = await supabase
        .from('incidents')
        .select(COLUMNS)
        .eq('id', id)
        .order('created_at', { referencedTable: 'documents' })
        .limit(1)
      if (error) throw error
      return parseIncidents(data)[0] ?? null
    },
    async signUrls(paths) {
      const { data, error } = await supabase.storage
        .from('derivatives')
        .createSignedUrls([...paths], URL_VALIDITY)
      if (error) throw error
      return new Map(
        data.flatMap(({ path, signedUrl }) =>
          path !== null && signedUrl ? [[path, signedUrl] as const] : [],
        ),
      )
    },
    async requeue(jobId) {
      const { error } = await supabase.rpc('requeue_job', { p_job_id: jobId })
      if (error) throw error
    },
  }
}
