/** The rate of messages from clients, with many connections: exact for each user, without waiting for other users. */

import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { expect, test } from 'vitest'
import { asUser, createTestDatabase } from '../../stack/testing/database.ts'
import { addUsers, at, untilBlocked, withClients } from './support.ts'

test('20 connections of one user spend a bucket together, and not a token more', async () => {
  await using database = await createTestDatabase()
  await withClients(database.urls.postgres, 20, async (clients) => {
    const setup = at(clients, 0)
    // So slow that nothing comes back while the test runs.
    await setup.query('update private.limits set send_rate = 0.000001, send_burst = 40')
    const [userId] = await addUsers(setup, 1)
    const topic = await addIncident(setup, [userId])
    const outcomes = await Promise.allSettled(
      clients.map(async (client) => {
        const results: boolean[] = []
        for (let count = 0; count < 5; count += 1) results.push(await trySend(client, userId, topic))
        return results
      }),
    )
    const sent = outcomes.flatMap((outcome) => {
      if (outcome.status === 'rejected') throw outcome.reason
      return outcome.value
    })
    expect(sent).toHaveLength(100)
    expect(sent.filter(Boolean)).toHaveLength(40)
    expect(await broadcasts(setup, topic)).toBe(40)
  })
})

test('a user in the middle of sending, or out of tokens, does not hold up other users', async () => {
  await using database = await createTestDatabase()
  const url = database.urls.postgres
  await withClients(url, 3, async (clients) => {
    const [flooder, same, other] = [at(clients, 0), at(clients, 1), at(clients, 2)]
    await flooder.query('update private.limits set send_rate = 0.000001, send_burst = 4')
    const [loud, quiet] = await addUsers(flooder, 2)
    const topic = await addIncident(flooder, [loud, quiet])
    for (let count = 0; count < 3; count += 1) expect(await trySend(flooder, loud, topic)).toBe(true)

    await flooder.query('begin')
    await flooder.query(`select set_config('request.jwt.claims', $1, true)`, [
      JSON.stringify({ sub: loud, role: 'authenticated' }),
    ])
    await flooder.query('select public.send_to_topic($1, $2)', [topic, 'user_typing'])
    const waiting = trySend(same, loud, topic)
    await untilBlocked(url, same)
    // One that waited would wait for ever.
    await other.query(`set lock_timeout = '5s'`)
    expect(await trySend(other, quiet, topic)).toBe(true)
    await flooder.query('commit')
    expect(await waiting).toBe(false)
    expect(await trySend(other, quiet, topic)).toBe(true)
    expect(await broadcasts(other, topic)).toBe(6)
  })
})

test('deleting full buckets does not wait for a user who is sending', async () => {
  await using database = await createTestDatabase()
  await withClients(database.urls.postgres, 2, async (clients) => {
    const [sender, cleaner] = [at(clients, 0), at(clients, 1)]
    const users = await addUsers(sender, 2)
    await sender.query(
      `insert into private.send_buckets (user_id, tokens, refilled_at)
       select id, 0, now() - interval '2 days' from unnest($1::uuid[]) as id`,
      [users],
    )
    await sender.query('begin')
    await sender.query('select from private.send_buckets where user_id = $1 for update', [users[0]])
    // One that waited would wait for ever.
    await cleaner.query(`set lock_timeout = '5s'`)
    const clean = async () => {
      const { rows } = await cleaner.query('select private.forget_full_buckets() as forgotten')
      return rows[0].forgotten
    }
    expect(await clean()).toBe(1)
    await sender.query('commit')
    expect(await clean()).toBe(1)
  })
})

/** An incident of the first user with the others as handlers; returns its topic. */
async function addIncident(client: pg.Client, [owner, ...handlers]: (string | undefined)[]): Promise<string> {
  const incidentId = randomUUID()
  await client.query(
    `insert into public.incidents (id, user_id, title, source) values ($1, $2, 'Crash', 'test')`,
    [incidentId, owner],
  )
  await client.query(
    `insert into public.incident_members (incident_id, user_id, role) select $1, id, 'handler' from unnest($2::uuid[]) as id`,
    [incidentId, handlers],
  )
  return `incident:${incidentId}`
}

/** Whether the message was taken; any refusal but that of the rate is thrown. */
async function trySend(client: pg.Client, userId: string | undefined, topic: string): Promise<boolean> {
  try {
    await asUser(
      client,
      userId === undefined ? {} : { sub: userId },
      () => client.query('select public.send_to_topic($1, $2)', [topic, 'user_typing']),
      { commit: true },
    )
    return true
  } catch (error) {
    if (error instanceof Error && error.message === 'rate_limited') return false
    throw error
  }
}

async function broadcasts(client: pg.Client, topic: string): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    'select count(*)::integer as count from realtime.messages where topic = $1',
    [topic],
  )
  return at(rows, 0).count
}
