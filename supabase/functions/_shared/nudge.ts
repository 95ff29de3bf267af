/**
 * A nudge: `POST {"job_id": "<uuid>"}`. It is a hint, not an order: the job in the table decides whether there
 * is something to do, so nudges may be lost, doubled or late.
 *
 * | answer                           | meaning                                                              |
 * |----------------------------------|----------------------------------------------------------------------|
 * | 202 `{"claimed": true}`          | this worker has the job; the work goes on after the answer           |
 * | 200 `{"claimed": false}`         | nothing to do: held by another worker, ended, not due, not of this   |
 * |                                  | function's kind, or as many as allowed are being worked on           |
 * | 200 `{"claimed": true, "outcome"}` | with `?wait=true`: how it ended, see {@link JobOutcome}            |
 * | 400, 503                         | no job named; database away                                          |
 *
 * A retry that is due soon is taken up by the same worker, because whoever watches should not have to wait for
 * the sweeper; it claims the job like everybody else. All other retries are the sweeper's.
 */

import { AppError } from '../../../functions-shared/app-error.ts'
import type { ErrorCode } from '../../../functions-shared/error-codes.ts'
import { isRecord } from '../../../functions-shared/unknown.ts'
import { isUuid } from '../../../functions-shared/uuid.ts'
import type { RunInBackground } from './background.ts'
import { errorResponse, jsonResponse, parseJson, readBody, requireMethod } from './http.ts'
import { type ClaimedJob, type JobStore, NextStep } from './jobs.ts'
import { holdLease, isLoss, type Lease } from './lease.ts'
import type { Limiter } from './limiter.ts'
import type { Log } from './log.ts'

export interface NudgeDependencies {
  jobs: JobStore
  /** The kind of job that this function works on; jobs of other kinds are left alone. */
  kind: string
  /** Does the work and gives what `complete_job` gets, or a {@link NextStep} where more is to do. */
  process: (job: ClaimedJob, lease: Lease) => Promise<object | NextStep>
  /** Jobs beyond its limit wait, with their lease held. */
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
 * `continued`: a step ended, the next has a request of its own. `retry`: failed, will be tried again. `lost`: somebody
 * else has the job now. `unknown`: could not be told.
 */
export type JobOutcome = 'completed' | 'continued' | 'failed' | 'retry' | 'lost' | 'unknown'

const MAX_NUDGE_BYTES = 4096

/** Milliseconds that this worker waits for a retry to be due. Longer waits are for a cheaper waiter. */
const RETRY_WAIT_MS = 10_000
/** Milliseconds from the nudge on in which it takes up retries: with one more attempt, less than a worker lives. */
const RETRY_WINDOW_MS = 60_000

/** Causes that may be gone at the next attempt; everything else is a property of the file or of its address. */
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

export async function handleNudge(request: Request, dependencies: NudgeDependencies): Promise<Response> {
  const { jobs, kind, runInBackground, log } = dependencies
  try {
    requireMethod(request, 'POST')
    const job = await jobs.claim(parseNudge(await readBody(request, MAX_NUDGE_BYTES)), kind)
    if (job === null) return jsonResponse({ claimed: false })
    const work = runJob(job, dependencies.clock.now() + RETRY_WINDOW_MS, dependencies)
    if (new URL(request.url).searchParams.get('wait') === 'true') {
      return jsonResponse({ claimed: true, outcome: await work })
    }
    runInBackground(work)
    return jsonResponse({ claimed: true }, 202)
  } catch (error) {
    return errorResponse(error, log)
  }
}

function parseNudge(body: Uint8Array): string {
  const nudge = parseJson(body)
  const jobId = isRecord(nudge) ? nudge.job_id : undefined
  if (!isUuid(jobId)) throw new AppError('invalid_job_request')
  return jobId
}

interface Attempt {
  outcome: JobOutcome
  /** Set where the outcome is `retry`. */
  retryAt?: Date
}

/** Never rejects: whatever happens ends in the job's row, or in its lease running out. */
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

/** Never rejects. Null where somebody else has taken the job up meanwhile, or where there is no room for it now. */
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
    // The sweeper will nudge for it.
    log.error('retry_not_claimed', error, { job: jobId })
    return 'unknown'
  }
}

async function attempt(job: ClaimedJob, dependencies: NudgeDependencies): Promise<Attempt> {
  const { jobs, limiter, log } = dependencies
  try {
    await using lease = holdLease({ jobs, job, log })
    return await limiter(() => workOn(job, lease, dependencies))
  } catch (error) {
    // Not even the failure could be told. The lease runs out and the sweeper takes over.
    log.error('job_outcome_untold', error, { job: job.id })
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
      const goesOn = await jobs.continueLater(job, result)
      log.info('step_ended', { job: job.id, step: job.step, goesOn })
      return { outcome: goesOn ? 'continued' : 'failed' }
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
  // A bad file is the reporter's everyday; what is above is ours or our neighbours' to look into.
  if (http < 500) log.warn('job_failed', facts)
  else log.error('job_failed', error, facts)
  const { retryAfterMs } = details
  const floor = typeof retryAfterMs === 'number' ? { retryAfterMs } : {}
  const retryAt = await jobs.fail(job, { code, message, retryable, ...floor })
  return retryAt === null ? { outcome: 'failed' } : { outcome: 'retry', retryAt }
}
