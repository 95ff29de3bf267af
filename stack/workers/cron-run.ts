/** One run of a job: its command in a connection of its own, and the row that tells of it. */

import pg from 'pg'
import type { DatabaseUrls, Logger } from '../types.ts'

export interface CronJob {
  jobid: string
  schedule: string
  command: string
  database: string
  username: string
}

export interface RunContext {
  /** As superuser, in the database of cron.job. */
  pool: pg.Pool
  urls: DatabaseUrls
  logger: Logger
  /** In the log. */
  source: string
  /** Cuts the run off. */
  signal: AbortSignal
  /** Ids of the runs that are going on. */
  runIds: Set<string>
}

export async function readJobs(pool: pg.Pool): Promise<CronJob[]> {
  const { rows } = await pool.query<CronJob>(
    'select jobid, schedule, command, database, username from cron.job where active order by jobid',
  )
  return rows
}

/** Rejects only where the database cannot be told of the run. */
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
    if (status === 'failed') context.logger.warn(context.source, message.trim(), { jobid: job.jobid })
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
    return { status: 'failed', message: `connection failed: no login for role "${job.username}"` }
  }
  const client = new pg.Client({ connectionString, application_name: 'pg_cron' })
  let lost: Error | undefined
  client.on('error', (error) => {
    lost = error
  })
  let pid: number | null = null
  const cancel = (): void => {
    if (pid === null) return
    pool.query('select pg_terminate_backend($1)', [pid]).catch(() => undefined) // then it has ended already
  }
  signal.addEventListener('abort', cancel)
  try {
    await client.connect()
    pid = (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid ?? null
    await pool.query(`update cron.job_run_details set status = 'running', job_pid = $2 where runid = $1`, [
      runid,
      pid,
    ])
    if (signal.aborted) return { status: 'failed', message: 'job canceled' }
    const result: pg.QueryResult | pg.QueryResult[] = await client.query(job.command)
    return { status: 'succeeded', message: describe(Array.isArray(result) ? result.at(-1) : result) }
  } catch (error) {
    if (signal.aborted) return { status: 'failed', message: 'job canceled' }
    const reason = error instanceof Error ? error : lost
    return { status: 'failed', message: `ERROR:  ${reason?.message ?? 'connection lost'}\n` }
  } finally {
    signal.removeEventListener('abort', cancel)
    await client.end().catch(() => undefined) // the server may have gone first
  }
}

/** The roles that can log in. @returns undefined for others. */
function urlFor(job: CronJob, urls: DatabaseUrls): string | undefined {
  for (const text of Object.values(urls)) {
    const url = new URL(text)
    if (decodeURIComponent(url.username) !== job.username) continue
    url.pathname = `/${encodeURIComponent(job.database)}`
    return url.href
  }
  return undefined
}

/** As libpq has it: rows that came back, or the command's tag. */
function describe(result: pg.QueryResult | undefined): string {
  if (result === undefined) return ''
  if (result.fields.length > 0) return `${result.rowCount} row${result.rowCount === 1 ? '' : 's'}`
  const tag = result.command === 'INSERT' ? 'INSERT 0' : (result.command ?? '')
  return result.rowCount === null ? tag : `${tag} ${result.rowCount}`
}
