/**
 * Limits and turns under load: workers as pg_net's nudges start them, with a provider that fails, hangs and answers
 * "too many requests". Everything ends, once; the limits hold at every moment; no user waits for the queue of another.
 */

import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase, withClient } from '../../stack/testing/database.ts'
import { randomFrom } from '../../stack/testing/seeded-random.ts'
import { addJobs, addUsers, at, liftLimits, untilBlocked, withClients } from './support.ts'

const LONG = process.env.CLAIMWIRE_LONG !== undefined
const SEED = Number(process.env.CLAIMWIRE_SEED) || Math.floor(Math.random() * 2 ** 31) + 1
const LIMIT = 16
const LIMIT_OF_USER = 6
const TIMEOUT_MS = 120_000

test(
  '500 jobs at once and a bad provider: all end once, the limits hold, and single jobs of others are served in turn',
  async () => {
    console.log(`job-limits.db.test.ts: CLAIMWIRE_SEED=${SEED}`)
    await using database = await createTestDatabase()
    await using workers = startWorkers(database, { random: randomFrom(SEED) })
    const { db } = workers
    await configure(db, { max_concurrent: LIMIT, max_concurrent_per_user: LIMIT_OF_USER, max_attempts: 30 })
    const users = await addUsers(db, 6)
    const greedy = at(users, 2)
    await addJobs(db, greedy, LONG ? 3000 : 500)
    // While all of that is waiting, the others come with one job each, one after the other.
    for (const userId of users.filter((id) => id !== greedy)) {
      const [jobId] = await addJobs(db, userId, 1)
      await workers.until(
        async () => (await statusOf(db, jobId)) === 'completed' || (await statusOf(db, jobId)) === 'failed',
      )
    }
    const waiting = await count(db, `status = 'queued'`)
    await workers.until(async () => (await count(db, `status in ('queued', 'processing')`)) === 0)

    // The single jobs ended while jobs that were inserted before them were still queued.
    expect(waiting).toBeGreaterThan(0)
    expect(workers.provider.failed).toBeGreaterThan(0)
    expect(workers.provider.hung).toBeGreaterThan(0)
    expect(workers.provider.refused).toBeGreaterThan(0)
    expect(workers.most).toEqual({ ofKind: expect.any(Number), ofUser: expect.any(Number), overlaps: 0 })
    expect(workers.most.ofKind).toBeLessThanOrEqual(LIMIT)
    expect(workers.most.ofUser).toBe(LIMIT_OF_USER)
    const { rows } = await db.query<{ told: string[]; status: string }>(
      `select job.status, array_agg(told.type order by told.seq) as told
       from public.jobs as job left join public.notifications as told on told.job_id = job.id
       group by job.id, job.status`,
    )
    const expected: Record<string, string[]> = {
      completed: ['image_processing_started', 'image_processed'],
      failed: ['image_processing_started', 'image_processing_failed'],
    }
    for (const { status, told } of rows) expect(told).toEqual(expected[status])
    // No worker did the work of a job that another worker had ended.
    expect(workers.ended).toHaveLength(new Set(workers.ended).size)
  },
  LONG ? 10 * TIMEOUT_MS : TIMEOUT_MS,
)

test('a free place is offered once, while other transactions end, add and claim jobs', async () => {
  await using database = await createTestDatabase()
  await withClients(database.urls.postgres, 3, async (clients) => {
    const [ending, adding, claiming] = [at(clients, 0), at(clients, 1), at(clients, 2)]
    const url = database.urls.postgres
    await addSecrets(ending)
    await configure(ending, { max_concurrent: 1 })
    const users = await addUsers(ending, 2)
    const first = at(await addJobs(ending, at(users, 0), 1), 0)
    const lease = await claim(ending, first)
    await takeNudges(ending)

    // A job is added while the only place is being freed: the transaction that commits second sees both.
    await ending.query('begin')
    await ending.query(`select public.complete_job($1, $2, '{}')`, [first, lease])
    const second = at(await addJobs(adding, at(users, 1), 1), 0)
    expect(await takeNudges(adding)).toEqual([])
    await ending.query('commit')
    expect(await takeNudges(ending)).toEqual([second])

    // The same with both at their commits: the job is added when the end has looked for the next already.
    const nextLease = await claim(ending, second)
    await ending.query('begin; set constraints all immediate')
    await ending.query(`select public.complete_job($1, $2, '{}')`, [second, nextLease])
    const addition = addJobs(adding, at(users, 1), 1)
    await untilBlocked(url, adding)
    await ending.query('commit')
    const added = at(await addition, 0)
    expect(await takeNudges(ending)).toEqual([added])

    // Two claims for the place: the second waits for the first and gets no row.
    const third = at(await addJobs(adding, at(users, 0), 1), 0)
    await claiming.query('begin')
    expect(await claim(claiming, added)).not.toBeNull()
    const inVain = claim(adding, third)
    await untilBlocked(url, adding)
    await claiming.query('commit')
    expect(await inVain).toBeNull()
    expect(await statusOf(adding, third)).toBe('queued')
  })
})

