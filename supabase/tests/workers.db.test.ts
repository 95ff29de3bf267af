/** Many workers on the same jobs: one lease at a time, nothing done twice, and everything ends. */

import type pg from 'pg'
import { expect, test } from 'vitest'
import { createTestDatabase, withClient } from '../../stack/testing/database.ts'
import { addJobs, addUsers, at, liftLimits, untilBlocked, withClients } from './support.ts'

interface Claim {
  id: string
  lease_token: string
  attempts: number
}

const WORKERS = 20

test('of 20 workers that claim a job at once, one gets it', async () => {
  await using database = await createTestDatabase()
  await withClients(database.urls.postgres, WORKERS, async (workers) => {
    const setup = at(workers, 0)
    await liftLimits(setup)
    const jobIds = await addJobs(setup, at(await addUsers(setup, 1), 0), 30)
    for (const worker of workers) await worker.query('set role service_role')
    for (const jobId of jobIds) {
      const claims = await Promise.all(workers.map((worker) => claim(worker, jobId)))
      expect(claims.filter((got) => got !== null)).toHaveLength(1)
    }
    const { rows } = await setup.query<{ attempts: number; count: string }>(
      'select attempts, count(*) from public.jobs group by attempts',
    )
    expect(rows).toEqual([{ attempts: 1, count: '30' }])
    const started = await setup.query<{ count: string }>('select count(*) from public.notifications')
    expect(started.rows).toEqual([{ count: '30' }])
  })
})

test('of 20 workers that find an expired lease, one gets the job and the silent worker can do nothing', async () => {
  await using database = await createTestDatabase()
  await withClients(database.urls.postgres, WORKERS, async (workers) => {
    const setup = at(workers, 0)
    const jobId = at(await addJobs(setup, at(await addUsers(setup, 1), 0), 1), 0)
    const silent = await mustClaim(setup, jobId)
    await expireLeases(setup)
    const claims = await Promise.all(workers.map((worker) => claim(worker, jobId)))
    const winners = claims.filter((got) => got !== null)
    expect(winners).toHaveLength(1)
    const winner = at(winners, 0)
    expect(winner.attempts).toBe(2)

    const lost = { code: 'PT409', message: 'lease_lost' }
    await expect(report(setup, silent, 50)).rejects.toMatchObject(lost)
    await expect(complete(setup, silent)).rejects.toMatchObject(lost)
    await expect(fail(setup, silent)).rejects.toMatchObject(lost)
    await complete(setup, winner)
    await expect(complete(setup, silent)).rejects.toMatchObject(lost)
    expect(await finalTypes(setup)).toEqual(['image_processed'])
  })
})

test('a worker that completes while another takes over: either way, one result', async () => {
  await using database = await createTestDatabase()
  const url = database.urls.postgres
  await withClients(url, 2, async (clients) => {
    const [slow, quick] = [at(clients, 0), at(clients, 1)]
    const jobIds = await addJobs(slow, at(await addUsers(slow, 1), 0), 2)

    // The take-over is first: the slow worker waits for it and has lost.
    const first = await mustClaim(slow, at(jobIds, 0))
    await expireLeases(slow)
    await quick.query('begin')
    const taken = await mustClaim(quick, first.id)
    const completing = expect(complete(slow, first)).rejects.toMatchObject({ message: 'lease_lost' })
    await untilBlocked(url, slow)
    await quick.query('commit')
    await completing
    await complete(quick, taken)

    // The completion comes first: a worker that takes over waits for it and finds nothing to do.
    const second = await mustClaim(slow, at(jobIds, 1))
    await expireLeases(slow)
    await slow.query('begin')
    await complete(slow, second)
    const claiming = claim(quick, second.id)
    await untilBlocked(url, quick)
    await slow.query('commit')
    expect(await claiming).toBeNull()

    expect(await finalTypes(slow)).toEqual(['image_processed', 'image_processed'])
  })
})

test('workers that all go silent: the sweeper ends every job, with one final notification each', async () => {
  await using database = await createTestDatabase()
  await withClients(database.urls.postgres, WORKERS, async (workers) => {
    const setup = at(workers, 0)
    await liftLimits(setup)
    const jobIds = await addJobs(setup, at(await addUsers(setup, 1), 0), 40)
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      for (const jobId of jobIds) expect((await mustClaim(setup, jobId)).attempts).toBe(attempt)
      await expireLeases(setup)
      // Many sweepers at once share the work.
      const swept = await Promise.all(workers.map((worker) => sweep(worker)))
      expect(swept.reduce((sum, count) => sum + count, 0)).toBe(jobIds.length)
    }
    const { rows } = await setup.query('select status, error_code, count(*) from public.jobs group by 1, 2')
    expect(rows).toEqual([{ status: 'failed', error_code: 'lease_expired', count: '40' }])
    expect(await finalTypes(setup)).toEqual(jobIds.map(() => 'image_processing_failed'))
    expect(await sweep(setup)).toBe(0)
  })
})

