/**
 * A caller with the publishable key uses up the project's events per second. The server drops the broadcasts of the
 * database and tells no page. Pages find that by themselves: docs/adr/0008-messages-lost-in-a-flood.md.
 */

import type pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { newAccount, notifications, openListener, untilLive } from '../support/fault-listener.ts'
import { notifyOnce, openPool } from '../support/fault-load.ts'
import { type OwnStack, startOwnStack } from '../support/fault-stack.ts'
import { startFlood } from '../support/flood.ts'

/** Short ticks, so that the limit is reached and left within seconds. */
const DOOR_OPEN = { publicBroadcasts: 'allow', maxEventsPerSecond: 20, rateTickMs: 250 } as const
/** Messages whose broadcasts are dropped. */
const LOST = 5
/** Milliseconds, for a machine that runs other tests meanwhile. The benchmark measures the delay. */
const PATIENCE = { timeout: 15_000, interval: 20 }

let stack: OwnStack
let db: pg.Pool
beforeAll(async () => {
  stack = await startOwnStack({ realtime: DOOR_OPEN })
  db = openPool(stack.db.postgres)
})
afterAll(async () => {
  await db?.end()
  await stack?.[Symbol.asyncDispose]()
})

test('a flood of public broadcasts loses no message: each is found long before the next regular check, and the state is not live', async () => {
  const { publishableKey } = stack.keys
  const user = await newAccount(stack)
  // The regular check comes every 18 s at the earliest.
  await using page = await openListener(stack.url, publishableKey, user, { heartbeatInterval: 30_000 })
  const { client, heard, reloads, states } = page
  /** States in which messages were delivered that had to be read from the table. */
  const statesWhenRead = new Set<string>()
  client.on('message', (_message, { replayed }) => {
    if (replayed) statesWhenRead.add(client.getState().state)
  })
  await client.connect(user.id)
  await notifyOnce(db, user.id)
  await vi.waitFor(() => expect(heard.map(({ replayed }) => replayed)).toEqual([false]), PATIENCE)

  const flood = startFlood(stack.url, publishableKey)
  await flood.atLimit
  const begun = performance.now()
  // A broadcast now and then comes through: the server refuses requests of the flood, too, until the average is lower.
  for (let lost = 0; lost < LOST; ) {
    const { length } = heard
    await notifyOnce(db, user.id)
    await vi.waitFor(() => expect(heard).toHaveLength(length + 1), PATIENCE)
    if (heard.at(-1)?.replayed !== true) continue
    lost += 1
  }
  // The regular checks of as many messages take 90 s at least.
  expect(performance.now() - begun).toBeLessThan(45_000)
  expect(states).toContain('stale:lost')
  expect(statesWhenRead).not.toContain('live')
  await flood.stop()

  await untilLive(page)
  expect(client.getState().isReading).toBe(false)
  expect(new Set(reloads)).toEqual(new Set(['broadcasts-lost']))
  const { length } = heard
  await notifyOnce(db, user.id)
  await vi.waitFor(() => expect(heard.at(length)).toMatchObject({ replayed: false }), PATIENCE)
  const rows = await notifications(db, user.id)
  expect(heard.map(({ seq }) => seq)).toEqual(rows.map(({ seq }) => seq))
})
