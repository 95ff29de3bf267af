/**
 * The background worker of pg_cron: runs the active jobs of cron.job at their times, each as its role in its database,
 * and writes cron.job_run_details.
 *
 *   NOTIFY pg_cron / connected -> read cron.job -> a timer per job -> run -> next timer
 *
 * A job never overlaps itself. If it is due during its own run, once or several times, it starts once more when that run
 * has ended.
 */

import type pg from 'pg'
import { DatabaseListener } from '../database-listener.ts'
import { createPool } from '../database-pool.ts'
import type { DatabaseUrls, Logger, Stoppable } from '../types.ts'
import { type CronJob, readJobs, runJob } from './cron-run.ts'
import { parseSchedule, type Schedule } from './cron-schedule.ts'
import { RUN_MESSAGE } from './errors.ts'
import { isInstalled } from './installed.ts'
import { RepeatedTask } from './repeated-task.ts'

export interface CronWorkerOptions {
  /** The database that has cron.job. Jobs log in as the roles of these URLs, in their own database. */
  urls: DatabaseUrls
  logger: Logger
}

const NAME = 'pg_cron worker'
/** Jobs that run at a time. */
const MAX_RUNNING = 16
/** Milliseconds between removals of old run details. */
const PURGE_MS = 60 * 60 * 1000
const DETAILS_TTL = '7 days'
/** Longest delay of a timer, ms. */
const MAX_TIMEOUT = 2 ** 31 - 1

export function startCronWorker(options: CronWorkerOptions): Stoppable {
  return new CronWorker(options)
}

interface ScheduledJob {
  job: CronJob
  schedule: Schedule
  timer: NodeJS.Timeout | undefined
  running: boolean
  /** Became due during its own run, or while too many other jobs ran. */
  due: boolean
}

class CronWorker implements Stoppable {
  readonly #options: CronWorkerOptions
  readonly #logger: Logger
  readonly #pool: pg.Pool
  readonly #listener: DatabaseListener
  readonly #reading: RepeatedTask
  readonly #purge: NodeJS.Timeout
  readonly #jobs = new Map<string, ScheduledJob>()
  readonly #runs = new Map<Promise<void>, AbortController>()
  /** Ids of this process's runs. Other runs with status `running` were interrupted. */
  readonly #runIds = new Set<string>()
  /** Jobs with the schedule `@reboot` that have run. */
  readonly #rebooted = new Set<string>()
  #isStopping = false
  #stopped: Promise<void> | undefined

  constructor(options: CronWorkerOptions) {
    this.#options = options
    const { urls, logger } = options
    this.#logger = logger
    this.#pool = createPool({ url: urls.admin, name: `${NAME} writer`, size: 2, logger })
    this.#reading = new RepeatedTask(
      () => this.#readJobs(),
      (error) => logger.debug(NAME, 'jobs_not_read', { error }),
    )
    this.#listener = new DatabaseListener({
      databaseUrl: urls.admin,
      channel: 'pg_cron',
      name: NAME,
      logger,
      onConnected: () => this.#recover(),
      onNotification: () => this.#reading.request(),
    })
    this.#purge = setInterval(() => {
      this.#removeOldDetails().catch((error: unknown) => logger.debug(NAME, 'purge_failed', { error }))
    }, PURGE_MS)
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#end()
    return this.#stopped
  }

  async #end(): Promise<void> {
    this.#isStopping = true
    clearInterval(this.#purge)
    await this.#listener.stop()
    await this.#reading.stop()
    for (const { timer } of this.#jobs.values()) clearTimeout(timer)
    for (const controller of this.#runs.values()) controller.abort()
    await Promise.all(this.#runs.keys())
    await this.#pool.end()
  }

  async #recover(): Promise<void> {
    if (await isInstalled(this.#pool, 'cron.job')) {
      await this.#pool.query(
        `update cron.job_run_details set status = 'failed', return_message = $2, end_time = now()
        where status in ('starting', 'running') and runid <> all ($1)`,
        [[...this.#runIds], RUN_MESSAGE.interrupted],
      )
      await this.#removeOldDetails()
    }
    this.#reading.request()
  }

  async #removeOldDetails(): Promise<void> {
    if (!(await isInstalled(this.#pool, 'cron.job'))) return
    await this.#pool.query('delete from cron.job_run_details where end_time < now() - $1::interval', [
      DETAILS_TTL,
    ])
  }

  async #readJobs(): Promise<void> {
    const jobs = (await isInstalled(this.#pool, 'cron.job')) ? await readJobs(this.#pool) : []
    if (this.#isStopping) return
    const active = new Map(jobs.map((job) => [job.jobid, job]))
    for (const [jobid, scheduled] of this.#jobs) {
      if (active.has(jobid)) continue
      clearTimeout(scheduled.timer)
      this.#jobs.delete(jobid)
    }
    for (const job of active.values()) this.#adopt(job)
  }

  /** A job with an unchanged schedule keeps its timer. */
  #adopt(job: CronJob): void {
    const known = this.#jobs.get(job.jobid)
    if (known?.job.schedule === job.schedule) {
      known.job = job
      return
    }
    const schedule = parseSchedule(job.schedule)
    clearTimeout(known?.timer)
    if (schedule === undefined) {
      this.#logger.error(NAME, 'unknown_schedule', { jobid: job.jobid, schedule: job.schedule })
      this.#jobs.delete(job.jobid)
      return
    }
    const scheduled = known ?? { job, schedule, timer: undefined, running: false, due: false }
    Object.assign(scheduled, { job, schedule })
    this.#jobs.set(job.jobid, scheduled)
    this.#plan(scheduled, new Date())
  }

  #plan(scheduled: ScheduledJob, after: Date): void {
    const { schedule, job } = scheduled
    if (schedule.kind === 'reboot') {
      if (!this.#rebooted.has(job.jobid)) this.#isDue(scheduled)
      this.#rebooted.add(job.jobid)
      return
    }
    const next = schedule.kind === 'interval' ? new Date(after.getTime() + schedule.ms) : schedule.next(after)
    if (next !== null) this.#arm(scheduled, next)
  }

  #arm(scheduled: ScheduledJob, at: Date): void {
    const wait = at.getTime() - Date.now()
    scheduled.timer = setTimeout(
      () => {
        if (at.getTime() > Date.now()) {
          this.#arm(scheduled, at) // The delay was longer than a timer's longest, or the timer was early.
          return
        }
        this.#isDue(scheduled)
        // Counted from now, so that a machine that slept does not run missed times.
        this.#plan(scheduled, new Date())
      },
      Math.min(Math.max(wait, 0), MAX_TIMEOUT),
    )
  }

  #isDue(scheduled: ScheduledJob): void {
    scheduled.due = true
    this.#startDue()
  }

  #startDue(): void {
    for (const scheduled of this.#jobs.values()) {
      if (this.#isStopping || this.#runs.size >= MAX_RUNNING) return
      if (scheduled.due && !scheduled.running) this.#start(scheduled)
    }
  }

  #start(scheduled: ScheduledJob): void {
    scheduled.due = false
    scheduled.running = true
    const controller = new AbortController()
    const run = runJob(scheduled.job, {
      pool: this.#pool,
      urls: this.#options.urls,
      logger: this.#logger,
      source: NAME,
      signal: controller.signal,
      runIds: this.#runIds,
    })
      .catch((error: unknown) => {
        this.#logger.warn(NAME, 'run_not_recorded', { jobid: scheduled.job.jobid, error })
      })
      .finally(() => {
        scheduled.running = false
        this.#runs.delete(run)
        this.#startDue()
      })
    this.#runs.set(run, controller)
  }
}
