/** The rows of `public.transcriptions`. What is written goes through SQL functions that check the lease. */

import type { SupabaseClient } from '@supabase/supabase-js'
import { AppError } from '../../../functions-shared/app-error.ts'
import { isRecord, textAt } from '../../../functions-shared/unknown.ts'
import type { ClaimedJob } from '../_shared/jobs.ts'
import { databaseError } from '../_shared/upstream.ts'
import type { Transcript } from './providers/provider.ts'

export interface TranscriptRow {
  documentId: string
  /** What an earlier attempt stored before it could end the job; null where there is nothing yet. */
  result: TranscriptResult | null
}

/** What `complete_job` gets; the names are those of the message to the browser. */
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
  /** All of the text so far: into the row and into the message. @throws AppError `lease_lost` */
  report(job: ClaimedJob, text: string, percent: number, stage: string): Promise<void>
  /** The whole. @throws AppError `lease_lost` */
  store(job: ClaimedJob, transcript: FinishedTranscript): Promise<void>
}

const COLUMNS = 'document_id, duration, word_count, simulated, completed_at'

export function createTranscripts(client: SupabaseClient): Transcripts {
  const rpc = async (name: string, args: Record<string, unknown>): Promise<void> => {
    const { error, status } = await client.rpc(name, args)
    if (error) throw databaseError({ error, status })
  }
  const lease = (job: ClaimedJob) => ({ p_job_id: job.id, p_lease_token: job.leaseToken })
  return {
    async find(id) {
      const { data, error, status } = await client
        .from('transcriptions')
        .select(COLUMNS)
        .eq('id', id)
        .maybeSingle()
      if (error) throw databaseError({ error, status })
      return parseRow(data)
    },
    report: (job, text, percent, stage) =>
      rpc('report_transcript', { ...lease(job), p_text: text, p_progress: percent, p_stage: stage }),
    store: (job, transcript) => rpc('store_transcript', { ...lease(job), p_transcript: transcript }),
  }
}

function parseRow(row: unknown): TranscriptRow {
  const documentId = isRecord(row) ? textAt(row, 'document_id') : undefined
  if (!isRecord(row) || documentId === undefined) throw new AppError('document_not_found')
  const isFinished = typeof row.completed_at === 'string'
  return {
    documentId,
    result: isFinished
      ? {
          duration: Number(row.duration ?? 0),
          wordCount: Number(row.word_count ?? 0),
          simulated: row.simulated === true,
        }
      : null,
  }
}