test('the sweeper does not wait for a worker that is just reporting, nor take its job', async () => {
  await using database = await createTestDatabase()
  await withClients(database.urls.postgres, 2, async (clients) => {
    const [worker, sweeper] = [at(clients, 0), at(clients, 1)]
    const jobIds = await addJobs(worker, at(await addUsers(worker, 1), 0), 2)
    const alive = await mustClaim(worker, at(jobIds, 0))
    await mustClaim(worker, at(jobIds, 1))
    await expireLeases(worker)
    await worker.query('begin')
    await report(worker, alive, 50)
    // A sweeper that waited would wait for ever.
    await sweeper.query(`set lock_timeout = '5s'`)
    expect(await sweep(sweeper)).toBe(1)
    await worker.query('commit')
    expect(await sweep(sweeper)).toBe(0)
    await complete(worker, alive)
    const { rows } = await worker.query('select id, status from public.jobs order by created_at')
    expect(rows).toEqual([
      { id: jobIds[0], status: 'completed' },
      { id: jobIds[1], status: 'queued' },
    ])
  })
})

test('a user in a long transaction does not keep the sweeper from the others', async () => {
  await using database = await createTestDatabase()
  await withClients(database.urls.postgres, 2, async (clients) => {
    const [holder, sweeper] = [at(clients, 0), at(clients, 1)]
    const users = await addUsers(holder, 3)
    const jobIds: string[] = []
    for (const userId of users) jobIds.push(...(await addJobs(holder, userId, 2)))
    for (const index of [0, 2, 4]) await mustClaim(holder, at(jobIds, index))
    await expireLeases(holder)
    await holder.query('begin')
    await holder.query(`update public.jobs set status = 'processing' where id = $1`, [jobIds[3]])
    await sweeper.query(`set lock_timeout = '5s'`)
    expect(await sweep(sweeper)).toBe(2)
    await holder.query('commit')
    expect(await sweep(sweeper)).toBe(1)
  })
})

test('two people who requeue a failed job at once: it starts over once', async () => {
  await using database = await createTestDatabase()
  const url = database.urls.postgres
  await withClients(url, 2, async (clients) => {
    const [first, second] = [at(clients, 0), at(clients, 1)]
    const jobId = at(await addJobs(first, at(await addUsers(first, 1), 0), 1), 0)
    await fail(first, await mustClaim(first, jobId))
    await first.query('begin')
    await first.query('select public.requeue_job($1)', [jobId])
    const again = expect(second.query('select public.requeue_job($1)', [jobId])).rejects.toMatchObject({
      code: 'PT409',
      message: 'illegal_transition',
    })
    await untilBlocked(url, second)
    await first.query('commit')
    await again
  })
})

test('the delay of a retry is drawn from the whole range, which doubles up to its limit', async () => {
  await using database = await createTestDatabase()
  await withClient(database.urls.postgres, async (client) => {
    const { rows } = await client.query<{ attempts: number; low: number; high: number }>(
      `select attempts,
         min(extract(epoch from delay))::float as low,
         max(extract(epoch from delay))::float as high
       from generate_series(1, 12) as attempts,
         lateral (select private.retry_delay(attempts, 2, 300) as delay from generate_series(1, 2000)) as draw
       group by attempts order by attempts`,
    )
    expect(rows).toHaveLength(12)
    for (const { attempts, low, high } of rows) {
      const ceiling = Math.min(300, 2 * 2 ** (attempts - 1))
      expect(low).toBeGreaterThanOrEqual(0)
      expect(low).toBeLessThan(ceiling * 0.05)
      expect(high).toBeLessThanOrEqual(ceiling)
      expect(high).toBeGreaterThan(ceiling * 0.95)
    }
  })
})

async function claim(client: pg.Client, jobId: string): Promise<Claim | null> {
  const { rows } = await client.query<Claim>('select * from public.claim_job($1)', [jobId])
  return rows[0] ?? null
}

async function mustClaim(client: pg.Client, jobId: string): Promise<Claim> {
  const got = await claim(client, jobId)
  if (got === null) throw new Error(`Job ${jobId} was not claimed.`)
  return got
}

function report(client: pg.Client, { id, lease_token }: Claim, progress: number): Promise<unknown> {
  return client.query('select public.report_progress($1, $2, $3)', [id, lease_token, progress])
}

function complete(client: pg.Client, { id, lease_token }: Claim): Promise<unknown> {
  return client.query(`select public.complete_job($1, $2, '{}')`, [id, lease_token])
}

function fail(client: pg.Client, { id, lease_token }: Claim): Promise<unknown> {
  return client.query(`select public.fail_job($1, $2, 'file_empty', 'The file is empty.')`, [id, lease_token])
}

async function sweep(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ swept: number }>('select public.sweep_jobs() as swept')
  return at(rows, 0).swept
}

/** As if every lease had been given long ago. */
async function expireLeases(client: pg.Client): Promise<void> {
  await client.query(
    `update public.jobs set lease_expires_at = clock_timestamp() - interval '1 second' where status = 'processing'`,
  )
}

async function finalTypes(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ type: string }>(
    `select type from public.notifications where type <> 'image_processing_started' order by user_id, seq`,
  )
  return rows.map((row) => row.type)
}
