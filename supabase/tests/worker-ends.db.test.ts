/** The jobs of a worker that ran out of memory: queued again or ended, so that one job harms no other and all work ends. */

import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { expect, test } from 'vitest'
import { createTestDatabase, withClient } from '../../stack/testing/database.ts'
import { addJobs, addUsers, at } from './support.ts'

interface Outcome {
  status: string
  attempts: number
  runs_alone: boolean
  error_code: string | null
}

/** Claims a job for a worker; with a stage, the worker has begun with it. */
async function claim(client: pg.Client, jobId: string, workerId: string, stage?: string): Promise<void> {
  const { rows } = await client.query<{ lease_token: string }>(
    'select lease_token from public.claim_job($1, null, $2)',
    [jobId, workerId],
  )
  await client.query('select public.report_progress($1, $2, 5, $3)', [
    jobId,
    at(rows, 0).lease_token,
    stage ?? null,
  ])
}

async function end(client: pg.Client, workerId: string): Promise<number> {
  const { rows } = await client.query<{ count: number }>('select private.end_worker($1) as count', [workerId])
  return at(rows, 0).count
}

async function outcomes(client: pg.Client, jobIds: readonly string[]): Promise<Outcome[]> {
  const { rows } = await client.query<Outcome>(
    `select status, attempts, runs_alone, error_code from public.jobs where id = any ($1) order by created_at`,
    [jobIds],
  )
  return rows
}

const code = 'worker_out_of_memory'
const queued = { status: 'queued', attempts: 0, error_code: code }

test('of several jobs of a worker none loses an attempt; those that had begun run alone next, and fail the next time', async () => {
  await using database = await createTestDatabase()
  await withClient(database.urls.postgres, async (client) => {
    const users = await addUsers(client, 3)
    const jobs: string[] = []
    for (const user of users) jobs.push(...(await addJobs(client, user, 1)))
    const [culprit, beside, waiting] = [at(jobs, 0), at(jobs, 1), at(jobs, 2)]
    const outcome = async (id: string) => at(await outcomes(client, [id]), 0)
    const worker = randomUUID()
    await claim(client, culprit, worker, 'decoding')
    await claim(client, beside, worker, 'downloading')
    await claim(client, waiting, worker)
    expect(await end(client, worker)).toBe(3)
    expect(await outcome(culprit)).toEqual({ ...queued, runs_alone: true })
    expect(await outcome(beside)).toEqual({ ...queued, runs_alone: true })
    expect(await outcome(waiting)).toEqual({ ...queued, runs_alone: false })

    const next = randomUUID()
    await claim(client, culprit, next, 'decoding')
    await claim(client, beside, next)
    await claim(client, waiting, next)
    expect(await end(client, next)).toBe(3)
    expect(await outcome(culprit)).toEqual({
      status: 'failed',
      attempts: 1,
      runs_alone: true,
      error_code: code,
    })
    expect(await outcome(beside)).toEqual({ ...queued, runs_alone: true })
    expect(await outcome(waiting)).toEqual({ ...queued, runs_alone: false })
    const { rows } = await client.query(
      `select user_id from public.notifications where type = 'image_processing_failed'`,
    )
    expect(rows).toEqual([{ user_id: users[0] }])
  })
})

test('a worker that is ended before it has begun with a job costs the job an attempt, and the last attempt ends it', async () => {
  await using database = await createTestDatabase()
  await withClient(database.urls.postgres, async (client) => {
    const jobs = await addJobs(client, at(await addUsers(client, 1), 0), 1)
    for (const attempts of [1, 2, 3]) {
      const worker = randomUUID()
      await claim(client, at(jobs, 0), worker)
      expect(await end(client, worker)).toBe(1)
      expect(await outcomes(client, jobs)).toMatchObject([{ attempts, runs_alone: false, error_code: code }])
    }
    expect(await outcomes(client, jobs)).toMatchObject([{ status: 'failed' }])
  })
})

test('jobs of other workers, and jobs that the worker has ended, stay as they are', async () => {
  await using database = await createTestDatabase()
  await withClient(database.urls.postgres, async (client) => {
    const jobs = await addJobs(client, at(await addUsers(client, 1), 0), 2)
    const [worker, other] = [randomUUID(), randomUUID()]
    await claim(client, at(jobs, 0), worker, 'decoding')
    await client.query(`select public.complete_job(id, lease_token, '{}') from public.jobs where id = $1`, [
      jobs[0],
    ])
    await claim(client, at(jobs, 1), other, 'decoding')
    expect(await end(client, worker)).toBe(0)
    expect(await outcomes(client, jobs)).toMatchObject([{ status: 'completed' }, { status: 'processing' }])
  })
})
