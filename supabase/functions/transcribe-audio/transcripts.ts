/** The rows of `public.transcriptions`. They are written by SQL functions that check the lease. */

import type { SupabaseClient } from '@supabase/supabase-js'
import * as v from 'valibot'
import { execute, findRow, optionalNumber, optionalText } from '../_shared/database.ts'
import type { ClaimedJob } from '../_shared/jobs.ts'
import type { Transcript } from './providers/provider.ts'

export interface TranscriptRow {
  documentId: string
  /** The result of an earlier attempt that ended between storing it and ending the job; null without one. */
  result: TranscriptResult | null
}

/** The result for `complete_job`, with the field names of the message to the browser. */
export interface TranscriptResult {
  /** Seconds. */
  duration: number
  wordCount: number
  simulated: boolean
}

export interface FinishedTranscript extends Omit<Transcript, 'duration'> {
  provider: string
  model: string
  duration: number
  wordCount: number
}

export interface Transcripts {
  /** @throws AppError `document_not_found`, `database_unavailable` */
  find(id: string): Promise<TranscriptRow>
  /** Writes the whole text so far into the row and the progress message. @throws AppError `lease_lost` */
  report(job: ClaimedJob, text: string, percent: number, stage: string): Promise<void>
  /** Writes the finished transcript. @throws AppError `lease_lost` */
  store(job: ClaimedJob, transcript: FinishedTranscript): Promise<void>
}

const COLUMNS = 'document_id, duration, word_count, simulated, completed_at'

const transcriptRow = v.pipe(
  v.object({
    document_id: v.string(),
    duration: optionalNumber,
    word_count: optionalNumber,
    simulated: v.nullish(v.boolean(), false),
    completed_at: optionalText,
  }),
  v.transform((row): TranscriptRow => {
    const { simulated } = row
    const result = { duration: row.duration ?? 0, wordCount: row.word_count ?? 0, simulated }
    return { documentId: row.document_id, result: row.completed_at === null ? null : result }
  }),
)

export function createTranscripts(client: SupabaseClient): Transcripts {
  const lease = (job: ClaimedJob) => ({ p_job_id: job.id, p_lease_token: job.leaseToken })
  return {
    find: (id) => {
      const row = client.from('transcriptions').select(COLUMNS).eq('id', id).maybeSingle()
      return findRow(transcriptRow, row, 'document_not_found')
    },
    report: (job, text, percent, stage) =>
      execute(
        client.rpc('report_transcript', { ...lease(job), p_text: text, p_progress: percent, p_stage: stage }),
      ),
    store: (job, transcript) =>
      execute(client.rpc('store_transcript', { ...lease(job), p_transcript: transcript })),
  }
}
