/** The requests of the dashboard to its backend, with the rights of the signed-in user. */

import type { SupabaseClient } from '@supabase/supabase-js'
import type { Database } from '../../../functions-shared/database.types.ts'
import { type Incident, type IncidentDocument, parseIncidents } from './records.ts'

/** Buckets whose files members read without opening them one by one. */
export type Bucket = 'derivatives' | 'reports'

/** A page of the list begins after this incident. */
export type PageStart = Pick<Incident, 'id' | 'createdAt'>

export interface Repository {
  /** Newest first, at most {@link PAGE_SIZE}, with the columns that the list shows. */
  listIncidents(after: PageStart | null): Promise<Incident[]>
  /** All columns; null where no such incident exists or the user is not a member. */
  findIncident(id: string): Promise<Incident | null>
  /** Path -> URL, without the paths that cannot be signed. */
  signUrls(bucket: Bucket, paths: readonly string[]): Promise<Map<string, string>>
  /** A URL that saves the file under the name. */
  signDownload(bucket: Bucket, path: string, fileName: string): Promise<string>
  /**
   * A URL of the original of a document. The custody log tells that the user opened it.
   * @param fileName saves the file under this name; null shows it.
   */
  signOriginal(document: IncidentDocument, fileName: string | null): Promise<string>
  /** Puts a failed job into the queue again. */
  requeue(jobId: string): Promise<void>
  /** Incident id -> number of unread notifications, without incidents that have none. */
  unreadIncidents(): Promise<Map<string, number>>
}

const JOB = 'job:jobs (id, status, progress, stage, error_code, error, started_at, finished_at, revision)'

const LISTED = `
  id, user_id, title, description, occurred_on, reporter_email, state, created_at,
  documents (id, kind, document_type, file_name, created_at, ${JOB}),
  reports (id, origin, created_at, ${JOB})
` as const

const COMPLETE = `
  id, user_id, title, description, occurred_on, reporter_email, state, created_at, answers,
  documents (
    id, kind, document_type, source_ref, file_name, content_type, byte_size, sha256, received_at, created_at,
    original_path, thumbnail_path, preview_path, width, height, metadata, duplicate_of, ${JOB}
  ),
  transcriptions (
    id, document_id, text, segments, simulated, provider, language, duration, word_count, created_at, ${JOB}
  ),
  reports (id, origin, path, file_name, file_size, page_count, created_at, completed_at, ${JOB})
` as const

export const PAGE_SIZE = 50

/** Seconds that a signed URL is valid. */
export const URL_VALIDITY = 3_600

/** Seconds that the URL of a download is valid. The page follows the URL at once. */
const DOWNLOAD_VALIDITY = 60

export function createRepository(supabase: SupabaseClient<Database>): Repository {
  return {
    async listIncidents(after) {
      let query = supabase
        .from('incidents')
        .select(LISTED)
        .order('created_at', { ascending: false })
        .order('id', { ascending: false })
        .order('created_at', { referencedTable: 'documents' })
        .limit(PAGE_SIZE)
      if (after !== null) {
        const { id, createdAt } = after
        query = query.or(`created_at.lt."${createdAt}",and(created_at.eq."${createdAt}",id.lt.${id})`)
      }
      const { data, error } = await query
      if (error) throw error
      return parseIncidents(data, false)
    },
    async findIncident(id) {
      const { data, error } = await supabase
        .from('incidents')
        .select(COMPLETE)
        .eq('id', id)
        .order('created_at', { referencedTable: 'documents' })
        .order('created_at', { referencedTable: 'reports', ascending: false })
        .limit(1)
      if (error) throw error
      return parseIncidents(data, true)[0] ?? null
    },
    async signUrls(bucket, paths) {
      const { data, error } = await supabase.storage.from(bucket).createSignedUrls([...paths], URL_VALIDITY)
      if (error) throw error
      return new Map(
        data.flatMap(({ path, signedUrl }) =>
          path !== null && signedUrl ? [[path, signedUrl] as const] : [],
        ),
      )
    },
    async signDownload(bucket, path, fileName) {
      const { data, error } = await supabase.storage
        .from(bucket)
        .createSignedUrl(path, DOWNLOAD_VALIDITY, { download: fileName })
      if (error) throw error
      return data.signedUrl
    },
    async signOriginal({ id, originalPath }, fileName) {
      const purpose = fileName === null ? 'view' : 'download'
      const opened = await supabase.rpc('open_original', { p_document_id: id, p_purpose: purpose })
      if (opened.error) throw opened.error
      const { data, error } = await supabase.storage
        .from('originals')
        .createSignedUrl(
          originalPath ?? '',
          fileName === null ? URL_VALIDITY : DOWNLOAD_VALIDITY,
          fileName === null ? {} : { download: fileName },
        )
      if (error) throw error
      return data.signedUrl
    },
    async unreadIncidents() {
      const { data, error } = await supabase.rpc('unread_incidents')
      if (error) throw error
      return new Map(data.map(({ incident_id, unread_count }) => [incident_id, Number(unread_count)]))
    },
    async requeue(jobId) {
      const { error } = await supabase.rpc('requeue_job', { p_job_id: jobId })
      if (error) throw error
    },
  }
}
