/**
 * Does what pg_cron's background worker does: runs the active jobs of cron.job at their times, each as its
 * role in its database, and writes cron.job_run_details.
 *
 *   NOTIFY pg_cron / connected -> read cron.job -> a timer per job -> run -> next timer
 *
 * A job never overlaps itself: a run that is due while one goes on starts when that has ended; several that
 * are due start one.
 */

import pg from 'pg'
import type { DatabaseUrls, Logger, Stoppable } from '../types.ts'
import { type CronJob, readJobs, runJob } from './cron-run.ts'
import { parseSchedule, type Schedule } from './cron-schedule.ts'
import { Listener } from './listener.ts'

export interface CronWorkerOptions {
  /** The database that has cron.job; jobs of others are run there, as one of these URLs' roles. */
  urls: DatabaseUrls
  logger: Logger
}

const NAME = 'pg_cron worker'
/** Jobs running at a time; pg_cron's default for servers without extra connections. */
const MAX_RUNNING = 16
/** Milliseconds between removals of old run details. */
const PURGE_MS = 60 * 60 * 1000
const DETAILS_TTL = '7 days'
/** Milliseconds; setTimeout knows no longer delays. */
const MAX_TIMEOUT = 2 ** 31 - 1

export function startCronWorker(options: CronWorkerOptions): Stoppable {
  return new CronWorker(options)
}

interface ScheduledJob {
  job: CronJob
  schedule: Schedule
  timer: NodeJS.Timeout | undefined
  running: boolean
  /** Due while running, or while too many others were. */
  due: boolean
}

class CronWorker implements Stoppable {
  readonly #options: CronWorkerOptions
  readonly #logger: Logger
  readonly #pool: pg.Pool
  readonly #listener: Listener
  readonly #purge: NodeJS.Timeout
  readonly #jobs = new Map<string, ScheduledJob>()
  readonly #runs = new Map<Promise<void>, AbortController>()
  /** Of this process, by id; others that say they run were cut off. */
  readonly #runIds = new Set<string>()
  /** Jobs `@reboot` that have had their run. */
  readonly #rebooted = new Set<string>()
  #reading: Promise<void> | undefined
  #readAgain = false
  #isStopping = false
  #stopped: Promise<void> | undefined

  constructor(options: CronWorkerOptions) {
    this.#options = options
    const { urls, logger } = options
    this.#logger = logger
    this.#pool = new pg.Pool({ connectionString: urls.admin, max: 2, application_name: `${NAME} writer` })
    this.#pool.on('error', (error) => logger.debug(NAME, 'an idle connection ended', { error }))
    this.#listener = new Listener({
      databaseUrl: urls.admin,
      channel: 'pg_cron',
      applicationName: NAME,
      logger,
      onConnected: () => this.#recover(),
      onNotification: () => this.#read(),
    })
    this.#purge = setInterval(() => {
      this.#removeOldDetails().catch((error: unknown) => logger.debug(NAME, 'purging failed', { error }))
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
    await this.#reading
    for (const { timer } of this.#jobs.values()) clearTimeout(timer)
    for (const controller of this.#runs.values()) controller.abort()
    await Promise.all(this.#runs.keys())
    await this.#pool.end()
  }

  async #recover(): Promise<void> {
    if (await this.#isInstalled()) {
      await this.#pool.query(
        `update cron.job_run_details set status = 'failed', return_message = 'server restarted', end_time = now()
        where status in ('starting', 'running') and runid <> all ($1)`,
        [[...this.#runIds]],
      )
      await this.#removeOldDetails()
    }
    this.#read()
  }

  /** The extension may be created at any time, by a migration. */
  async #isInstalled(): Promise<boolean> {
    const { rows } = await this.#pool.query<{ there: boolean }>(
      `select to_regclass('cron.job') is not null as there`,
    )
    return rows[0]?.there ?? false
  }

  async #removeOldDetails(): Promise<void> {
    if (!(await this.#isInstalled())) return
    await this.#pool.query('delete from cron.job_run_details where end_time < now() - $1::interval', [
      DETAILS_TTL,
    ])
  }

  /** One reading at a time; what changes meanwhile is read afterwards. */
  #read(): void {
    this.#readAgain = true
    this.#reading ??= this.#readJobs()
      .catch((error: unknown) => this.#logger.debug(NAME, 'could not read cron.job', { error }))
      .finally(() => {
        this.#reading = undefined
        if (this.#readAgain && !this.#isStopping) this.#read()
      })
  }

  async #readJobs(): Promise<void> {
    this.#readAgain = false
    const jobs = (await this.#isInstalled()) ? await readJobs(this.#pool) : []
    if (this.#isStopping) return
    const active = new Map(jobs.map((job) => [job.jobid, job]))
    for (const [jobid, scheduled] of this.#jobs) {
      if (active.has(jobid)) continue
      clearTimeout(scheduled.timer)
      this.#jobs.delete(jobid)
    }
    for (const job of active.values()) this.#adopt(job)
  }

  /** Unchanged schedules keep their rhythm. */
  #adopt(job: CronJob): void {
    const known = this.#jobs.get(job.jobid)
    if (known?.job.schedule === job.schedule) {
      known.job = job
      return
    }
    const schedule = parseSchedule(job.schedule)
    clearTimeout(known?.timer)
    if (schedule === undefined) {
      this.#logger.error(NAME, 'a job has an unknown schedule', { jobid: job.jobid, schedule: job.schedule })
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
          this.#arm(scheduled, at) // longer than a timer lasts, or one that was early
          return
        }
        this.#isDue(scheduled)
        // From now, not from when it should have been: a machine that slept does not catch up.
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
        this.#logger.warn(NAME, 'a run could not be recorded', { jobid: scheduled.job.jobid, error })
      })
      .finally(() => {
        scheduled.running = false
        this.#runs.delete(run)
        this.#startDue()
      })
    this.#runs.set(run, controller)
  }
}
