import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMemoryLogger } from '../logger.ts'
import { createTestDatabase, type TestDatabase, withClient } from '../testing/database.ts'
import type { Stoppable } from '../types.ts'
import { startCronWorker } from './cron-worker.ts'
import { until } from './testing.ts'

let database: TestDatabase
let worker: Stoppable
let postgres: pg.Client

beforeAll(async () => {
  database = await createTestDatabase({ migrations: false })
  worker = startCronWorker({ urls: database.urls, logger: createMemoryLogger() })
  postgres = new pg.Client(database.urls.postgres)
  await postgres.connect()
  await postgres.query(`
    create extension if not exists pg_cron with schema pg_catalog;
    create table public.runs (id int generated always as identity, job text, role text default current_user,
      at timestamptz default clock_timestamp());
  `)
})

afterAll(async () => {
  await postgres.end()
  await worker.stop()
  await database[Symbol.asyncDispose]()
})

interface Details {
  status: string
  return_message: string
  username: string
  database: string
  job_pid: number | null
}

function finishedRun(jobid: string): Promise<Details> {
  return until(async () => {
    const { rows } = await postgres.query<Details>(
      `select status, return_message, username, database, job_pid from cron.job_run_details
      where jobid = $1 and end_time is not null order by runid limit 1`,
      [jobid],
    )
    return rows[0]
  })
}

async function schedule(
  name: string,
  line: string,
  command: string,
  client: pg.Client = postgres,
): Promise<string> {
  const { rows } = await client.query<{ jobid: string }>('select cron.schedule($1, $2, $3) as jobid', [
    name,
    line,
    command,
  ])
  return rows[0]?.jobid ?? ''
}

const unschedule = (name: string) => postgres.query('select cron.unschedule($1::text)', [name])

const runsOf = async (job: string): Promise<{ role: string }[]> =>
  (await postgres.query<{ role: string }>('select role from public.runs where job = $1', [job])).rows

