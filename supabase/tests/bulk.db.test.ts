/** Many changes in one statement: complete, in order, in few broadcasts, and without deadlocks. */

import type pg from 'pg'
import { expect, test } from 'vitest'
import { createTestDatabase, withClient } from '../../stack/testing/database.ts'
import { addJobs, addUsers, at, sqlState, untilBlocked, withClients } from './support.ts'

const ROWS = 10_000

test('10,000 jobs of one user in one statement give 10,000 notifications and at most 100 broadcasts', async () => {
  await using database = await createTestDatabase()
  await withClient(database.urls.postgres, async (client) => {
    const userId = at(await addUsers(client, 1), 0)
    const jobIds = await addJobs(client, userId, ROWS)
    // A single change first: the plans of the triggers are made for it and kept.
    for (const id of jobIds.slice(0, 10)) {
      await client.query(`update public.jobs set progress = 1, status = 'processing' where id = $1`, [id])
    }
    const update = await client.query(`update public.jobs set status = 'processing' where status = 'queued'`)
    expect(update.rowCount).toBe(ROWS - 10)

    const stored = await client.query<{ seq: string; job_id: string }>(
      'select seq, job_id from public.notifications order by seq',
    )
    expect(stored.rows.map((row) => Number(row.seq))).toEqual(Array.from({ length: ROWS }, (_, n) => n + 1))
    expect(stored.rows.map((row) => row.job_id)).toEqual(jobIds)

    const sent = await client.query<{ event: string; length: number; bytes: number }>(
      `select event, jsonb_array_length(payload -> 'messages') as length, octet_length(payload::text) as bytes
       from realtime.messages where topic = $1 and event = 'batch_update'`,
      [`user:${userId}`],
    )
    expect(sent.rows.length).toBeLessThanOrEqual(100)
    expect(Math.max(...sent.rows.map((row) => row.length))).toBe(100)
    expect(Math.max(...sent.rows.map((row) => row.bytes))).toBeLessThanOrEqual(200_000)
    expect(sent.rows.reduce((sum, row) => sum + row.length, 0)).toBe(ROWS - 10)
    expect(await batchedSeqs(client)).toEqual(Array.from({ length: ROWS - 10 }, (_, n) => n + 11))
  })
})

test('a statement over 2,000 users gives each one message', async () => {
  await using database = await createTestDatabase()
  await withClient(database.urls.postgres, async (client) => {
    const users = await addUsers(client, 2_000)
    await client.query(
      `insert into public.jobs (kind, user_id, subject_id) select 'image', id, gen_random_uuid() from auth.users`,
    )
    await client.query(`update public.jobs set status = 'processing'`)
    const { rows } = await client.query<{ topic: string; event: string }>(
      'select topic, event from realtime.messages',
    )
    expect(rows.map((row) => row.topic).sort()).toEqual(users.map((id) => `user:${id}`).sort())
    expect(new Set(rows.map((row) => row.event))).toEqual(new Set(['image_processing_started']))
  })
})

test('statements over the same users in opposite orders do not deadlock', async () => {
  await using database = await createTestDatabase()
  const url = database.urls.postgres
  const rounds = 15
  await withClients(url, 16, async (clients) => {
    const setup = at(clients, 0)
    const users = await addUsers(setup, 8)
    const statements: string[][] = []
    for (const [index] of clients.entries()) {
      const jobIds: string[] = []
      // Half of the writers make their jobs, and so their messages, in the opposite order of users.
      for (const userId of index % 2 === 0 ? users : users.toReversed()) {
        jobIds.push(...(await addJobs(setup, userId, rounds)))
      }
      statements.push(jobIds)
    }
    const errors: string[] = []
    await Promise.all(
      clients.map(async (client, index) => {
        const mine = statements[index] ?? []
        for (let round = 0; round < rounds && errors.length === 0; round += 1) {
          const ids = mine.filter((_, n) => n % rounds === round)
          await client
            .query(`update public.jobs set status = 'processing' where id = any ($1)`, [ids])
            .catch((error: unknown) => errors.push(sqlState(error)))
        }
      }),
    )
    expect(errors).toEqual([])
    const { rows } = await setup.query<{ seq: string }>('select seq from private.notification_heads')
    expect(rows.map((row) => Number(row.seq))).toEqual(users.map(() => clients.length * rounds))
  })
})

test('deleting a user waits for a change of their jobs and then leaves nothing', async () => {
  await using database = await createTestDatabase()
  const url = database.urls.postgres
  await withClients(url, 2, async (clients) => {
    const [writer, remover] = [at(clients, 0), at(clients, 1)]
    const userId = at(await addUsers(writer, 1), 0)
    await addJobs(writer, userId, 3)
    await writer.query('begin')
    await writer.query(`update public.jobs set status = 'processing'`)
    const removal = remover.query('delete from auth.users where id = $1', [userId])
    await untilBlocked(url, remover)
    await writer.query('commit')
    await removal
    const { rows } = await writer.query(
      `select (select count(*) from public.jobs) + (select count(*) from public.notifications)
         + (select count(*) from private.notification_heads) as left_over`,
    )
    expect(rows).toEqual([{ left_over: '0' }])
  })
})

async function batchedSeqs(client: pg.Client): Promise<number[]> {
  const { rows } = await client.query<{ seq: number }>(
    `select (message.value ->> 'seq')::integer as seq
     from realtime.messages as m, jsonb_array_elements(m.payload -> 'messages') with ordinality as message (value, n)
     where m.event = 'batch_update'
     order by m.tableoid, m.ctid, message.n`,
  )
  return rows.map((row) => row.seq)
}
