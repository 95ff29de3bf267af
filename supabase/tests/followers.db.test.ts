/** Followers of one incident: gapless sequences for each, in one pass, also with many rows, many writers and kills. */

import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { expect, test } from 'vitest'
import { asUser, createTestDatabase, withClient } from '../../stack/testing/database.ts'
import { addUsers, at, liftLimits, type PlanNode, planNodes, sqlState, withClients } from './support.ts'

/** An incident of the first user that the others handle. */
async function addIncident(db: pg.Client, users: readonly string[]): Promise<string> {
  const incidentId = randomUUID()
  await db.query(
    `insert into public.incidents (id, user_id, title, source) values ($1, $2, 'Crash', 'test')`,
    [incidentId, users[0]],
  )
  await db.query(
    `insert into public.incident_members (incident_id, user_id, role) select $1, unnest($2::uuid[]), 'handler'`,
    [incidentId, users.slice(1)],
  )
  return incidentId
}

async function addJobs(db: pg.Client, userId: string, incidentId: string, count: number): Promise<void> {
  await db.query(
    `insert into public.jobs (kind, user_id, incident_id, subject_id, created_at)
     select 'pdf', $1, $2, gen_random_uuid(), now() + n * interval '1 microsecond' from generate_series(1, $3) as n`,
    [userId, incidentId, count],
  )
}

/** Users whose numbers are not 1, 2, 3 and so on up to their head. */
async function usersWithGaps(db: pg.Client): Promise<unknown[]> {
  const { rows } = await db.query(
    `select head.user_id from private.notification_heads as head
     where array(select seq from public.notifications as n where n.user_id = head.user_id order by seq)
       <> array(select generate_series(1, head.seq))`,
  )
  return rows
}

test('one statement that ends 10,000 jobs of an incident with ten followers gives each of them 10,000 numbers', {
  timeout: 180_000,
}, async () => {
  await using database = await createTestDatabase()
  await withClient(database.urls.postgres, async (client) => {
    const users = await addUsers(client, 11)
    const incidentId = await addIncident(client, users)
    await addJobs(client, at(users, 0), incidentId, 10_000)
    await client.query(`update public.jobs set status = 'failed', error_code = 'internal_error'`)

    const { rows } = await client.query<{ count: string }>(
      `select count(*) from public.notifications where type = 'pdf_generation_failed' group by user_id`,
    )
    expect(rows).toEqual(users.map(() => ({ count: '10000' })))
    expect(await usersWithGaps(client)).toEqual([])
    const sent = await client.query<{ count: string }>(
      `select count(*) from realtime.messages where event = 'batch_update' and payload -> 'messages' -> 0 ->> 'type' = 'pdf_generation_failed' group by topic`,
    )
    expect(sent.rows.length).toBe(users.length)
    expect(Math.max(...sent.rows.map(({ count }) => Number(count)))).toBeLessThanOrEqual(100)
  })
})

test('writers, note takers and joining members of the same incidents leave no gap and meet no deadlock', async () => {
  await using database = await createTestDatabase()
  await withClients(database.urls.postgres, 8, async (clients) => {
    const setup = at(clients, 0)
    await liftLimits(setup)
    await setup.query('delete from private.call_rates')
    const users = await addUsers(setup, 6)
    const incidents = [await addIncident(setup, users), await addIncident(setup, users.toReversed())]
    for (const [index, incidentId] of incidents.entries())
      await addJobs(setup, at(users, index === 0 ? 0 : -1), incidentId, 40)
    const { rows: jobs } = await setup.query<{ id: string }>('select id from public.jobs order by random()')
    const errors: string[] = []
    const note = (error: unknown): void => void errors.push(sqlState(error))
    await Promise.all(
      clients.map(async (client, index) => {
        for (const [round, { id }] of jobs.entries()) {
          if (round % clients.length !== index) continue
          await client.query(`update public.jobs set status = 'processing' where id = $1`, [id]).catch(note)
          await client
            .query(`update public.jobs set status = 'failed', error_code = 'internal_error' where id = $1`, [
              id,
            ])
            .catch(note)
          const author = at(users, round % users.length)
          await asUser(
            client,
            { sub: author },
            (caller) =>
              caller.query('select public.add_case_note($1, $2, null, $3)', [
                at(incidents, round % 2),
                'note',
                [at(users, (round + 1) % users.length)],
              ]),
            { commit: true },
          ).catch(note)
        }
      }),
    )
    expect(errors).toEqual([])
    expect(await usersWithGaps(setup)).toEqual([])
    const { rows } = await setup.query(
      `select user_id, count(*) filter (where type = 'pdf_generation_failed') as ends from public.notifications
       group by user_id order by user_id`,
    )
    expect(rows).toEqual(users.map((user_id) => ({ user_id, ends: '80' })))
  })
})

