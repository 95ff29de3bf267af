/** Automatic reports with many connections: neither missed nor doubled, without deadlocks, and flat for many rows. */

import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { expect, test } from 'vitest'
import { createTestDatabase, withClient } from '../../stack/testing/database.ts'
import { randomFrom } from '../../stack/testing/seeded-random.ts'
import { addUsers, at, sqlState, untilBlocked, withClients } from './support.ts'

interface Claim {
  incidentId: string
  /** Of its photos, under way. */
  jobIds: string[]
}

/** Incidents with photos whose jobs are being processed. */
async function addClaims(db: pg.Client, userId: string, count: number, photos: number): Promise<Claim[]> {
  const ids = Array.from({ length: count }, () => randomUUID())
  await db.query(
    `insert into public.incidents (id, user_id, title, source) select id, $2, 'Crash', 'test' from unnest($1::uuid[]) as id`,
    [ids, userId],
  )
  await db.query(
    `insert into public.documents (incident_id, user_id, kind, document_type)
     select id, $2, 'photo', 'photo' from unnest($1::uuid[]) as id, generate_series(1, $3::integer)`,
    [ids, userId, photos],
  )
  await db.query(`update public.jobs set status = 'processing' where incident_id = any ($1)`, [ids])
  const { rows } = await db.query<Claim>(
    `select incident_id as "incidentId", array_agg(id) as "jobIds" from public.jobs
     where incident_id = any ($1) group by incident_id`,
    [ids],
  )
  return rows
}

function complete(db: pg.Client, jobIds: readonly string[]): Promise<unknown> {
  return db.query(`update public.jobs set status = 'completed' where id = any ($1)`, [jobIds])
}

async function reportCounts(db: pg.Client): Promise<number[]> {
  const { rows } = await db.query<{ reports: number }>(
    `select count(report.id)::integer as reports
     from public.incidents as incident left join public.reports as report on report.incident_id = incident.id
     group by incident.id`,
  )
  return rows.map(({ reports }) => reports)
}

test('two jobs that end at the same moment give one report: the second waits for the first and sees it', async () => {
  await using database = await createTestDatabase()
  const url = database.urls.postgres
  await withClients(url, 3, async (clients) => {
    const [setup, first, second] = [at(clients, 0), at(clients, 1), at(clients, 2)]
    // Of two owners, as the locks of one owner's notifications would put them in line anyway.
    const users = await addUsers(setup, 2)
    const [claim] = await addClaims(setup, at(users, 0), 1, 1)
    if (claim === undefined) throw new Error('there is no claim')
    await setup.query(
      `insert into public.documents (incident_id, user_id, kind, document_type) values ($1, $2, 'photo', 'photo')`,
      [claim.incidentId, at(users, 1)],
    )
    await setup.query(`update public.jobs set status = 'processing' where status = 'queued'`)

    await first.query('begin')
    await first.query(`update public.jobs set status = 'completed' where user_id = $1`, [at(users, 0)])
    const ending = second.query(`update public.jobs set status = 'failed' where user_id = $1`, [at(users, 1)])
    await untilBlocked(url, second)
    expect(await reportCounts(setup)).toEqual([0])
    await first.query('commit')
    await ending
    expect(await reportCounts(setup)).toEqual([1])
  })
})

test('whatever ends when, in which grouping and by how many writers: one report for each incident', async () => {
  await using database = await createTestDatabase()
  const writers = 12
  await withClients(database.urls.postgres, writers + 1, async (clients) => {
    const setup = at(clients, writers)
    const users = await addUsers(setup, 3)
    const random = randomFrom(20_261_125)
    const claims: Claim[] = []
    for (const userId of users) claims.push(...(await addClaims(setup, userId, 8, 6)))
    // Each statement ends jobs of several incidents and users, in no particular order.
    const jobIds = claims.flatMap((claim) => claim.jobIds).sort(() => random() - 0.5)
    const statements: string[][] = []
    while (jobIds.length > 0) statements.push(jobIds.splice(0, 1 + Math.floor(random() * 5)))

    const errors: string[] = []
    await Promise.all(
      clients.slice(0, writers).map(async (client) => {
        for (let ids = statements.pop(); ids !== undefined; ids = statements.pop()) {
          await complete(client, ids).catch((error: unknown) => errors.push(sqlState(error)))
        }
      }),
    )
    expect(errors).toEqual([])
    expect(await reportCounts(setup)).toEqual(claims.map(() => 1))
    const { rows } = await setup.query(
      `select count(*)::integer as jobs, count(distinct subject_id)::integer as subjects from public.jobs where kind = 'pdf'`,
    )
    expect(rows).toEqual([{ jobs: claims.length, subjects: claims.length }])
  })
})

test('of many requests at once all are given the same report', async () => {
  await using database = await createTestDatabase()
  await withClients(database.urls.postgres, 8, async (clients) => {
    const setup = at(clients, 0)
    const userId = at(await addUsers(setup, 1), 0)
    const [claim] = await addClaims(setup, userId, 1, 1)
    const answers = await Promise.all(
      clients.map((client) =>
        client.query<{ id: string }>('select id from public.request_report($1)', [claim?.incidentId]),
      ),
    )
    expect(new Set(answers.map(({ rows }) => rows[0]?.id)).size).toBe(1)
    expect(await reportCounts(setup)).toEqual([1])
  })
})

test('4,000 jobs that end in one statement: one report for their incident, or one for each of theirs', async () => {
  await using database = await createTestDatabase()
  await withClient(database.urls.postgres, async (client) => {
    const userId = at(await addUsers(client, 1), 0)
    await addClaims(client, userId, 1, 2_000)
    await addClaims(client, userId, 2_000, 1)
    await client.query(`update public.jobs set status = 'completed' where status = 'processing'`)
    const counts = await reportCounts(client)
    expect(counts.length).toBe(2_001)
    expect(new Set(counts)).toEqual(new Set([1]))
  })
})

test('deleting an incident and ending its last job do not wait for each other', async () => {
  await using database = await createTestDatabase()
  const url = database.urls.postgres
  await withClients(url, 3, async (clients) => {
    const [setup, worker, remover] = [at(clients, 0), at(clients, 1), at(clients, 2)]
    const userId = at(await addUsers(setup, 1), 0)
    const [claim] = await addClaims(setup, userId, 1, 2)
    if (claim === undefined) throw new Error('there is no claim')
    await worker.query('begin')
    // The job's row is taken first, so the deletion has the incident and waits for the job.
    await worker.query('select from public.jobs where id = any ($1) for update', [claim.jobIds])
    const removal = remover.query('delete from public.incidents where id = $1', [claim.incidentId])
    await untilBlocked(url, remover)
    await complete(worker, claim.jobIds)
    await worker.query('commit')
    await removal
    const { rows } = await setup.query(
      'select (select count(*) from public.jobs) + (select count(*) from public.reports) as left_over',
    )
    expect(rows).toEqual([{ left_over: '0' }])
  })
})
