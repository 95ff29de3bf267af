/**
 * Holds a job's lease while the work goes on.
 *
 *     claimed ──beat──▶ held ──▶ released     the work is done
 *                        └─────▶ lost         another worker has the job: `signal` aborts, nothing more is written
 *
 * A beat that fails for another reason, e.g. a database that is unavailable for a moment, does not lose the lease: the
 * next beat may succeed. If none does, the lease ends, and SQL refuses the result.
 */

import { AppError } from '../../../functions-shared/app-error.ts'
import type { ErrorCode } from '../../../functions-shared/error-codes.ts'
import type { ClaimedJob, JobStore } from './jobs.ts'
import type { Log } from './log.ts'

export interface LeaseOptions {
  jobs: Pick<JobStore, 'progress'>
  job: ClaimedJob
  log: Log
  /** Milliseconds since the epoch. */
  now?: () => number
  /** Starts a repeating timer. Returns the function that stops it. */
  every?: (ms: number, beat: () => void) => () => void
}

export interface Lease extends AsyncDisposable {
  /** Aborts with an AppError `lease_lost` once the lease is lost. */
  readonly signal: AbortSignal
  /**
   * Writes the percentage and the stage, which also extends the lease. Await it before every write: it checks that this
   * worker still has the lease. The percentage never falls. @throws AppError `lease_lost`
   *
   * @param write called instead of `report_progress`, by work that reports more. It must check and extend the lease, too.
   */
  report(percent: number, stage: string, write?: (percent: number) => Promise<unknown>): Promise<void>
}

/** Beats per length of the lease: two of them may fail. */
const BEATS_PER_LEASE = 3
const MIN_BEAT_MS = 1_000
const MAX_BEAT_MS = 20_000

const EVERY: NonNullable<LeaseOptions['every']> = (ms, beat) => {
  const timer = setInterval(beat, ms)
  return () => clearInterval(timer)
}

export function holdLease({ jobs, job, log, now = Date.now, every = EVERY }: LeaseOptions): Lease {
  const lost = new AbortController()
  let percent = 0
  let stage: string | null = null
  let released = false
  // One call at a time, in order, so that a late beat does not lower the percentage.
  let calls: Promise<void> = Promise.resolve()

  const send = (write?: (percent: number) => Promise<unknown>): Promise<void> => {
    const call = calls.then(async () => {
      lost.signal.throwIfAborted()
      if (released) return
      try {
        await (write === undefined ? jobs.progress(job, percent, stage) : write(percent))
      } catch (error) {
        if (isLoss(error)) lost.abort(error)
        throw error
      }
    })
    calls = call.catch(() => undefined)
    return call
  }

  const beat = () => {
    send().catch((error: unknown) => {
      if (isLoss(error)) log.warn('lease_lost', { job: job.id })
      else log.error('heartbeat_failed', error, { job: job.id })
    })
  }
  const interval = (job.leaseExpiresAt.getTime() - now()) / BEATS_PER_LEASE
  const stop = every(Math.min(MAX_BEAT_MS, Math.max(MIN_BEAT_MS, interval)), beat)

  return {
    signal: lost.signal,
    report(nextPercent, nextStage, write) {
      percent = Math.max(percent, Math.min(100, Math.round(nextPercent)))
      stage = nextStage
      return send(write)
    },
    async [Symbol.asyncDispose]() {
      released = true
      stop()
      await calls
    },
  }
}

/** Codes that say that the job is no longer this worker's: claimed by another worker, ended, or deleted. */
const LOSSES: readonly ErrorCode[] = ['lease_lost', 'illegal_transition', 'job_not_found']

export function isLoss(error: unknown): boolean {
  return error instanceof AppError && LOSSES.includes(error.code)
}