test('a long transaction that ends or adds jobs does not hold up other users', async () => {
  await using database = await createTestDatabase()
  await withClients(database.urls.postgres, 2, async (clients) => {
    const [slow, quick] = [at(clients, 0), at(clients, 1)]
    await addSecrets(slow)
    const users = await addUsers(slow, 2)
    const [one] = await addJobs(slow, at(users, 0), 1)
    const [other] = await addJobs(slow, at(users, 1), 1)
    const lease = await claim(slow, one)
    await slow.query('begin')
    await slow.query(`select public.complete_job($1, $2, '{}')`, [one, lease])
    await addJobs(slow, at(users, 0), 3)
    await quick.query(`set lock_timeout = '5s'`)
    const others = await claim(quick, other)
    await quick.query(`select public.complete_job($1, $2, '{}')`, [other, others])
    await addJobs(quick, at(users, 1), 1)
    await quick.query('select public.sweep_jobs()')
    await slow.query('commit')
    expect(await count(slow, `status = 'queued'`)).toBe(4)
  })
})

test('transactions that end jobs of several kinds in opposite order do not wait in a circle', async () => {
  await using database = await createTestDatabase()
  await withClients(database.urls.postgres, 4, async (clients) => {
    await addSecrets(at(clients, 0))
    const users = await addUsers(at(clients, 0), clients.length)
    await Promise.all(
      clients.map(async (client, index) => {
        const kinds = index % 2 === 0 ? ['image', 'pdf'] : ['pdf', 'image']
        for (let round = 0; round < 10; round += 1) {
          await client.query('begin')
          for (const kind of kinds) {
            await client.query(
              `insert into public.jobs (kind, user_id, subject_id) values ($1, $2, gen_random_uuid())`,
              [kind, at(users, index)],
            )
          }
          await client.query('commit')
        }
      }),
    )
    expect(await count(at(clients, 0), 'true')).toBe(80)
  })
})

test('whose turn it is costs the same in a table of many ended jobs and a queue of many waiting ones', async () => {
  await using database = await createTestDatabase()
  await withClient(database.urls.postgres, async (client) => {
    await addSecrets(client)
    const users = await addUsers(client, 3)
    await addJobs(client, at(users, 0), 20)
    const few = await blocksOfTurn(client)
    // Without triggers: this is about reading.
    await client.query('alter table public.jobs disable trigger user')
    await client.query(
      `insert into public.jobs (kind, user_id, subject_id, status, finished_at, error_code, max_attempts, next_attempt_at)
       select 'image', $1, gen_random_uuid(),
         (case when n % 10 = 0 then 'queued' else 'failed' end)::public.job_status,
         case when n % 10 <> 0 then now() end, case when n % 10 <> 0 then 'internal_error' end, 1, now()
       from generate_series(1, 30000) as n`,
      [at(users, 0)],
    )
    await client.query('alter table public.jobs enable trigger user')
    await client.query('analyze public.jobs')
    const many = await blocksOfTurn(client)
    expect(many).toBeLessThan(few * 2)
  })
})

/** Blocks that one choice of the next jobs reads, with all places free; it is rolled back. */
async function blocksOfTurn(client: pg.Client): Promise<number> {
  await client.query('delete from private.job_nudges')
  await client.query('begin')
  try {
    // A first call reads the catalogue for planning; its buffers are not counted.
    await client.query(`savepoint warm; select private.next_jobs('image'); rollback to savepoint warm`)
    const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Record<string, number> }] }>(
      `explain (analyze, buffers, format json) select private.next_jobs('image')`,
    )
    const plan = at(rows, 0)['QUERY PLAN'][0].Plan
    return (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0)
  } finally {
    await client.query('rollback')
  }
}

// workers

interface Workers extends AsyncDisposable {
  readonly db: pg.Pool
  /** What the provider did, in calls. */
  readonly provider: { failed: number; hung: number; refused: number }
  /** The most jobs that were being processed at a moment, and workers that had the same job at once. */
  readonly most: { ofKind: number; ofUser: number; overlaps: number }
  /** Jobs in the order in which their workers ended them for good. */
  readonly ended: string[]
  /** Sweeps now and then until it is true. */
  until(done: () => Promise<boolean>): Promise<void>
}

