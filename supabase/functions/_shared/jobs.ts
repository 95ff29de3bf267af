/**
 * The status rows as a worker sees them: claim, report, finish. Every move goes through an SQL function that
 * checks the lease, so a worker that has lost it can change nothing.
 */

import type { SupabaseClient } from '@supabase/supabase-js'
import { AppError } from '../../../functions-shared/app-error.ts'
import type { ErrorCode } from '../../../functions-shared/error-codes.ts'
import { isRecord, textAt } from '../../../functions-shared/unknown.ts'
import { isUuid } from '../../../functions-shared/uuid.ts'
import { databaseError } from './upstream.ts'

/** A job this worker holds the lease of. */
export interface ClaimedJob {
  id: string
  kind: string
  incidentId: string | null
  /** What the job is about, e.g. a document. */
  subjectId: string
  input: Readonly<Record<string, unknown>>
  /** Steps that have ended; 0 for the first, and for work that is done at one go. */
  step: number
  /** What the last step left for this one, {@link NextStep}; null in the first. */
  state: Readonly<Record<string, unknown>> | null
  leaseToken: string
  leaseExpiresAt: Date
  /** This attempt included. */
  attempts: number
  maxAttempts: number
}

/**
 * What work may come to beside its result: a step ended and more is to do. The job goes on in a request of its own,
 * with the time and memory of a fresh one, and finds `state` in {@link ClaimedJob.state}.
 */
export class NextStep {
  /** At most 64 KB as JSON. */
  readonly state: Readonly<Record<string, unknown>>

  constructor(state: Readonly<Record<string, unknown>>) {
    this.state = state
  }
}

export interface JobStore {
  /**
   * Null where there is nothing to do: somebody else works on it, it has ended, it is not due, it is of another kind,
   * or as many as allowed are being worked on. In the last case the database nudges for it again.
   */
  claim(jobId: string, kind: string): Promise<ClaimedJob | null>
  /** Extends the lease. @returns the moment it now ends. @throws AppError `lease_lost`. */
  progress(job: ClaimedJob, percent: number, stage: string | null): Promise<Date>
  complete(job: ClaimedJob, result: Record<string, unknown>): Promise<void>
  /**
   * Ends a step; the database nudges for the next. The job is no longer this worker's. @returns whether it goes on:
   * false where it had as many steps as its kind allows, and has failed. @throws AppError `lease_lost`.
   */
  continueLater(job: ClaimedJob, next: NextStep): Promise<boolean>
  /** @returns the moment of the next attempt, or null where this was the last one. */
  fail(job: ClaimedJob, failure: JobFailure): Promise<Date | null>
}

export interface JobFailure {
  code: ErrorCode
  /** For the person who waits for the result. */
  message: string
  retryable: boolean
  /** No earlier than this from now, where whoever refused has said when to come back. */
  retryAfterMs?: number
}

type Rpc = (name: string, args: Record<string, unknown>) => Promise<unknown>

export function createJobStore(client: SupabaseClient): JobStore {
  const rpc: Rpc = async (name, args) => {
    const { data, error, status } = await client.rpc(name, args)
    if (error) throw databaseError({ error, status })
    return data
  }
  const lease = (job: ClaimedJob) => ({ p_job_id: job.id, p_lease_token: job.leaseToken })
  return {
    async claim(jobId, kind) {
      const row = firstRow(await rpc('claim_job', { p_job_id: jobId, p_kind: kind }))
      return row === undefined || row === null ? null : parseClaimedJob(row)
    },
    async progress(job, percent, stage) {
      const until = await rpc('report_progress', { ...lease(job), p_progress: percent, p_stage: stage })
      return parseTime(until)
    },
    async complete(job, result) {
      await rpc('complete_job', { ...lease(job), p_result: result })
    },
    async continueLater(job, { state }) {
      const row = firstRow(await rpc('continue_job', { ...lease(job), p_state: state }))
      if (!isRecord(row)) throw unexpected()
      return row.status === 'processing'
    },
    async fail(job, { code, message, retryable, retryAfterMs = 0 }) {
      // First, so that the floor holds even if this worker gets no further.
      if (retryable && retryAfterMs > 0) {
        await rpc('postpone_retry', { ...lease(job), p_seconds: Math.ceil(retryAfterMs / 1000) })
      }
      const row = firstRow(
        await rpc('fail_job', {
          ...lease(job),
          p_error_code: code,
          p_error: message,
          p_retryable: retryable,
        }),
      )
      if (!isRecord(row)) throw unexpected()
      return row.status === 'queued' ? parseTime(row.next_attempt_at) : null
    },
  }
}

function firstRow(data: unknown): unknown {
  return Array.isArray(data) ? data[0] : data
}

function parseClaimedJob(row: unknown): ClaimedJob {
  if (!isRecord(row)) throw unexpected()
  const {
    id,
    kind,
    subject_id: subjectId,
    lease_token: leaseToken,
    attempts,
    max_attempts: maxAttempts,
    step,
  } = row
  if (!isUuid(id) || !isUuid(subjectId) || !isUuid(leaseToken) || typeof kind !== 'string') throw unexpected()
  if (typeof attempts !== 'number' || typeof maxAttempts !== 'number') throw unexpected()
  if (typeof step !== 'number') throw unexpected()
  return {
    id,
    kind,
    step,
    state: isRecord(row.state) ? row.state : null,
    leaseToken,
    attempts,
    maxAttempts,
    incidentId: textAt(row, 'incident_id') ?? null,
    subjectId,
    input: isRecord(row.input) ? row.input : {},
    leaseExpiresAt: parseTime(row.lease_expires_at),
  }
}

function parseTime(value: unknown): Date {
  const time = new Date(typeof value === 'string' ? value : Number.NaN)
  if (Number.isNaN(time.getTime())) throw unexpected()
  return time
}

function unexpected(): AppError {
  return new AppError('internal_error', { cause: new TypeError('The database answered in an unknown shape') })
}
