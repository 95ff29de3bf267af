/** The query of a client that catches up reads a range of the primary key, independent of the table's size. */

import type pg from 'pg'
import { expect, test } from 'vitest'
import { asUser, createTestDatabase, withClient } from '../../stack/testing/database.ts'
import { addUsers, at, blocksRead, type PlanNode, planNodes } from './support.ts'

const PAGE = 500
const CATCH_UP = `select seq, payload from public.notifications where seq > $1 order by seq limit ${PAGE}`

test('catching up reads a range of the primary key and costs the same in a table 50 times as large', async () => {
  await using database = await createTestDatabase()
  await withClient(database.urls.postgres, async (client) => {
    const users = await addUsers(client, 100)
    const reader = at(users, 50)
    await addNotifications(client, [reader], 2_000)
    const small = await explainCatchUp(client, reader)
    await addNotifications(
      client,
      users.filter((id) => id !== reader),
      2_000,
    )
    const large = await explainCatchUp(client, reader)

    for (const plan of [small, large]) {
      const scan = at(
        planNodes(plan).filter((node) => node['Index Name'] !== undefined),
        0,
      )
      expect(scan['Node Type']).toMatch(/^Index (Only )?Scan$/)
      expect(scan['Index Name']).toBe('notifications_pkey')
      expect(scan['Index Cond']).toMatch(/user_id = .* AND .*seq > /)
      expect(scan['Actual Rows']).toBe(PAGE)
      expect(planNodes(plan).map((node) => node['Node Type'])).not.toContain('Sort')
      expect(planNodes(plan).map((node) => node['Node Type'])).not.toContain('Seq Scan')
    }
    // A level more of the index, and nothing that grows with the rows.
    expect(blocksRead(large)).toBeLessThanOrEqual(blocksRead(small) + 10)
  })
})

/** Rows as the triggers leave them; written directly, as there are many. */
async function addNotifications(client: pg.Client, users: string[], count: number): Promise<void> {
  await client.query(
    `insert into private.notification_heads (user_id, seq) select id, $2 from unnest($1::uuid[]) as id`,
    [users, count],
  )
  await client.query(
    `insert into public.notifications (user_id, seq, epoch, type, payload)
     select head.user_id, n, head.epoch, 'image_processed', jsonb_build_object('type', 'image_processed', 'seq', n)
     from private.notification_heads as head, generate_series(1, $2::integer) as n
     where head.user_id = any ($1)`,
    [users, count],
  )
  await client.query('analyze public.notifications')
}

async function explainCatchUp(client: pg.Client, userId: string): Promise<PlanNode> {
  return asUser(client, { sub: userId }, async (session) => {
    const { rows } = await session.query<{ 'QUERY PLAN': { Plan: PlanNode }[] }>(
      `explain (analyze, buffers, format json) ${CATCH_UP.replace('$1', '1000')}`,
    )
    return at(at(rows, 0)['QUERY PLAN'], 0).Plan
  })
}
