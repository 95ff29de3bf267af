/**
 * Status changes by plain SQL: legal moves of jobs, some of them rolled back, by several connections at once. A
 * database that goes away meanwhile is waited for, and what was under way is done again; the table tells what
 * came of it.
 */

import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { between, type Random } from '../../stack/testing/seeded-random.ts'

/** As role `postgres`; connections that break are replaced. */
export function openPool(url: string, size = 8): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: size, connectionTimeoutMillis: 5_000 })
  const lost = (): void => undefined // the query on the lost connection reports the error
  pool.on('error', lost)
  pool.on('connect', (client) => client.on('error', lost))
  return pool
}

/**
 * Adds jobs that no function is nudged for: they are due tomorrow. Deleted with their user.
 * @returns their ids, in the order in which changes of one statement tell of them.
 */
export async function addIdleJobs(
  db: Pick<pg.ClientBase, 'query'>,
  userId: string,
  count = 1,
): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID())
  await db.query(
    `insert into public.jobs (id, kind, user_id, subject_id, next_attempt_at, created_at)
     select id, 'image', $1, gen_random_uuid(), now() + interval '1 day', now() + n * interval '1 microsecond'
     from unnest($2::uuid[]) with ordinality as job (id, n)
     on conflict (id) do nothing`,
    [userId, ids],
  )
  return ids
}

/** One durable notification. Nothing happens when the job has been moved already. */
export async function startJob(db: pg.Pool | pg.PoolClient, jobId: string): Promise<void> {
  await db.query(`update public.jobs set status = 'processing' where id = $1 and status = 'queued'`, [jobId])
}

/** One durable notification. */
export async function endJob(
  db: pg.Pool | pg.PoolClient,
  jobId: string,
  status: 'completed' | 'failed',
): Promise<void> {
  await db.query(
    `update public.jobs set status = $2::public.job_status, error_code = case when $2 = 'failed' then 'internal_error' end
     where id = $1 and status = 'processing'`,
    [jobId, status],
  )
}

/** A new job that is given up: one durable notification, and nothing that a sweep would take up. */
export async function notifyOnce(db: pg.Pool | pg.PoolClient, userId: string): Promise<void> {
  const jobIds = await addIdleJobs(db, userId)
  await db.query(`update public.jobs set status = 'failed' where id = any ($1)`, [jobIds])
}

export interface LoadOptions {
  userId: string
  /** Number of jobs; each gives two notifications. */
  jobs: number
  writers: number
  random: Random
  /** Milliseconds between two moves of a writer, at most. Default 0. */
  paceMs?: number
}

/** Resolves when every job has ended. */
export async function moveJobs(db: pg.Pool, options: LoadOptions): Promise<void> {
  const { userId, jobs, writers, random } = options
  const pending = Array.from({ length: jobs }, () => randomUUID())
  const writer = async (): Promise<void> => {
    for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
      const jobId = id
      await insist(() => addJob(db, userId, jobId))
      await pace(options)
      if (random() < 0.2) await insist(() => moveAndRollBack(db, jobId))
      await insist(() => startJob(db, jobId))
      await pace(options)
      await insist(() =>
        db.query(
          `update public.jobs set progress = $2, stage = 'decoding' where id = $1 and status = 'processing'`,
          [jobId, between(random, 1, 99)],
        ),
      )
      const status = random() < 0.2 ? 'failed' : 'completed'
      await insist(() => endJob(db, jobId, status))
      await pace(options)
    }
  }
  await Promise.all(Array.from({ length: writers }, writer))
}

async function addJob(db: pg.Pool, userId: string, jobId: string): Promise<void> {
  await db.query(
    `insert into public.jobs (id, kind, user_id, subject_id, next_attempt_at)
     values ($1, 'image', $2, gen_random_uuid(), now() + interval '1 day')
     on conflict (id) do nothing`,
    [jobId, userId],
  )
}

async function moveAndRollBack(db: pg.Pool, jobId: string): Promise<void> {
  await inTransaction(db, 'rollback', (client) => startJob(client, jobId))
}

export async function inTransaction(
  db: pg.Pool,
  end: 'commit' | 'rollback',
  work: (client: pg.PoolClient) => Promise<void>,
): Promise<void> {
  const client = await db.connect()
  let failure: unknown
  try {
    await client.query('begin')
    await work(client)
    await client.query(end)
  } catch (error) {
    failure = error
    throw error
  } finally {
    client.release(failure !== undefined)
  }
}

async function pace({ paceMs = 0, random }: LoadOptions): Promise<void> {
  if (paceMs > 0) await delay(random() * paceMs)
}

/** Milliseconds between two attempts on a database that is away. */
const RETRY_MS = 50
const ATTEMPTS = 2_000

/** Repeats what fails because the database is away; every statement here may be repeated. */
async function insist(work: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await work()
      return
    } catch (error) {
      if (!isAway(error) || attempt === ATTEMPTS) throw error
      await delay(RETRY_MS)
    }
  }
}

/**
 * Connection exceptions, the server's own end (what runs then is cancelled), and everything that is not an answer of
 * the server.
 */
function isAway(error: unknown): boolean {
  return !(error instanceof pg.DatabaseError) || /^(08|57|53|40)/.test(error.code ?? '')
}
