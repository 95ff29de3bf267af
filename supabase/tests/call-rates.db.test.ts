/**
 * The rates of calls: every function of the catalogue has one, and with many connections each is exact for its user,
 * without waiting for other users.
 */

import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { expect, test } from 'vitest'
import { isRecord } from '../../functions-shared/unknown.ts'
import { asUser, createTestDatabase, withClient } from '../../stack/testing/database.ts'
import { addUsers, at, untilBlocked, withClients } from './support.ts'

const KEPT = { commit: true }

/** Functions that a signed-in user may call as often as the user likes, and why. */
const NOT_COUNTED: Readonly<Record<string, string>> = {
  custody_head: 'Reads one row by its key, as a select of a table would.',
  incident_people: 'Reads the members of one incident by an index, as a select of a table would.',
  notification_counts: 'Reads the unseen and unread notifications of the caller by an index.',
  notification_head: 'Reads one row by its key, as a select of a table would.',
  staff_people: 'Reads the few rows of the staff, as a select of a table would.',
  unread_incidents: 'Reads the unread notifications of the caller by an index.',
  waiting_claims: 'Reads the claims of one address by an index.',
}

/** What is wrong with the rates: functions that count no calls, and rates or reasons of functions that do not exist. */
async function uncounted(client: pg.Client): Promise<string[]> {
  const [userId] = await addUsers(client, 1)
  await client.query(
    `insert into private.call_buckets (user_id, call, tokens, refilled_at)
     select $1, call, -1000000, clock_timestamp() from private.call_rates`,
    [userId],
  )
  const { rows: functions } = await client.query<{ name: string; types: string[]; writes: boolean }>(
    `select proname as name, provolatile = 'v' as writes,
       coalesce((select array_agg(format_type(argument.type, null) order by argument.position)
         from unnest(proargtypes) with ordinality as argument (type, position)), '{}') as types
     from pg_proc
     where pronamespace = 'public'::regnamespace
       and (has_function_privilege('authenticated', oid, 'execute') or has_function_privilege('anon', oid, 'execute'))
     order by 1`,
  )
  const { rows: rates } = await client.query<{ call: string }>('select call from private.call_rates')
  const known = new Set([...rates.map(({ call }) => call), ...Object.keys(NOT_COUNTED)])
  const faults: string[] = []
  for (const { name, types, writes } of functions) {
    known.delete(name)
    if (name in NOT_COUNTED) {
      // A function that only reads may be called in a read-only transaction, which cannot count.
      if (writes) faults.push(`${name} writes and has no rate`)
      continue
    }
    const call = `select public.${name}(${types.map((type) => `null::${type}`).join(', ')})`
    const ending = await refusalOf(() =>
      asUser(client, { sub: userId ?? '' }, () => client.query(call)),
    ).catch((error: unknown) => error)
    if (!isRecord(ending) || ending.code !== 'PT429') faults.push(`${name} counts no calls`)
  }
  return [...faults, ...[...known].map((name) => `${name} has a rate or a reason and is no function`)]
}

/** The refusal of the rate, as PostgREST reads it; null where the call succeeds. Other errors are thrown. */
async function refusalOf(call: () => Promise<unknown>): Promise<Record<string, unknown> | null> {
  try {
    await call()
    return null
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error
    if (error.code !== 'PGRST') throw error
    const body: unknown = JSON.parse(error.message)
    const envelope: unknown = JSON.parse(error.detail ?? '')
    if (!isRecord(body) || !isRecord(envelope)) throw error
    return { ...body, ...envelope }
  }
}

test('every function that a signed-in user may call has a rate, or only reads and has a reason to have none', async () => {
  await using database = await createTestDatabase()
  await withClient(database.urls.postgres, async (client) => {
    expect(await uncounted(client)).toEqual([])
  })
})

test('a new function without a rate is found in the catalogue and named', async () => {
  await using database = await createTestDatabase()
  await withClient(database.urls.postgres, async (client) => {
    await client.query(
      `create function public.unlimited(p_text text) returns integer language sql as 'select 1';
       grant execute on function public.unlimited to authenticated;
       delete from private.call_rates where call = 'form_link';
       insert into private.call_rates (call, calls, per, burst) values ('gone', 1, '1 second', 1)`,
    )
    expect(await uncounted(client)).toEqual([
      'form_link counts no calls',
      'unlimited counts no calls',
      'gone has a rate or a reason and is no function',
    ])
  })
})

