/** Marking from several devices at once, and what counting costs. */

import type pg from 'pg'
import { expect, test } from 'vitest'
import { asUser, createTestDatabase } from '../../stack/testing/database.ts'
import { addUsers, at, blocksRead, type PlanNode, planNodes, untilBlocked, withClients } from './support.ts'

interface Told {
  seqs: number[]
  unreadCount: number
  headSeq: number
  timestamp: string
}

test('10 devices mark 500 notifications at once while new ones come: the last count told is right', async () => {
  await using database = await createTestDatabase()
  await withClients(database.urls.postgres, 11, async (clients) => {
    const writer = at(clients, 10)
    const userId = at(await addUsers(writer, 1), 0)
    await addNotifications(writer, userId, 500)
    const marking = clients.slice(0, 10).map(async (client, device) => {
      for (let step = 0; step < 10; step += 1) {
        const first = device * 50 + step * 5 + 1
        const seqs = Array.from({ length: 5 }, (_, index) => first + index)
        await mark(client, userId, seqs)
      }
    })
    const arriving = (async () => {
      for (let count = 0; count < 50; count += 1) await addNotifications(writer, userId, 1)
    })()
    await Promise.all([...marking, arriving])

    const told = await notificationReads(writer, userId)
    expect(told.flatMap(({ seqs }) => seqs).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 500 }, (_, index) => index + 1),
    )
    // Each knows exactly what was there at its moment: of headSeq notifications, five a call were marked so far.
    const inTurn = told.toSorted((a, b) => marked(a) - marked(b))
    expect(inTurn.map(marked)).toEqual(Array.from({ length: 100 }, (_, index) => 5 * (index + 1)))
    expect(inTurn.map(({ timestamp }) => timestamp)).toEqual(told.map(({ timestamp }) => timestamp).sort())
  })
})

test('two devices that mark the same: one change, one message', async () => {
  await using database = await createTestDatabase()
  const url = database.urls.postgres
  await withClients(url, 2, async (clients) => {
    const [first, second] = [at(clients, 0), at(clients, 1)]
    const userId = at(await addUsers(first, 1), 0)
    await addNotifications(first, userId, 3)
    await first.query('begin')
    await first.query(`select set_config('request.jwt.claims', $1, true)`, [JSON.stringify({ sub: userId })])
    await first.query('select public.mark_notifications(p_seqs => array[1, 2], p_read => true)')
    const marked = mark(second, userId, [2, 3])
    await untilBlocked(url, second)
    await first.query('commit')
    expect(await marked).toBe(1)
    expect(
      (await notificationReads(first, userId)).map(({ seqs, unreadCount }) => [seqs, unreadCount]),
    ).toEqual([
      [[1, 2], 1],
      [[3], 0],
    ])
  })
})

test('a long transaction that notifies the user does not keep the user from marking', async () => {
  await using database = await createTestDatabase()
  await withClients(database.urls.postgres, 2, async (clients) => {
    const [worker, device] = [at(clients, 0), at(clients, 1)]
    const userId = at(await addUsers(worker, 1), 0)
    await addNotifications(worker, userId, 2)
    await worker.query('begin')
    await addNotifications(worker, userId, 1)
    // One that waited would wait for ever.
    await device.query(`set lock_timeout = '5s'`)
    expect(await mark(device, userId, [1, 2, 3])).toBe(2)
    await worker.query('commit')
    // The third came after, and is not marked by a list that was made before.
    const [told] = await notificationReads(device, userId)
    expect(told).toMatchObject({ seqs: [1, 2], unreadCount: 0, headSeq: 2 })
  })
})

test('counting reads the unread entries of the user alone, from an index, whatever the size of the table', async () => {
  await using database = await createTestDatabase()
  await withClients(database.urls.postgres, 1, async ([client]) => {
    if (client === undefined) throw new Error('There is a client.')
    const users = await addUsers(client, 100)
    const reader = at(users, 50)
    await addNotifications(client, reader, 2_000)
    await client.query(`update public.notifications set seen_at = now(), read_at = now() where seq <= 1900`)
    await client.query('vacuum analyze public.notifications')
    const small = await countBlocks(client, reader)
    for (const id of users) if (id !== reader) await addNotifications(client, id, 1_000)
    await client.query(`update public.notifications set seen_at = now(), read_at = now() where seq % 10 > 0`)
    await client.query('vacuum analyze public.notifications')
    const large = await countBlocks(client, reader)
    expect(large.indexes).toEqual(['notifications_unread_idx', 'notifications_unseen_idx'])
    expect(large.blocks).toBeLessThanOrEqual(small.blocks + 10)
  })
})

/** Rows as the triggers leave them. */
async function addNotifications(client: pg.Client, userId: string, count: number): Promise<void> {
  await client.query(
    `with head as (
       insert into private.notification_heads as head (user_id, seq) values ($1, $2)
       on conflict (user_id) do update set seq = head.seq + excluded.seq
       returning user_id, epoch, seq
     )
     insert into public.notifications (user_id, seq, epoch, type, payload)
     select head.user_id, head.seq - $2 + n, head.epoch, 'image_processed', '{}'
     from head, generate_series(1, $2::integer) as n`,
    [userId, count],
  )
}

async function mark(client: pg.Client, userId: string, seqs: number[]): Promise<number> {
  return asUser(
    client,
    { sub: userId },
    async () => {
      const { rows } = await client.query<{ count: number }>(
        'select public.mark_notifications(p_seqs => $1, p_read => true) as count',
        [seqs],
      )
      return at(rows, 0).count
    },
    { commit: true },
  )
}

/** How many were marked when this was told. */
function marked({ headSeq, unreadCount }: Told): number {
  return headSeq - unreadCount
}

/** What the user's devices were told, in the order of time. */
async function notificationReads(client: pg.Client, userId: string): Promise<Told[]> {
  const { rows } = await client.query<{ payload: Told }>(
    `select payload from realtime.messages
     where topic = 'user:' || $1 and event = 'notification_read'
     order by payload ->> 'timestamp', tableoid, ctid`,
    [userId],
  )
  return rows.map((row) => row.payload)
}

async function countBlocks(
  client: pg.Client,
  userId: string,
): Promise<{ blocks: number; indexes: string[] }> {
  // The statement of the function, as PostgreSQL does not show the plan of a function.
  const { rows } = await client.query<{ 'QUERY PLAN': { Plan: PlanNode }[] }>(
    `explain (analyze, buffers, format json)
     select
       (select count(*) from public.notifications as n where n.user_id = $1 and n.seen_at is null),
       (select count(*) from public.notifications as n where n.user_id = $1 and n.read_at is null)`,
    [userId],
  )
  const plan = at(at(rows, 0)['QUERY PLAN'], 0).Plan
  const indexes = planNodes(plan).flatMap((node) => node['Index Name'] ?? [])
  return { blocks: blocksRead(plan), indexes: indexes.sort() }
}