test('a transaction that is killed leaves neither the change nor a notification of any follower', async () => {
  await using database = await createTestDatabase()
  await withClients(database.urls.postgres, 2, async ([first, second]) => {
    if (first === undefined || second === undefined) throw new RangeError('two connections are needed')
    const users = await addUsers(first, 4)
    const incidentId = await addIncident(first, users)
    await addJobs(first, at(users, 0), incidentId, 1)
    const heads = 'select user_id, seq from private.notification_heads order by 1'
    const before = (await first.query(heads)).rows
    await second.query('begin')
    await second.query(`update public.jobs set status = 'failed', error_code = 'internal_error'`)
    const { rows } = await second.query<{ pid: number }>('select pg_backend_pid() as pid')
    await withClient(database.urls.admin, (admin) =>
      admin.query('select pg_terminate_backend($1, 10000)', [rows[0]?.pid]),
    )
    expect((await first.query(heads)).rows).toEqual(before)
    await first.query(`update public.jobs set status = 'failed', error_code = 'internal_error'`)
    expect(await usersWithGaps(first)).toEqual([])
    expect(
      (await first.query(`select from public.notifications where type = 'pdf_generation_failed'`)).rowCount,
    ).toBe(4)
  })
})

test('publishing finds followers and preferences by an index, however many there are', async () => {
  await using database = await createTestDatabase()
  await withClient(database.urls.admin, async (client) => {
    const users = await addUsers(client, 3)
    const incidentId = await addIncident(client, users)
    await addJobs(client, at(users, 0), incidentId, 1)
    await client.query(`set session_replication_role = replica`)
    await client.query(
      `insert into public.incident_followers (incident_id, user_id, reasons)
       select gen_random_uuid(), gen_random_uuid(), '{owner}' from generate_series(1, 20000)`,
    )
    await client.query(
      `insert into public.notification_preferences (user_id, kind, choice)
       select gen_random_uuid(), 'note', 'inbox' from generate_series(1, 20000)`,
    )
    await client.query(`set session_replication_role = default`)
    await client.query('analyze public.incident_followers, public.notification_preferences')

    await client.query(`load 'auto_explain'`)
    await client.query(`set auto_explain.log_min_duration = 0`)
    await client.query(`set auto_explain.log_nested_statements = on`)
    await client.query(`set auto_explain.log_format = json`)
    await client.query(`set auto_explain.log_level = notice`)
    const plans: PlanNode[] = []
    client.on('notice', ({ message }) => {
      const json = message?.slice(message.indexOf('{'))
      if (message?.includes('plan:') && json !== undefined) plans.push(JSON.parse(json).Plan)
    })
    await client.query(`update public.jobs set status = 'failed', error_code = 'internal_error'`)
    const scans = plans
      .flatMap(planNodes)
      .filter((node) =>
        /^(incident_followers|notification_preferences)$/.test(String(Reflect.get(node, 'Relation Name'))),
      )
    expect(scans.length).toBeGreaterThanOrEqual(2)
    expect(scans.filter((node) => node['Node Type'] === 'Seq Scan')).toEqual([])
  })
})
