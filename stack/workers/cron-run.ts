/** One run of a job: its command on a connection of its own, and its row in cron.job_run_details. */

import pg from 'pg'
import type { DatabaseUrls, Logger } from '../types.ts'
import { noLoginText, RUN_MESSAGE, runErrorText } from './errors.ts'

export interface CronJob {
  jobid: string
  schedule: string
  command: string
  database: string
  username: string
}

export interface RunContext {
  /** Connects as superuser to the database of cron.job. */
  pool: pg.Pool
  urls: DatabaseUrls
  logger: Logger
  /** Source of log lines. */
  source: string
  /** Cancels the run. */
  signal: AbortSignal
  /** Ids of the runs of this process. */
  runIds: Set<string>
}

export async function readJobs(pool: pg.Pool): Promise<CronJob[]> {
  const { rows } = await pool.query<CronJob>(
    'select jobid, schedule, command, database, username from cron.job where active order by jobid',
  )
  return rows
}

/** Rejects only when cron.job_run_details cannot be written. */
export async function runJob(job: CronJob, context: RunContext): Promise<void> {
  const { pool, runIds } = context
  const { rows } = await pool.query<{ runid: string }>(
    `insert into cron.job_run_details (jobid, database, username, command, status, start_time)
    values ($1, $2, $3, $4, 'starting', now()) returning runid`,
    [job.jobid, job.database, job.username, job.command],
  )
  const runid = rows[0]?.runid ?? ''
  runIds.add(runid)
  try {
    const { status, message } = await execute(job, runid, context)
    await pool.query(
      `update cron.job_run_details set status = $2, return_message = $3, end_time = clock_timestamp()
      where runid = $1`,
      [runid, status, message],
    )
    if (status === 'failed') {
      context.logger.warn(context.source, 'run_failed', { jobid: job.jobid, reason: message.trim() })
    }
  } finally {
    runIds.delete(runid)
  }
}

interface RunResult {
  status: 'succeeded' | 'failed'
  message: string
}

async function execute(job: CronJob, runid: string, { pool, urls, signal }: RunContext): Promise<RunResult> {
  const connectionString = urlFor(job, urls)
  if (connectionString === undefined) {
    return { status: 'failed', message: noLoginText(job.username) }
  }
  const client = new pg.Client({ connectionString, application_name: 'pg_cron' })
  let lost: Error | undefined
  client.on('error', (error) => {
    lost = error
  })
  let pid: number | null = null
  const cancel = (): void => {
    if (pid === null) return
    // Fails only where the database is away, which ends the run as well.
    pool.query('select pg_terminate_backend($1)', [pid]).catch(() => undefined)
  }
  signal.addEventListener('abort', cancel)
  try {
    await client.connect()
    pid = (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid ?? null
    await pool.query(`update cron.job_run_details set status = 'running', job_pid = $2 where runid = $1`, [
      runid,
      pid,
    ])
    if (signal.aborted) return { status: 'failed', message: RUN_MESSAGE.canceled }
    const result: pg.QueryResult | pg.QueryResult[] = await client.query(job.command)
    return { status: 'succeeded', message: describe(Array.isArray(result) ? result.at(-1) : result) }
  } catch (error) {
    if (signal.aborted) return { status: 'failed', message: RUN_MESSAGE.canceled }
    return { status: 'failed', message: runErrorText(error instanceof Error ? error : lost) }
  } finally {
    signal.removeEventListener('abort', cancel)
    await client.end().catch(() => undefined) // Fails where the server has closed the connection first.
  }
}

/** @returns undefined for a role that cannot log in */
function urlFor(job: CronJob, urls: DatabaseUrls): string | undefined {
  for (const text of Object.values(urls)) {
    const url = new URL(text)
    if (decodeURIComponent(url.username) !== job.username) continue
    url.pathname = `/${encodeURIComponent(job.database)}`
    return url.href
  }
  return undefined
}

/** As libpq reports it: the number of returned rows, or the command's tag. */
function describe(result: pg.QueryResult | undefined): string {
  if (result === undefined) return ''
  if (result.fields.length > 0) return `${result.rowCount} row${result.rowCount === 1 ? '' : 's'}`
  const tag = result.command === 'INSERT' ? 'INSERT 0' : (result.command ?? '')
  return result.rowCount === null ? tag : `${tag} ${result.rowCount}`
}
