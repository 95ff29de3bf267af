/**
 * A function that works on jobs of one kind: nudged by the database with a secret key.
 *
 *   export default jobFunction(
 *     { name: 'generate-pdf', kind: 'pdf', timeoutMs: 60_000, concurrency: 1 },
 *     (admin, log) => (job, lease) => generateReport(job.subjectId, lease, …),
 *   )
 */

import type { SupabaseClient } from '@supabase/supabase-js'
import { runInBackground } from './background.ts'
import { type EdgeFunction, edgeFunction } from './edge-function.ts'
import { createJobStore } from './jobs.ts'
import { createLimiter } from './limiter.ts'
import { createLog, type Log } from './log.ts'
import { handleNudge, type NudgeDependencies } from './nudge.ts'

export interface JobFunctionOptions {
  /** Name of the function, as its log lines have it. */
  name: string
  kind: string
  /** Milliseconds for one call to REST or Storage, an upload of the largest file included. */
  timeoutMs: number
  /** Jobs that one worker works on at the same time. Further jobs wait, with their lease held. */
  concurrency: number
}

/** @param work gives the work on one job, for a client with the rights of the service role */
export function jobFunction(
  { name, kind, timeoutMs, concurrency }: JobFunctionOptions,
  work: (admin: SupabaseClient, log: Log) => NudgeDependencies['process'],
): EdgeFunction {
  const worker = createWorker(name, concurrency)
  return edgeFunction({ auth: 'secret', timeoutMs }, (request, admin) =>
    handleNudge(request, {
      ...worker,
      jobs: createJobStore(admin),
      kind,
      process: work(admin, worker.log),
    }),
  )
}

/** What all requests to one worker share. */
export function createWorker(
  name: string,
  concurrency: number,
): Omit<NudgeDependencies, 'jobs' | 'kind' | 'process'> {
  return {
    limiter: createLimiter(concurrency),
    runInBackground,
    log: createLog(name),
    clock: { now: Date.now, sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) },
  }
}
