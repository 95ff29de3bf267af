/**
 * What a notification costs the database: catching up and one status change with more and more notifications in the
 * table, and a status change with the triggers beside a bare update. Measures only; nothing here passes or fails.
 *
 *   npm run bench:database [-- --json --large]     --large: up to ten million notifications, some minutes and GB
 */

import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { addIdleJobs } from '../e2e/support/fault-load.ts'
import { withClient } from '../stack/postgres/index.ts'
import { startTestCluster } from '../stack/testing/cluster.ts'
import { latency, type Measurement, report, value } from './support/report.ts'

const SIZES = process.argv.includes('--large') ? [1e4, 1e6, 1e7] : [1e4, 1e6]
/** Each of them has as many notifications as the others. */
const USERS = 1_000
const PAGE = 500
const SAMPLES = 300
const WRITERS = 8
const BULK = 10_000

await using cluster = await startTestCluster()
await using database = await cluster.createDatabase()
const results: Measurement[] = []

/** Rows as the triggers leave them; written directly, as there are many, and without the checks of foreign keys. */
async function fill(admin: pg.Client, users: readonly string[], from: number, to: number): Promise<void> {
  await admin.query(`set session_replication_role = replica`)
  await admin.query(
    `insert into public.notifications (user_id, seq, epoch, type, payload, created_at)
     select head.user_id, n, head.epoch, 'image_processed',
       jsonb_build_object('type', 'image_processed', 'seq', n, 'epoch', head.epoch, 'documentId', gen_random_uuid(),
         'documentType', 'photo', 'status', 'completed', 'timestamp', now()),
       now() - interval '1 day'
     from generate_series($2::integer, $3::integer) as n, private.notification_heads as head
     where head.user_id = any ($1)`,
    [users, from, to],
  )
  await admin.query(`update private.notification_heads set seq = $2 where user_id = any ($1)`, [users, to])
  await admin.query(`set session_replication_role = default`)
  await admin.query('vacuum (analyze) public.notifications')
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

async function sample(work: (n: number) => Promise<unknown>, count = SAMPLES): Promise<number[]> {
  const samples: number[] = []
  for (let n = 0; n < count; n += 1) samples.push(await timed(() => work(n)))
  return samples
}

const CATCH_UP = `select seq, payload from public.notifications where user_id = $1 and seq > $2 order by seq limit ${PAGE}`

/** The page that a client reads, under the user's own rights, at a random place of theirs. */
async function readPage(
  client: pg.Client,
  userId: string,
  last: number,
  explain = '',
): Promise<pg.QueryResult> {
  const after = Math.max(0, Math.floor(Math.random() * (last - PAGE)))
  await client.query('begin')
  await client.query('set local role authenticated')
  await client.query(`select set_config('request.jwt.claims', $1, true)`, [JSON.stringify({ sub: userId })])
  const result = await client.query(`${explain} ${CATCH_UP}`, [userId, after])
  await client.query('commit')
  return result
}

/** What does not depend on how busy the machine is: the blocks of table and index that a page is read from. */
async function blocksOfPage(client: pg.Client, userId: string, last: number): Promise<number> {
  const { rows } = await readPage(client, userId, last, 'explain (analyze, buffers, format json)')
  const plan = rows[0]['QUERY PLAN'][0].Plan
  return Number(plan['Shared Hit Blocks']) + Number(plan['Shared Read Blocks'])
}

async function growing(client: pg.Client, admin: pg.Client): Promise<void> {
  const users = Array.from({ length: USERS }, () => randomUUID())
  await admin.query('insert into auth.users (id) select unnest($1::uuid[])', [users])
  await admin.query('insert into private.notification_heads (user_id) select unnest($1::uuid[])', [users])
  // This user has the same number of notifications in every table; only the table grows.
  const reader = randomUUID()
  await admin.query('insert into auth.users (id) values ($1)', [reader])
  await admin.query('insert into private.notification_heads (user_id) values ($1)', [reader])
  await fill(admin, [reader], 1, 2_000)
  let filled = 0
  for (const size of SIZES) {
    await fill(admin, users, filled + 1, size / USERS)
    filled = size / USERS
    const shown = size.toLocaleString('en')
    for (let n = 0; n < 20; n += 1) await readPage(client, reader, 2_000)
    results.push(
      latency(
        `a page of ${PAGE} to catch up, ${shown} in the table`,
        await sample(() => readPage(client, reader, 2_000)),
      ),
    )
    const blocks: number[] = []
    for (let n = 0; n < 21; n += 1) blocks.push(await blocksOfPage(client, reader, 2_000))
    const median = blocks.toSorted((a, b) => a - b)[10] ?? Number.NaN
    results.push(value(`the same: blocks looked at, ${shown} in the table`, 'blocks', median))
    const jobs = await addIdleJobs(client, reader, SAMPLES + 20)
    const change = (jobId: string | undefined) =>
      client.query(`update public.jobs set status = 'failed' where id = $1`, [jobId])
    for (const jobId of jobs.splice(0, 20)) await change(jobId)
    results.push(latency(`one status change, ${shown} in the table`, await sample((n) => change(jobs[n]))))
  }
}

/** @param on whether the triggers of `jobs` are; without them a change is bare. */
async function overhead(admin: pg.Client, on: boolean): Promise<void> {
  const what = on ? 'with all triggers' : 'bare update'
  const writers = Array.from({ length: WRITERS }, () => new pg.Client(database.urls.postgres))
  await Promise.all(writers.map((writer) => writer.connect()))
  try {
    const [first] = writers
    if (first === undefined) throw new Error('there are no writers')
    const users = Array.from({ length: WRITERS }, () => randomUUID())
    await admin.query('insert into auth.users (id) select unnest($1::uuid[])', [users])
    const jobs: string[][] = []
    for (const user of users) jobs.push(await addIdleJobs(first, user, SAMPLES))
    const bulk = await addIdleJobs(first, users[0] ?? '', BULK)
    // The triggers of inserts have run already.
    if (!on) await admin.query('alter table public.jobs disable trigger user')
    const change = (writer: pg.Client, jobId: string | undefined) =>
      writer.query(
        `update public.jobs set status = 'failed', error_code = 'internal_error', finished_at = now() where id = $1`,
        [jobId],
      )
    const own = jobs[0] ?? []
    results.push(latency(`one status change: ${what}`, await sample((n) => change(first, own[n]))))

    const rest = jobs.slice(1)
    const elapsed = await timed(() =>
      Promise.all(
        rest.map(async (list, n) => {
          for (const jobId of list) await change(writers[n + 1] ?? first, jobId)
        }),
      ),
    )
    results.push(
      value(
        `${WRITERS - 1} writers with a user each: ${what}`,
        '/s',
        (rest.length * SAMPLES) / (elapsed / 1_000),
      ),
    )

    const ms = await timed(() =>
      first.query(
        `update public.jobs set status = 'failed', error_code = 'internal_error', finished_at = now() where id = any ($1)`,
        [bulk],
      ),
    )
    results.push(value(`${BULK.toLocaleString('en')} rows in one statement: ${what}`, 'ms', ms))
  } finally {
    await admin.query('alter table public.jobs enable trigger user')
    await Promise.all(writers.map((writer) => writer.end()))
  }
}

await withClient(database.urls.admin, (admin) =>
  withClient(database.urls.postgres, async (client) => {
    for (const on of [false, true]) await overhead(admin, on)
    await growing(client, admin)
  }),
)
report(results)