describe('the pg_cron worker', () => {
  it('runs a job as the role that scheduled it, and records the run', async () => {
    const jobid = await schedule('insert', '1 second', `insert into public.runs (job) values ('insert')`)
    expect(await finishedRun(jobid)).toEqual({
      status: 'succeeded',
      return_message: 'INSERT 0 1',
      username: 'postgres',
      database: database.name,
      job_pid: expect.any(Number),
    })
    await until(async () => (await runsOf('insert')).length >= 2)
    await unschedule('insert')
    expect(new Set((await runsOf('insert')).map(({ role }) => role))).toEqual(new Set(['postgres']))
  })

  it('cannot be used to get the rights of another role', async () => {
    const command = `set session authorization supabase_admin; insert into public.runs (job) values ('escaped')`
    const jobid = await schedule('escape', '1 second', command)
    expect(await finishedRun(jobid)).toMatchObject({
      status: 'failed',
      return_message: expect.stringContaining('permission denied'),
    })
    await unschedule('escape')
    expect(await runsOf('escaped')).toEqual([])
    for (const statement of [
      `select cron.schedule_in_database('x', '* * * * *', 'select 1', current_database(), 'supabase_admin')`,
      `select cron._put_job('x', '* * * * *', 'select 1', current_database(), 'supabase_admin', true)`,
      `select cron.alter_job(${jobid}, username := 'supabase_admin')`,
      `insert into cron.job (schedule, command, username) values ('* * * * *', 'select 1', 'supabase_admin')`,
      `update cron.job set username = 'supabase_admin'`,
    ]) {
      await expect(postgres.query(statement)).rejects.toThrow(/superuser|permission denied/)
    }
    await withClient(database.urls.authenticator, async (client) => {
      await client.query('set role authenticated')
      await expect(client.query(`select cron.schedule('x', '* * * * *', 'select 1')`)).rejects.toThrow(
        'permission denied',
      )
    })
  })

  it('records a failure, and runs the job again', async () => {
    const jobid = await schedule(
      'fails',
      '1 second',
      `insert into public.runs (job) values ('fails'); select 1 / 0`,
    )
    expect(await finishedRun(jobid)).toMatchObject({
      status: 'failed',
      return_message: 'ERROR:  division by zero\n',
    })
    await until(async () => {
      const { rows } = await postgres.query('select from cron.job_run_details where jobid = $1', [jobid])
      return rows.length >= 2
    })
    await unschedule('fails')
    expect(await runsOf('fails')).toEqual([])
  })

  it('follows changes: command, schedule, active', async () => {
    const jobid = await schedule('changing', '0 0 1 1 *', `insert into public.runs (job) values ('first')`)
    expect(await schedule('changing', '1 second', `insert into public.runs (job) values ('second')`)).toBe(
      jobid,
    )
    await until(async () => (await runsOf('second')).length > 0)
    await postgres.query(`select cron.alter_job($1, command := $2)`, [
      jobid,
      `insert into public.runs (job) values ('third')`,
    ])
    await until(async () => (await runsOf('third')).length > 0)
    await postgres.query(`select cron.alter_job($1, active := false)`, [jobid])
    // Another job that runs twice shows that time has passed.
    await schedule('witness', '1 second', `insert into public.runs (job) values ('witness')`)
    const before = (await runsOf('third')).length
    await until(async () => (await runsOf('witness')).length >= 2)
    expect((await runsOf('third')).length - before).toBeLessThanOrEqual(1) // one may have been under way
    await unschedule('witness')
    await unschedule('changing')
    expect(await runsOf('first')).toEqual([])
  })

  it('never runs a job twice at a time', async () => {
    const slow = `do $$ begin
      insert into public.runs (job) select 'overlap' where exists (
        select from pg_stat_activity where query like '%slow marker%' and pid <> pg_backend_pid()
          and application_name = 'pg_cron' and state = 'active');
      perform pg_sleep(2.2); -- slow marker
    end $$`
    const jobid = await schedule('slow', '1 second', slow)
    await until(async () => {
      const { rows } = await postgres.query(
        `select from cron.job_run_details where jobid = $1 and status = 'succeeded'`,
        [jobid],
      )
      return rows.length >= 2
    })
    await unschedule('slow')
    expect(await runsOf('overlap')).toEqual([])
  })

  it('marks runs that a restart interrupted as failed, and removes old details', async () => {
    await withClient(database.urls.admin, (client) =>
      client.query(`insert into cron.job_run_details (jobid, status, start_time, end_time) values
        (-1, 'running', now(), null), (-2, 'succeeded', now() - interval '8 days', now() - interval '8 days')`),
    )
    await worker.stop()
    worker = startCronWorker({ urls: database.urls, logger: createMemoryLogger() })
    const { rows } = await until(async () => {
      const result = await withClient(database.urls.admin, (client) =>
        client.query(`select jobid, status, return_message from cron.job_run_details where jobid < 0`),
      )
      return result.rows.length === 1 && result.rows[0]?.status !== 'running' && result
    })
    expect(rows).toEqual([{ jobid: '-1', status: 'failed', return_message: 'server restarted' }])
  })

  it('cancels running jobs when it is stopped', async () => {
    const jobid = await schedule('endless', '1 second', 'select pg_sleep(3600)')
    await until(async () => {
      const { rows } = await postgres.query(
        `select from cron.job_run_details where jobid = $1 and status = 'running'`,
        [jobid],
      )
      return rows.length > 0
    })
    await worker.stop()
    expect(await finishedRun(jobid)).toMatchObject({ status: 'failed', return_message: 'job canceled' })
    const { rows } = await postgres.query(
      `select from pg_stat_activity where query = 'select pg_sleep(3600)' and datname = $1`,
      [database.name],
    )
    expect(rows).toEqual([])
  })
})

describe('cron.schedule', () => {
  it.each([
    '60 seconds',
    '0 seconds',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * * 13 *',
    '* * * * 8',
    '5-1 * * * *',
    '*/0 * * * *',
    '* * * *',
    'often',
    '',
  ])('refuses %j', async (line) => {
    await expect(schedule('invalid', line, 'select 1')).rejects.toThrow(`invalid schedule: ${line}`)
  })
})
