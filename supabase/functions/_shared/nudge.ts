/**
 * A nudge: `POST {"job_id": "<uuid>"}`. The job's row decides whether there is work to do, so a nudge may be lost,
 * repeated or late.
 *
 * | answer                           | meaning                                                              |
 * |----------------------------------|----------------------------------------------------------------------|
 * | 202 `{"claimed": true}`          | this worker has the job; the work goes on after the answer           |
 * | 200 `{"claimed": false}`         | nothing to do: held by another worker, ended, not due, of another    |
 * |                                  | kind, or the kind is at its limit                                    |
 * | 200 `{"claimed": true, "outcome"}` | with `?wait=true`: how it ended, see {@link JobOutcome}            |
 * | 400, 503                         | the body names no job; the database is unavailable                   |
 *
 * A retry that is due within seconds is claimed by the same worker, so that the user does not wait for the sweeper.
 * The sweeper sends the nudges for all other retries.
 */

import * as v from 'valibot'
import { AppError } from '../../../functions-shared/app-error.ts'
import type { ErrorCode } from '../../../functions-shared/error-codes.ts'
import { readAs } from '../../../functions-shared/read-as.ts'
import type { RunInBackground } from './background.ts'
import { errorResponse, jsonResponse, parseJson, readBody, requireMethod } from './http.ts'
import { type ClaimedJob, type JobStore, NextStep } from './jobs.ts'
import { holdLease, isLoss, type Lease } from './lease.ts'
import type { Limiter } from './limiter.ts'
import type { Log } from './log.ts'

export interface NudgeDependencies {
  jobs: JobStore
  /** The kind of job that this function works on. Jobs of other kinds are not claimed. */
  kind: string
  /** Does the work. Returns the result for `complete_job`, or a {@link NextStep} where a step ended and more follow. */
  process: (job: ClaimedJob, lease: Lease) => Promise<object | NextStep>
  /** Jobs beyond its limit wait; their leases are held meanwhile. */
  limiter: Limiter
  runInBackground: RunInBackground
  log: Log
  clock: Clock
}

export interface Clock {
  /** Milliseconds since the epoch. */
  now: () => number
  sleep: (ms: number) => Promise<void>
}

/**
 * `continued`: a step ended, the next one runs in a request of its own. `retry`: failed, and will be tried again.
 * `lost`: another worker has the job now. `unknown`: the outcome could not be written; the sweeper takes over.
 */
export type JobOutcome = 'completed' | 'continued' | 'failed' | 'retry' | 'lost' | 'unknown'

const MAX_NUDGE_BYTES = 4096

/** Milliseconds that this worker waits for a retry to be due. For a longer wait, the sweeper sends a nudge. */
const RETRY_WAIT_MS = 10_000
/** Milliseconds after the nudge in which this worker claims retries: one more attempt still fits into its lifetime. */
const RETRY_WINDOW_MS = 60_000

/** Codes of faults that may have passed at the next attempt. All other codes describe the file or its address. */
const RETRYABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'download_failed',
  'download_timeout',
  'download_truncated',
  'storage_unavailable',
  'database_unavailable',
  'internal_error',
  'provider_rate_limited',
  'provider_unavailable',
  'provider_timeout',
  'provider_answer_invalid',
])

const nudgeBody = v.object({ job_id: v.pipe(v.string(), v.uuid()) })

/** Reads the nudge and works on its job. Errors become responses. */
export async function handleNudge(request: Request, dependencies: NudgeDependencies): Promise<Response> {
  try {
    requireMethod(request, 'POST')
    const body = parseJson(await readBody(request, MAX_NUDGE_BYTES))
    return await answerNudge(body, request.url, dependencies)
  } catch (error) {
    return errorResponse(error, dependencies.log)
  }
}