/** Answers every nudge with a worker: what pg_net and the function are in a project, without HTTP. */
function startWorkers(database: TestDatabase, { random }: { random: () => number }): Workers {
  const db = new pg.Pool({ connectionString: database.urls.postgres, max: 24 })
  const provider = { failed: 0, hung: 0, refused: 0 }
  const most = { ofKind: 0, ofUser: 0, overlaps: 0 }
  const ended: string[] = []
  const working = new Set<string>()
  const stop = new AbortController()
  let failure: unknown

  const work = async (jobId: string): Promise<void> => {
    const { rows } = await db.query<{ lease_token: string }>(
      `select lease_token from public.claim_job($1, 'image')`,
      [jobId],
    )
    const [job] = rows
    if (job === undefined) return
    await look()
    if (working.has(jobId)) most.overlaps += 1
    working.add(jobId)
    try {
      await delay(random() * 10) // the provider's time
      const draw = random()
      const lease = [jobId, job.lease_token]
      if (draw < 0.05) {
        provider.hung += 1 // and the worker never reports again
        await db.query(`update public.jobs set lease_expires_at = clock_timestamp() where id = $1`, [jobId])
      } else if (draw < 0.25) {
        provider.failed += 1
        const retryable = draw < 0.2
        await db.query(`select public.fail_job($1, $2, 'download_failed', 'No.', $3)`, [...lease, retryable])
        if (!retryable) ended.push(jobId)
      } else if (draw < 0.35) {
        provider.refused += 1
        await db.query(`select public.fail_job($1, $2, 'rate_limited', 'Later.', true)`, lease)
      } else {
        await db.query(`select public.complete_job($1, $2, '{}')`, lease)
        ended.push(jobId)
      }
    } finally {
      working.delete(jobId)
    }
  }

  /** One statement sees one moment. */
  const look = async (): Promise<void> => {
    const { rows } = await db.query<{ of_kind: number; of_user: number }>(
      `select sum(jobs)::integer as of_kind, max(jobs)::integer as of_user
       from (select user_id, count(*) as jobs from public.jobs where status = 'processing' group by user_id) as user_jobs`,
    )
    most.ofKind = Math.max(most.ofKind, rows[0]?.of_kind ?? 0)
    most.ofUser = Math.max(most.ofUser, rows[0]?.of_user ?? 0)
  }

  const background = new Set<Promise<void>>()
  const run = (promise: Promise<void>): void => {
    const tracked = promise
      .catch((error: unknown) => {
        failure ??= error
      })
      .finally(() => background.delete(tracked))
    background.add(tracked)
  }
  const configured = addSecrets(db)
  run(
    configured.then(async () => {
      while (!stop.signal.aborted) {
        for (const jobId of await takeNudges(db)) run(work(jobId))
        await delay(2)
      }
    }),
  )

  return {
    db,
    provider,
    most,
    ended,
    until: async (done) => {
      await configured
      for (let turn = 1; !(await done()); turn += 1) {
        if (failure !== undefined) throw failure
        await delay(10)
        // Retries that are due and hung workers; half a minute's sweep in a fraction of a second.
        if (turn % 10 === 0) await db.query('select public.sweep_jobs()')
      }
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      while (background.size > 0) await Promise.all(background)
      await db.end()
      if (failure !== undefined) throw failure
    },
  }
}

// what the tests do

type Queryable = pg.Pool | pg.Client

async function addSecrets(db: Queryable): Promise<void> {
  await db.query(`select vault.create_secret('https://project.test', 'project_url'),
                         vault.create_secret('sb_secret_test', 'secret_key')`)
}

interface Limits {
  max_concurrent?: number
  max_concurrent_per_user?: number
  max_attempts?: number
}

/** Limits of images, and retries that come soon. */
async function configure(db: Queryable, limits: Limits): Promise<void> {
  await liftLimits(db)
  await db.query(
    `update private.job_kinds
     set max_concurrent = $1, max_concurrent_per_user = $2, max_attempts = coalesce($3, max_attempts),
       retry_base_seconds = 1, retry_max_seconds = 1
     where kind = 'image'`,
    [limits.max_concurrent, limits.max_concurrent_per_user, limits.max_attempts],
  )
}

/** Jobs that were nudged for since the last call, in order. */
async function takeNudges(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ job_id: string }>(
    `with taken as (delete from net.http_request_queue returning id, body)
     select convert_from(body, 'utf8')::jsonb ->> 'job_id' as job_id from taken order by id`,
  )
  return rows.map((row) => row.job_id)
}

async function claim(client: pg.Client, jobId: string | undefined): Promise<string | null> {
  const { rows } = await client.query<{ lease_token: string }>(
    'select lease_token from public.claim_job($1)',
    [jobId],
  )
  return rows[0]?.lease_token ?? null
}

async function statusOf(db: Queryable, jobId: string | undefined): Promise<string | undefined> {
  const { rows } = await db.query<{ status: string }>('select status from public.jobs where id = $1', [jobId])
  return rows[0]?.status
}

async function count(db: Queryable, condition: string): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    `select count(*)::integer as count from public.jobs where ${condition}`,
  )
  return at(rows, 0).count
}
