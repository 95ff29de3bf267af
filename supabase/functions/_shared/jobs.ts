/**
 * Jobs as a worker sees them: claim, report, finish. Each step is an SQL function that checks the lease, so that a
 * worker that has lost its lease changes nothing.
 */

import type { SupabaseClient } from '@supabase/supabase-js'
import * as v from 'valibot'
import type { ErrorCode } from '../../../functions-shared/error-codes.ts'
import { isUuid } from '../../../functions-shared/uuid.ts'
import { execute, jsonObject, query, timestamp } from './database.ts'

/** A job whose lease this worker holds. */
export interface ClaimedJob {
  id: string
  kind: string
  incidentId: string | null
  /** The row that the job is about, e.g. a document. */
  subjectId: string
  input: Readonly<Record<string, unknown>>
  /** Steps that have ended: 0 in the first step, and in work that has a single one. */
  step: number
  /** What the previous step left for this one, see {@link NextStep}. Null in the first step. */
  state: Readonly<Record<string, unknown>> | null
  leaseToken: string
  leaseExpiresAt: Date
  /** This attempt included. */
  attempts: number
  maxAttempts: number
  /** A worker ran out of memory during this work: no other work at the same time. */
  runsAlone: boolean
}

/**
 * Returned by work that has more steps. The next step runs in a request of its own, with fresh time and memory, and
 * finds `state` in {@link ClaimedJob.state}.
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
   * Null where the job is not for this worker: another worker holds it, it has ended, it is not due, it is of another
   * kind, or its kind is at its limit. At the limit, the database sends a new nudge when a place is free.
   */
  claim(jobId: string, kind: string): Promise<ClaimedJob | null>
  /** Extends the lease. @returns when the lease now ends. @throws AppError `lease_lost` */
  progress(job: ClaimedJob, percent: number, stage: string | null): Promise<Date>
  complete(job: ClaimedJob, result: Record<string, unknown>): Promise<void>
  /**
   * Ends a step and gives the lease back; the database sends a nudge for the next step. @returns false where the job
   * had as many steps as its kind allows, and has failed. @throws AppError `lease_lost`
   */
  continueLater(job: ClaimedJob, next: NextStep): Promise<boolean>
  /** @returns when the next attempt is due; null after the last attempt. */
  fail(job: ClaimedJob, failure: JobFailure): Promise<Date | null>
}

export interface JobFailure {
  code: ErrorCode
  /** For the person who waits for the result. */
  message: string
  retryable: boolean
  /** Milliseconds until the next attempt at the earliest, where a service asked for that. */
  retryAfterMs?: number
}

const claimedJob = v.pipe(
  v.object({
    id: v.pipe(v.string(), v.uuid()),
    kind: v.string(),
    incident_id: v.nullable(v.string()),
    subject_id: v.pipe(v.string(), v.uuid()),
    input: v.nullish(jsonObject, {}),
    step: v.number(),
    state: v.nullish(jsonObject, null),
    lease_token: v.pipe(v.string(), v.uuid()),
    lease_expires_at: timestamp,
    attempts: v.number(),
    max_attempts: v.number(),
    runs_alone: v.boolean(),
  }),
  v.transform(
    (row): ClaimedJob => ({
      id: row.id,
      kind: row.kind,
      incidentId: row.incident_id,
      subjectId: row.subject_id,
      input: row.input,
      step: row.step,
      state: row.state,
      leaseToken: row.lease_token,
      leaseExpiresAt: row.lease_expires_at,
      attempts: row.attempts,
      maxAttempts: row.max_attempts,
      runsAlone: row.runs_alone,
    }),
  ),
)

const movedJob = v.object({ status: v.string(), next_attempt_at: v.nullable(timestamp) })

/** The platform gives every worker an id. Null outside of the platform, e.g. in tests. */
function thisWorker(): string | null {
  const id = Deno.env.get('SB_EXECUTION_ID')
  return isUuid(id) ? id : null
}

/** @param workerId by which the host of the workers finds this worker's jobs, if it ran out of memory */
export function createJobStore(client: SupabaseClient, workerId = thisWorker()): JobStore {
  const lease = (job: ClaimedJob) => ({ p_job_id: job.id, p_lease_token: job.leaseToken })
  return {
    async claim(jobId, kind) {
      const [job] = await query(
        v.array(claimedJob),
        client.rpc('claim_job', { p_job_id: jobId, p_kind: kind, p_worker_id: workerId }),
      )
      return job ?? null
    },
    progress: (job, percent, stage) =>
      query(timestamp, client.rpc('report_progress', { ...lease(job), p_progress: percent, p_stage: stage })),
    complete: (job, result) => execute(client.rpc('complete_job', { ...lease(job), p_result: result })),
    async continueLater(job, { state }) {
      const { status } = await query(movedJob, client.rpc('continue_job', { ...lease(job), p_state: state }))
      return status === 'processing'
    },
    async fail(job, { code, message, retryable, retryAfterMs = 0 }) {
      // Before fail_job, so that the wait counts even if this worker ends between the two calls.
      if (retryable && retryAfterMs > 0) {
        await execute(
          client.rpc('postpone_retry', { ...lease(job), p_seconds: Math.ceil(retryAfterMs / 1000) }),
        )
      }
      const { status, next_attempt_at: nextAttemptAt } = await query(
        movedJob,
        client.rpc('fail_job', {
          ...lease(job),
          p_error_code: code,
          p_error: message,
          p_retryable: retryable,
        }),
      )
      return status === 'queued' ? nextAttemptAt : null
    },
  }
}
