/**
 * A call that runs can be cancelled at any moment: `pg_cancel_backend` ends it at once. Each of the functions that do the
 * most work is called again and again with arguments as large as it takes, and cancelled.
 */

import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase, withClient } from '../../stack/testing/database.ts'
import { addUsers, at, sqlState, withClients } from './support.ts'

/** Milliseconds. A call that cannot be cancelled takes seconds to minutes; this leaves room for a busy machine. */
const AT_ONCE = 1_000

const incidentId = randomUUID()
const topic = `'incident:${incidentId}'`
/** As many combining marks as a run may have, on as many letters as fit into so many bytes. */
const marks = (bytes: number) => `repeat('a' || repeat(U&'\\0301\\0323', 15), ${Math.floor(bytes / 61)})`

/** Calls that succeed, in SQL. */
const HEAVY: Readonly<Record<string, string>> = {
  add_case_note: `public.add_case_note('${incidentId}', ${marks(8_000)})`,
  update_incident: `public.update_incident('${incidentId}', p_description => gen_random_uuid() || ${marks(39_000)})`,
  send_to_topic: `public.send_to_topic(${topic}, 'note', jsonb_build_object('text', ${marks(16_000)}))`,
  send_binary_to_topic: `public.send_binary_to_topic(${topic}, 'sketch', repeat('AAAA', 21000))`,
  mark_notifications: `public.mark_notifications(p_seqs => (select array_agg(n) from generate_series(1, 10000) as n), p_read => true),
    public.mark_notifications(p_seqs => (select array_agg(n) from generate_series(1, 10000) as n), p_seen => false)`,
  verify_custody: `public.verify_custody('${incidentId}')`,
  receive_typeform_response: `public.receive_typeform_response(jsonb_build_object('form_response', jsonb_build_object(
      'token', replace(gen_random_uuid()::text, '-', ''),
      'answers', (select jsonb_agg(jsonb_build_object('type', 'text', 'text', ${marks(1_500)}, 'field',
        jsonb_build_object('id', n::text, 'ref', n::text, 'type', 'long_text'))) from generate_series(1, 1000) as n),
      'definition', jsonb_build_object('fields', (select jsonb_agg(jsonb_build_object('id', n::text, 'title', ${marks(200)}))
        from generate_series(1, 1000) as n)))), auth.uid())`,
  send_status_update: `public.send_status_update('vehicle', gen_random_uuid()::text, 'found', auth.uid(),
    p_data => jsonb_build_object('text', ${marks(16_000)}))`,
  diagnose: 'public.diagnose()',
  sweep_jobs: 'public.sweep_jobs()',
  storage_leftovers: '(select count(*) from public.storage_leftovers(1000))',
}

let database: TestDatabase
let userId: string

beforeAll(async () => {
  database = await createTestDatabase()
  await withClient(database.urls.postgres, async (client) => {
    userId = at(await addUsers(client, 1), 0)
    await client.query('delete from private.call_rates')
    await client.query(
      `insert into public.incidents (id, user_id, title, source) values ($1, $2, 'Crash', 'test')`,
      [incidentId, userId],
    )
    await client.query(
      `with head as (insert into private.notification_heads (user_id, seq) values ($1, 10000) returning epoch)
       insert into public.notifications (user_id, seq, epoch, type, payload)
       select $1, n, epoch, 'status_update', '{}' from head, generate_series(1, 10000) as n`,
      [userId],
    )
    await client.query(
      `select private.add_custody_event($1, 'viewed', p_note => n::text) from generate_series(1, 2000) as n`,
      [incidentId],
    )
    await client.query(
      `insert into public.jobs (kind, user_id, incident_id, subject_id)
       select 'image', $1, $2, gen_random_uuid() from generate_series(1, 500)`,
      [userId, incidentId],
    )
    await client.query(
      `insert into storage.objects (bucket_id, name, created_at)
       select 'derivatives', $1 || '/' || gen_random_uuid(), now() - interval '2 days' from generate_series(1, 500)`,
      [incidentId],
    )
  })
})

afterAll(() => database[Symbol.asyncDispose]())

async function signIn(client: pg.Client): Promise<void> {
  await client.query(`select set_config('request.jwt.claims', $1, false)`, [
    JSON.stringify({ sub: userId, role: 'authenticated' }),
  ])
}

/** Cancels a call that runs again and again. @returns the milliseconds until the call has ended. */
async function timeToCancel(call: string): Promise<number> {
  return withClients(database.urls.postgres, 2, async (clients) => {
    const [caller, other] = [at(clients, 0), at(clients, 1)]
    await signIn(caller)
    const { rows } = await caller.query<{ pid: number }>('select pg_backend_pid() as pid')
    const ending = caller
      .query(`do $do$ begin loop perform ${call}; end loop; end $do$`)
      .then(() => 'not cancelled', sqlState)
    await expect
      .poll(async () => (await other.query(RUNNING, [at(rows, 0).pid])).rows.length, { interval: 5 })
      .toBe(1)
    const asked = performance.now()
    await other.query('select pg_cancel_backend($1)', [at(rows, 0).pid])
    expect(await ending).toBe('57014')
    return performance.now() - asked
  })
}

const RUNNING = `select from pg_stat_activity where pid = $1 and state = 'active' and query like 'do %'`

describe('a running call ends at once when it is cancelled', () => {
  test.each(Object.entries(HEAVY))('%s', async (_name, call) => {
    await withClient(database.urls.postgres, async (client) => {
      await signIn(client)
      await client.query('begin')
      // Throws for a call that is refused, which would do no work.
      await client.query(`select ${call}`)
      await client.query('rollback')
    })
    expect(await timeToCancel(call)).toBeLessThan(AT_ONCE)
  })

  test('and a call that cannot be cancelled is found: normalize of a long run of combining marks', async () => {
    expect(await timeToCancel(`normalize(repeat(U&'\\0301\\0323', 10000), NFC)`)).toBeGreaterThan(AT_ONCE)
  })
})
