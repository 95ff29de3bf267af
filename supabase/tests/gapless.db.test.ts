/**
 * The promise of `seq`: gapless per user, and visible in its own order. 100 writers on 10 users commit, roll back,
 * roll back to savepoints and hold long transactions, while readers watch what becomes visible.
 *
 * The same run against a sequence must fail, which shows that these tests can fail.
 */

import type pg from 'pg'
import { expect, test } from 'vitest'
import { createTestDatabase, withClient } from '../../stack/testing/database.ts'
import { randomFrom } from '../../stack/testing/seeded-random.ts'
import { addJobs, addUsers, at, untilBlocked, withClients } from './support.ts'

const USERS = 10
const WRITERS = 100
const TRANSACTIONS = 8
const SEED = Number(process.env.TEST_SEED ?? 20_261_101)

interface Findings {
  /** Status changes that were committed, by user. */
  committed: Map<string, number>
  /** Times that a reader saw a number before a lower one of the same user. */
  holesSeen: number
  /** Notifications that a client with a cursor never got. */
  skippedByCursor: number
  /** Numbers from 1 to the highest that do not exist, after all has ended. */
  missing: number
}

test('100 writers with rollbacks and long transactions give numbers without gaps, in commit order', async () => {
  await using database = await createTestDatabase()
  const findings = await runWriters(database.urls.postgres)
  expect(findings).toMatchObject({ holesSeen: 0, skippedByCursor: 0, missing: 0 })
  const total = [...findings.committed.values()].reduce((sum, count) => sum + count, 0)
  expect(total).toBeGreaterThan(WRITERS)
  await withClient(database.urls.postgres, async (client) => {
    const { rows } = await client.query<Record<string, string>>(
      `select h.user_id, h.seq, count(n.*) as stored, max(n.seq) as last, count(distinct n.epoch) as epochs,
         (select count(*) from realtime.messages m where m.topic = 'user:' || h.user_id and m.payload ? 'seq') as sent
       from private.notification_heads h join public.notifications n using (user_id)
       group by h.user_id`,
    )
    expect(rows).toHaveLength(USERS)
    for (const row of rows) {
      const count = String(findings.committed.get(row.user_id ?? ''))
      expect(row).toMatchObject({ seq: count, stored: count, last: count, sent: count, epochs: '1' })
    }
  })
})

test('with a sequence in place of the head row, the same run finds gaps', async () => {
  await using database = await createTestDatabase()
  await withClient(database.urls.postgres, numberBySequence)
  const findings = await runWriters(database.urls.postgres)
  expect(findings.missing).toBeGreaterThan(0)
  expect(findings.holesSeen).toBeGreaterThan(0)
})

test('the next number of a user waits for the end of the transaction that has the one before', async () => {
  await using database = await createTestDatabase()
  const url = database.urls.postgres
  await withClients(url, 2, async (clients) => {
    const [first, second] = [at(clients, 0), at(clients, 1)]
    const users = await addUsers(first, 1)
    const [one, two] = await addJobs(first, at(users, 0), 2)
    const start = `update public.jobs set status = 'processing' where id = $1`
    const seqs = async () =>
      (
        await first.query<{ seq: string; job_id: string }>(
          'select seq, job_id from public.notifications order by seq',
        )
      ).rows

    await first.query('begin')
    await first.query(start, [one])
    expect(await seqs()).toEqual([{ seq: '1', job_id: one }])
    const waiting = second.query(start, [two])
    await untilBlocked(url, second)
    await first.query('rollback')
    await waiting
    expect(await seqs()).toEqual([{ seq: '1', job_id: two }])
  })
})

