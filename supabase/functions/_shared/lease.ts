/**
 * Holds a job's lease while the work goes on.
 *
 *     claimed ──beat──▶ held ──▶ released     the work is done
 *                        └─────▶ lost         somebody else has it: `signal` aborts, write nothing more
 *
 * A beat that fails for another reason (the database is away for a moment) is not a loss; the next one may
 * succeed, and if none does, the lease ends by itself and SQL refuses our result.
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
  /** Starts a repeating timer and returns what stops it. */
  every?: (ms: number, beat: () => void) => () => void
}

export interface Lease extends AsyncDisposable {
  /** Aborts with an AppError `lease_lost` once the lease is lost. */
  readonly signal: AbortSignal
  /**
   * Tells the percentage and the stage, which also extends the lease. Await it before every write: it is the
   * check that the lease is still ours. The percentage never falls. @throws AppError `lease_lost`
   *
   * @param tell what to call instead of `report_progress`, for a kind of work with more to tell; it has to check and
   * extend the lease as that does.
   */
  report(percent: number, stage: string, tell?: (percent: number) => Promise<unknown>): Promise<void>
}

/** A third of the lease leaves room for two lost beats. */
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
  // One call at a time, in order: a late beat must not set the percentage back.
  let calls: Promise<void> = Promise.resolve()

  const send = (tell?: (percent: number) => Promise<unknown>): Promise<void> => {
    const call = calls.then(async () => {
      lost.signal.throwIfAborted()
      if (released) return
      try {
        await (tell === undefined ? jobs.progress(job, percent, stage) : tell(percent))
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
  const lasts = (job.leaseExpiresAt.getTime() - now()) / BEATS_PER_LEASE
  const stop = every(Math.min(MAX_BEAT_MS, Math.max(MIN_BEAT_MS, lasts)), beat)

  return {
    signal: lost.signal,
    report(nextPercent, nextStage, tell) {
      percent = Math.max(percent, Math.min(100, Math.round(nextPercent)))
      stage = nextStage
      return send(tell)
    },
    async [Symbol.asyncDispose]() {
      released = true
      stop()
      await calls
    },
  }
}

/** Taken over or back, ended by somebody else, or deleted with its incident. */
const LOSSES: readonly ErrorCode[] = ['lease_lost', 'illegal_transition', 'job_not_found']

export function isLoss(error: unknown): boolean {
  return error instanceof AppError && LOSSES.includes(error.code)
}
