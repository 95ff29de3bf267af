/**
 * What a status change costs by the number of followers of its incident: the same change of jobs of incidents with one
 * follower and with ten, in turn in one run, and one statement with many rows. Measures only; nothing here passes or fails.
 *
 *   node bench/followers.ts [--json]
 */

import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { withClient } from '../stack/postgres/index.ts'
import { startTestCluster } from '../stack/testing/cluster.ts'
import { latency, type Measurement, report, value } from './support/report.ts'

const FOLLOWERS = [1, 10]
const SAMPLES = 300
const WARM_UP = 20
const BULK = 10_000

await using cluster = await startTestCluster()
await using database = await cluster.createDatabase()
const results: Measurement[] = []

/** An incident with that many followers, and ids of jobs of its owner. */
async function addIncident(client: pg.Client, followers: number, jobs: number): Promise<string[]> {
  const users = Array.from({ length: followers }, () => randomUUID())
  const incidentId = randomUUID()
  await client.query('insert into auth.users (id) select unnest($1::uuid[])', [users])
  await client.query(
    `insert into public.incidents (id, user_id, title, source) values ($1, $2, 'Crash', 'bench')`,
    [incidentId, users[0]],
  )
  await client.query(
    `insert into public.incident_members (incident_id, user_id, role) select $1, unnest($2::uuid[]), 'handler'`,
    [incidentId, users.slice(1)],
  )
  const { rows } = await client.query<{ id: string }>(
    `insert into public.jobs (kind, user_id, incident_id, subject_id)
     select 'pdf', $1, $2, gen_random_uuid() from generate_series(1, $3) returning id`,
    [users[0], incidentId, jobs],
  )
  return rows.map(({ id }) => id)
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

await withClient(database.urls.postgres, async (client) => {
  await client.query('update private.job_kinds set max_concurrent = null, max_concurrent_per_user = null')
  const incidents = []
  for (const followers of FOLLOWERS)
    incidents.push({
      followers,
      jobs: await addIncident(client, followers, SAMPLES + WARM_UP),
      samples: [] as number[],
    })
  for (let n = 0; n < SAMPLES + WARM_UP; n += 1) {
    for (const { jobs, samples } of incidents) {
      const took = await timed(() =>
        client.query(
          `update public.jobs set status = 'failed', error_code = 'internal_error' where id = $1`,
          [jobs[n]],
        ),
      )
      if (n >= WARM_UP) samples.push(took)
    }
  }
  for (const { followers, samples } of incidents)
    results.push(latency(`one status change, followers: ${followers}`, samples))
  for (const followers of FOLLOWERS) {
    const jobs = await addIncident(client, followers, BULK)
    const took = await timed(() =>
      client.query(
        `update public.jobs set status = 'failed', error_code = 'internal_error' where id = any ($1::uuid[])`,
        [jobs],
      ),
    )
    results.push(
      value(`${BULK.toLocaleString('en')} changes in one statement, followers: ${followers}`, 'ms', took),
    )
  }
})
report(results)
