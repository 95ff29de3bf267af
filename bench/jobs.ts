/**
 * How fast work begins and how much of it the mechanism carries: from the insert of a job to its claim by a function,
 * jobs per second through the functions, jobs per second in the database alone, and how long one user's job waits
 * behind another's queue. The jobs are status updates: their work is next to nothing. Measures only.
 *
 *   npm run bench:jobs [-- --json]     a table for people, or one JSON line for machines
 */

import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { createStack } from '../stack/index.ts'
import { createTerminalLogger } from '../stack/logger.ts'
import { latency, type Measurement, report, value } from './support/report.ts'

const WARM_UP = 50
const SAMPLES = 300
const BURST = 1_000
const WORKERS = 8
const INPUT = '{"updateType": "bench", "resource": "job", "status": "done"}'

const dataDir = mkdtempSync(join(tmpdir(), 'claimwire-bench-'))
const results: Measurement[] = []

async function addUser(db: pg.Pool): Promise<string> {
  const id = randomUUID()
  await db.query('insert into auth.users (id, email) values ($1, $2)', [id, `${id}@example.test`])
  return id
}

async function setLimits(db: pg.Pool, ofKind: number | null, ofUser: number | null): Promise<void> {
  await db.query(
    `update private.job_kinds set max_concurrent = $1, max_concurrent_per_user = $2 where kind = 'status'`,
    [ofKind, ofUser],
  )
}

async function addJobs(db: pg.Pool, userId: string, count: number): Promise<void> {
  await db.query(
    `insert into public.jobs (kind, user_id, subject_id, input)
     select 'status', $1, gen_random_uuid(), $2 from generate_series(1, $3::integer)`,
    [userId, INPUT, count],
  )
}

async function unfinished(db: pg.Pool, userId: string): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    `select count(*)::integer as count from public.jobs where user_id = $1 and finished_at is null`,
    [userId],
  )
  return rows[0]?.count ?? 0
}

async function untilDone(db: pg.Pool, userId: string, lookEveryMs: number): Promise<void> {
  while ((await unfinished(db, userId)) > 0) await delay(lookEveryMs)
}

/** Both moments by the database's clock, the first just before the commit of the insert. */
async function insertToClaim(db: pg.Pool): Promise<void> {
  const userId = await addUser(db)
  const samples: number[] = []
  for (let n = 0; n < WARM_UP + SAMPLES; n += 1) {
    const { rows } = await db.query<{ id: string; at: Date }>(
      `insert into public.jobs (kind, user_id, subject_id, input)
       values ('status', $1, gen_random_uuid(), $2) returning id, extract(epoch from clock_timestamp()) * 1000 as at`,
      [userId, INPUT],
    )
    const [job] = rows
    await untilDone(db, userId, 1)
    const claimed = await db.query<{ at: string }>(
      'select extract(epoch from started_at) * 1000 as at from public.jobs where id = $1',
      [job?.id],
    )
    if (n >= WARM_UP) samples.push(Number(claimed.rows[0]?.at) - Number(job?.at))
  }
  results.push(latency('from the insert of a job to its claim', samples))
}

async function throughFunctions(db: pg.Pool): Promise<void> {
  for (const [what, ofKind, ofUser] of [
    ['at most 16 at once', 16, 16],
    ['at most 4 at once', 4, 4],
  ] as const) {
    await setLimits(db, ofKind, ofUser)
    // The jobs of one user: each message waits for the commit of the message before.
    const userId = await addUser(db)
    const started = performance.now()
    await addJobs(db, userId, BURST)
    while ((await unfinished(db, userId)) > 0) {
      await delay(20)
    }
    const seconds = (performance.now() - started) / 1_000
    results.push(value(`${BURST} jobs through the function, ${what}`, '/s', BURST / seconds))
  }
  await setLimits(db, null, null)
}

async function inDatabase(db: pg.Pool): Promise<void> {
  // No function is nudged: only the state machine and its triggers are measured.
  for (const [what, ofKind, ofUser] of [
    ['without limits', null, null],
    ['with limits', WORKERS * 2, WORKERS * 2],
  ] as const) {
    await setLimits(db, ofKind, ofUser)
    const ids: string[] = []
    for (let user = 0; user < WORKERS; user += 1) {
      const { rows } = await db.query<{ id: string }>(
        `insert into public.jobs (kind, user_id, subject_id, input)
         select 'status', $1, gen_random_uuid(), $2 from generate_series(1, $3::integer) returning id`,
        [await addUser(db), INPUT, BURST / WORKERS],
      )
      ids.push(...rows.map(({ id }) => id))
    }
    const started = performance.now()
    await Promise.all(
      Array.from({ length: WORKERS }, async (_, worker) => {
        for (let n = worker; n < ids.length; n += WORKERS) {
          // Every worker goes through all users.
          const id = ids[(n * 127) % ids.length]
          const { rows } = await db.query<{ lease_token: string }>(
            'select lease_token from public.claim_job($1)',
            [id],
          )
          if (rows[0] !== undefined) {
            await db.query('select public.complete_job($1, $2, $3)', [
              id,
              rows[0].lease_token,
              { status: 'done' },
            ])
          }
        }
      }),
    )
    const seconds = (performance.now() - started) / 1_000
    results.push(value(`claim and completion by ${WORKERS} connections, ${what}`, '/s', ids.length / seconds))
    await db.query(`update public.jobs set status = 'failed' where status = 'queued'`)
  }
}

/** A user with 1,000 jobs waiting, and others who come with one each. */
async function behindAQueue(db: pg.Pool): Promise<void> {
  await setLimits(db, 16, 8)
  const greedy = await addUser(db)
  await addJobs(db, greedy, BURST)
  const waits: number[] = []
  while ((await unfinished(db, greedy)) > 100) {
    const userId = await addUser(db)
    const started = performance.now()
    await addJobs(db, userId, 1)
    await untilDone(db, userId, 1)
    waits.push(performance.now() - started)
  }
  results.push(latency(`one job of another user behind a queue of ${BURST}, to its end`, waits))
  await untilDone(db, greedy, 20)
  await setLimits(db, null, null)
}

const stack = await createStack({
  dataDir,
  ports: { api: 0, db: 0, mail: 0 },
  logger: createTerminalLogger({ level: 'error' }),
})
const db = new pg.Pool({ connectionString: stack.db.postgres, max: WORKERS + 1 })
const admin = new pg.Pool({ connectionString: stack.db.admin, max: 1 })
try {
  await insertToClaim(db)
  await throughFunctions(db)
  await behindAQueue(db)
  await admin.query(`update vault.secrets set name = 'project_url_away' where name = 'project_url'`)
  await inDatabase(db)
  report(results)
} finally {
  await db.end()
  await admin.end()
  await stack.stop()
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 })
}
