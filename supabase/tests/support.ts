/** Users, jobs and many connections for the database tests. */

import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { withClient } from '../../stack/testing/database.ts'

type Queryable = pg.Client | pg.PoolClient | pg.Pool

/** Adds users and returns their ids in order. */
export async function addUsers(db: Queryable, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID()).sort()
  await db.query(
    `insert into auth.users (id, email) select id, id || '@claimwire.test' from unnest($1::uuid[]) as id`,
    [ids],
  )
  return ids
}

/** For tests that are about something else than limits. */
export async function liftLimits(db: Queryable): Promise<void> {
  await db.query('update private.job_kinds set max_concurrent = null, max_concurrent_per_user = null')
}

/** Adds queued image jobs of one user and returns their ids in the order of their creation. */
export async function addJobs(db: Queryable, userId: string, count: number): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `with added as (
       insert into public.jobs (kind, user_id, subject_id, created_at)
       select 'image', $1, gen_random_uuid(), now() + n * interval '1 microsecond'
       from generate_series(1, $2::integer) as n
       returning id, created_at
     )
     select id from added order by created_at`,
    [userId, count],
  )
  return rows.map((row) => row.id)
}

/** Opens that many connections as `postgres`, which are closed in every case. */
export async function withClients<Result>(
  url: string,
  count: number,
  work: (clients: pg.Client[]) => Promise<Result>,
): Promise<Result> {
  const clients = Array.from({ length: count }, () => new pg.Client({ connectionString: url }))
  // A connection that breaks while idle also rejects the next query; without a listener it ends the process.
  for (const client of clients) client.on('error', () => undefined)
  const opened = await Promise.allSettled(clients.map((client) => client.connect()))
  try {
    const failed = opened.find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
    return await work(clients)
  } finally {
    await Promise.allSettled(clients.map((client) => client.end()))
  }
}

/** Resolves when a connection waits for a lock that another holds; it must come to that, or the test times out. */
export async function untilBlocked(url: string, client: pg.Client): Promise<void> {
  const pid = backendPid(client)
  await withClient(url, async (observer) => {
    for (;;) {
      const { rows } = await observer.query<{ blocked: boolean }>(
        'select cardinality(pg_blocking_pids($1)) > 0 as blocked',
        [pid],
      )
      if (rows[0]?.blocked === true) return
    }
  })
}

/** The server process of a connection; node-postgres knows it, its types do not say so. */
function backendPid(client: pg.Client): number {
  const pid: unknown = Reflect.get(client, 'processID')
  if (typeof pid !== 'number') throw new TypeError('The client is not connected.')
  return pid
}

/** The SQLSTATE of an error of the server; anything else is thrown again. */
export function sqlState(error: unknown): string {
  if (error instanceof pg.DatabaseError && error.code !== undefined) return error.code
  throw error
}

/** The entry at an index that must exist. */
export function at<T>(list: readonly T[], index: number): T {
  const value = list.at(index)
  if (value === undefined) throw new RangeError(`There is no entry ${index}.`)
  return value
}

/** A node of `explain (analyze, buffers, format json)`: the fields that tests look at. */
export interface PlanNode {
  'Node Type': string
  'Index Name'?: string
  'Index Cond'?: string
  'Actual Rows': number
  'Shared Hit Blocks': number
  'Shared Read Blocks': number
  Plans?: PlanNode[]
}

/** The node and all below it. */
export function planNodes(plan: PlanNode): PlanNode[] {
  return [plan, ...(plan.Plans ?? []).flatMap(planNodes)]
}

/** Blocks that a plan looked at, wherever they were. */
export function blocksRead(plan: PlanNode): number {
  return plan['Shared Hit Blocks'] + plan['Shared Read Blocks']
}