async function runWriters(url: string): Promise<Findings> {
  return withClients(url, WRITERS, async (writers) => {
    const setup = at(writers, 0)
    const users = await addUsers(setup, USERS)
    const jobs = await Promise.all(
      writers.map((client, index) => addJobs(client, at(users, index % USERS), TRANSACTIONS * 2)),
    )
    const committed = new Map(users.map((id) => [id, 0]))
    const findings: Findings = { committed, holesSeen: 0, skippedByCursor: 0, missing: 0 }
    const cursors = new Map(users.map((id) => [id, { last: 0, received: 0 }]))
    const ended = new AbortController()

    const watching = withClient(url, async (reader) => {
      while (!ended.signal.aborted) await watch(reader, users, cursors, findings)
      // The last read: every transaction has ended, so every notification is visible.
      await watch(reader, users, cursors, findings)
    })
    const writing = Promise.all(
      writers.map(async (client, index) => {
        const userId = at(users, index % USERS)
        const count = await write(client, jobs[index] ?? [], randomFrom(SEED + index))
        committed.set(userId, (committed.get(userId) ?? 0) + count)
      }),
    )
    await writing.finally(() => ended.abort())
    await watching

    const { rows } = await setup.query<{ user_id: string; stored: string; last: string }>(
      'select user_id, count(*) as stored, max(seq) as last from public.notifications group by user_id',
    )
    for (const { user_id: userId, stored, last } of rows) {
      findings.missing += Number(last) - Number(stored)
      findings.skippedByCursor += Number(stored) - (cursors.get(userId)?.received ?? 0)
    }
    return findings
  })
}

/** One writer's transactions. @returns how many status changes it committed. */
async function write(client: pg.Client, jobIds: string[], random: () => number): Promise<number> {
  const start = (id: string) =>
    client.query(`update public.jobs set status = 'processing' where id = $1 and status = 'queued'`, [id])
  let committed = 0
  for (let n = 0; n < TRANSACTIONS; n += 1) {
    const [one, two] = [at(jobIds, 2 * n), at(jobIds, 2 * n + 1)]
    await client.query('begin')
    await start(one)
    let changes = 1
    const fate = random()
    if (fate < 0.2) {
      await client.query('savepoint before_two')
      await start(two)
      await client.query('rollback to savepoint before_two')
    } else if (fate < 0.5) {
      await start(two)
      changes += 1
    }
    // The load under test: a transaction that stays open for long.
    if (random() < 0.1) await client.query('select pg_sleep(0.02)')
    if (random() < 0.3) {
      await client.query('rollback')
    } else {
      await client.query('commit')
      committed += changes
    }
  }
  return committed
}

/** Looks once at what is visible of each user, all and behind the cursor. */
async function watch(
  reader: pg.Client,
  users: string[],
  cursors: Map<string, { last: number; received: number }>,
  findings: Findings,
): Promise<void> {
  const { rows } = await reader.query<{ holes: string }>(
    `select count(*) as holes from (
       select from public.notifications group by user_id having max(seq) <> count(*)
     ) as user_with_holes`,
  )
  findings.holesSeen += Number(rows[0]?.holes)
  for (const userId of users) {
    const cursor = cursors.get(userId)
    if (!cursor) continue
    const page = await reader.query<{ seq: string }>(
      'select seq from public.notifications where user_id = $1 and seq > $2 order by seq limit 500',
      [userId, cursor.last],
    )
    cursor.received += page.rows.length
    cursor.last = Number(page.rows.at(-1)?.seq ?? cursor.last)
  }
}

/** Replaces the head row of `private.publish_many` by a sequence for each user, as one might be tempted to. */
async function numberBySequence(client: pg.Client): Promise<void> {
  await mutate(
    client,
    'private.publish_many',
    /insert into private\.notification_heads[\s\S]*?returning head\.user_id, head\.epoch, head\.seq/,
    `select message.user_id, gen_random_uuid() as epoch,
       max(nextval(('private.seq_' || replace(message.user_id::text, '-', ''))::regclass)) as seq
     from message where message.durable group by message.user_id`,
  )
  await mutate(client, 'private.publish', /pg_catalog\.cardinality\(p_messages\) = 1/, 'false')
  await client.query(`
    create function private.add_sequence() returns trigger language plpgsql security definer as $$
    begin
      execute 'create sequence private.seq_' || replace(new.id::text, '-', '');
      insert into private.notification_heads (user_id) values (new.id);
      return null;
    end $$;
  `)
  await client.query(
    'create trigger add_sequence after insert on auth.users for each row execute function private.add_sequence()',
  )
}

async function mutate(client: pg.Client, name: string, part: RegExp, by: string): Promise<void> {
  const { rows } = await client.query<{ definition: string }>(
    'select pg_get_functiondef($1::regproc) as definition',
    [name],
  )
  const definition = rows[0]?.definition ?? ''
  const mutated = definition.replace(part, by)
  expect(mutated).not.toBe(definition)
  await client.query(mutated)
}