test('a refusal has the status, the header Retry-After in seconds, and the milliseconds as hint', async () => {
  await using database = await createTestDatabase()
  await withClient(database.urls.postgres, async (client) => {
    const [userId = ''] = await addUsers(client, 1)
    await client.query(
      `update private.call_rates set calls = 1, per = '1 hour', burst = 1 where call = 'form_link'`,
    )
    const call = () => asUser(client, { sub: userId }, () => client.query('select public.form_link()'), KEPT)
    expect(await refusalOf(call)).toBeNull()
    const refusal = await refusalOf(call)
    expect(refusal).toMatchObject({ code: 'PT429', message: 'rate_limited', status: 429 })
    expect(refusal?.details).toBe('A user may call form_link 1 times at once, and 1 times in 3600 s.')
    const { retryAfterMs }: { retryAfterMs: number } = JSON.parse(String(refusal?.hint))
    expect(retryAfterMs).toBeGreaterThan(3_500_000)
    expect(retryAfterMs).toBeLessThanOrEqual(3_600_000)
    expect(refusal?.headers).toEqual({ 'Retry-After': String(Math.ceil(retryAfterMs / 1000)) })
  })
})

test('calls of a service, which act for no user, are not counted', async () => {
  await using database = await createTestDatabase()
  await withClient(database.urls.postgres, async (client) => {
    await client.query(`update private.call_rates set calls = 1, per = '1 hour', burst = 1`)
    const mark = () =>
      asUser(
        client,
        { role: 'service_role' },
        () => client.query('select public.mark_notifications(1, p_seen => true)'),
        KEPT,
      )
    for (let count = 0; count < 3; count += 1) expect(await refusalOf(mark)).toBeNull()
  })
})

test('of calls that run one at a time, a second is refused at once, and other users are not', async () => {
  await using database = await createTestDatabase()
  await withClients(database.urls.postgres, 2, async (clients) => {
    const [first, second] = [at(clients, 0), at(clients, 1)]
    const [ann = '', bob = ''] = await addUsers(first, 2)
    const incidentId = (await addIncident(first, [ann, bob])).slice('incident:'.length)
    const verify = (client: pg.Client) =>
      client.query('select public.verify_custody($1)', [incidentId]).then(() => null)
    await asUser(first, { sub: ann }, async () => {
      await verify(first)
      // A call that waited would wait until the end of the first transaction.
      await second.query(`set lock_timeout = '5s'`)
      expect(await refusalOf(() => asUser(second, { sub: ann }, () => verify(second)))).toMatchObject({
        code: 'PT429',
        details: `A user's calls of verify_custody run one at a time.`,
        headers: { 'Retry-After': '1' },
      })
      expect(await refusalOf(() => asUser(second, { sub: bob }, () => verify(second)))).toBeNull()
    })
    expect(await refusalOf(() => asUser(second, { sub: ann }, () => verify(second)))).toBeNull()
  })
})

test('20 connections of one user spend a bucket together, and not a token more', async () => {
  await using database = await createTestDatabase()
  await withClients(database.urls.postgres, 20, async (clients) => {
    const setup = at(clients, 0)
    // So slow that nothing comes back while the test runs.
    await setup.query(`update private.call_rates set calls = 1, per = '10 days', burst = 40`)
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
    await flooder.query(`update private.call_rates set calls = 1, per = '10 days', burst = 4`)
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
      `insert into private.call_buckets (user_id, call, tokens, refilled_at)
       select id, 'send_to_topic', 0, now() - interval '2 days' from unnest($1::uuid[]) as id`,
      [users],
    )
    await sender.query('begin')
    await sender.query('select from private.call_buckets where user_id = $1 for update', [users[0]])
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

/** Whether the message was sent. */
async function trySend(client: pg.Client, userId: string | undefined, topic: string): Promise<boolean> {
  const send = () => client.query('select public.send_to_topic($1, $2)', [topic, 'user_typing'])
  return (await refusalOf(() => asUser(client, { sub: userId ?? '' }, send, KEPT))) === null
}

async function broadcasts(client: pg.Client, topic: string): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `select count(*)::integer as count from realtime.messages where topic like $1 || ':%'`,
    [topic],
  )
  return at(rows, 0).count
}