/** @param url of the request, for `?wait=true`. @throws AppError `invalid_job_request`, and what claiming throws */
export async function answerNudge(
  body: unknown,
  url: string,
  dependencies: NudgeDependencies,
): Promise<Response> {
  const { jobs, kind, runInBackground, clock } = dependencies
  const nudge = readAs(
    nudgeBody,
    body,
    (field) => new AppError('invalid_job_request', { details: { field } }),
  )
  const job = await jobs.claim(nudge.job_id, kind)
  if (job === null) return jsonResponse({ claimed: false })
  const work = runJob(job, clock.now() + RETRY_WINDOW_MS, dependencies)
  if (new URL(url).searchParams.get('wait') === 'true') {
    return jsonResponse({ claimed: true, outcome: await work })
  }
  runInBackground(work)
  return jsonResponse({ claimed: true }, 202)
}

interface Attempt {
  outcome: JobOutcome
  /** Set where the outcome is `retry`. */
  retryAt?: Date
}

/** Never rejects: every error ends in the job's row, or in the end of its lease. */
async function runJob(
  job: ClaimedJob,
  retriesUntil: number,
  dependencies: NudgeDependencies,
): Promise<JobOutcome> {
  const { outcome, retryAt } = await attempt(job, dependencies)
  if (retryAt !== undefined && isSoon(retryAt, retriesUntil, dependencies.clock)) {
    dependencies.runInBackground(retry(job.id, retryAt, retriesUntil, dependencies))
  }
  return outcome
}

function isSoon(at: Date, until: number, { now }: Clock): boolean {
  return at.getTime() <= until && at.getTime() - now() <= RETRY_WAIT_MS
}

/** Never rejects. Null where another worker has claimed the job meanwhile, or its kind is at its limit. */
async function retry(
  jobId: string,
  at: Date,
  until: number,
  dependencies: NudgeDependencies,
): Promise<JobOutcome | null> {
  const { jobs, kind, log, clock } = dependencies
  try {
    await clock.sleep(Math.max(0, at.getTime() - clock.now()))
    const job = await jobs.claim(jobId, kind)
    return job === null ? null : await runJob(job, until, dependencies)
  } catch (error) {
    // The sweeper sends the next nudge.
    log.error('retry_not_claimed', error, { job: jobId })
    return 'unknown'
  }
}

async function attempt(job: ClaimedJob, dependencies: NudgeDependencies): Promise<Attempt> {
  const { jobs, limiter, log } = dependencies
  try {
    await using lease = holdLease({ jobs, job, log })
    return await limiter(() => workOn(job, lease, dependencies), job.runsAlone)
  } catch (error) {
    // The failure could not be written either. The lease ends, and the sweeper takes over.
    log.error('job_outcome_not_written', error, { job: job.id })
    return { outcome: 'unknown' }
  }
}

async function workOn(
  job: ClaimedJob,
  lease: Lease,
  { jobs, process, log }: NudgeDependencies,
): Promise<Attempt> {
  try {
    lease.signal.throwIfAborted()
    const result = await process(job, lease)
    if (result instanceof NextStep) {
      const continues = await jobs.continueLater(job, result)
      log.info('step_ended', { job: job.id, step: job.step, continues })
      return { outcome: continues ? 'continued' : 'failed' }
    }
    await jobs.complete(job, { ...result })
    log.info('job_completed', { job: job.id, attempt: job.attempts })
    return { outcome: 'completed' }
  } catch (error) {
    if (lease.signal.aborted || isLoss(error)) {
      log.warn('lease_lost', { job: job.id })
      return { outcome: 'lost' }
    }
    return await reportFailure(job, error, jobs, log)
  }
}

async function reportFailure(job: ClaimedJob, error: unknown, jobs: JobStore, log: Log): Promise<Attempt> {
  const {
    code,
    message,
    status: http,
    details,
  } = error instanceof AppError ? error : new AppError('internal_error')
  const retryable = RETRYABLE.has(code)
  const facts = { job: job.id, attempt: job.attempts, code, retryable }
  // Below 500 the file is at fault, which is ordinary. From 500 on, an operator should look.
  if (http < 500) log.warn('job_failed', facts)
  else log.error('job_failed', error, facts)
  const { retryAfterMs } = details
  const floor = typeof retryAfterMs === 'number' ? { retryAfterMs } : {}
  const retryAt = await jobs.fail(job, { code, message, retryable, ...floor })
  return retryAt === null ? { outcome: 'failed' } : { outcome: 'retry', retryAt }
}
