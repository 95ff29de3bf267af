/**
 * The delivery contract when servers die under load (docs/delivery.md): the page hears exactly the table, in
 * order, once, and the state ends `live`. A stack of its own, killed in parts and as a whole.
 */

import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { between, seededRandom } from '../stack/testing/seeded-random.ts'
import {
  type Account,
  expectExactlyTheTable,
  memoryStorage,
  newAccount,
  notifications,
  openListener,
  untilLive,
} from './support/fault-listener.ts'
import { moveJobs, notifyOnce, openPool } from './support/fault-load.ts'
import { type OwnStack, startOwnStack } from './support/fault-stack.ts'

/** A long run has the same faults, more often. */
const ROUNDS = process.env.CLAIMWIRE_LONG === undefined ? 2 : 40
const random = seededRandom('delivery-restart.test.ts')
const LONG_TIMEOUT_MS = 120_000 + ROUNDS * 15_000

let stack: OwnStack
let db: pg.Pool
beforeAll(async () => {
  stack = await startOwnStack()
  db = openPool(stack.db.postgres)
})
afterAll(async () => {
  await db?.end()
  await stack?.[Symbol.asyncDispose]()
})

/** As soon as the stack works again after an earlier test. */
function account(): Promise<Account> {
  return vi.waitFor(() => newAccount(stack), {
    timeout: 30_000,
    interval: 200,
  })
}

/** One page under load while `fault` happens again and again, each time until the page has noticed and is live. */
async function survive(fault: () => Promise<void>): Promise<void> {
  const user = await account()
  await using page = await openListener(stack.url, stack.keys.publishableKey, user)
  await page.client.connect(user.id)
  for (let round = 0; round < ROUNDS; round += 1) {
    const load = moveJobs(db, { userId: user.id, jobs: 40, writers: 4, paceMs: 60, random })
    await delay(between(random, 50, 400)) // the moment of the fault
    await fault()
    await load
    await untilLive(page)
    await notifyOnce(db, user.id)
  }
  await expectExactlyTheTable(page, user, db)
  expect(page.heard).toHaveLength(ROUNDS * 81)
}

test(
  'Realtime loses its stream from the database',
  () =>
    survive(async () => {
      const { rows } = await inSuperuser(
        `select pg_terminate_backend(active_pid) from pg_replication_slots where active_pid is not null`,
      )
      expect(rows.length).toBeGreaterThan(0)
    }),
  LONG_TIMEOUT_MS,
)

test('PostgreSQL is killed', () => survive(async () => stack.killPostgres()), LONG_TIMEOUT_MS)

test(
  'PostgreSQL is killed while other pages join',
  async () => {
    const user = await account()
    await db.query('update private.limits set max_devices = 8')
    await using owned = new AsyncDisposableStack()
    owned.defer(async () => {
      await db.query('update private.limits set max_devices = default')
    })
    const pages = await Promise.all(
      Array.from({ length: 8 }, () => openListener(stack.url, stack.keys.publishableKey, user)),
    )
    for (const page of pages) owned.use(page)
    await Promise.all(pages.map((page) => page.client.connect(user.id)))
    const done = new AbortController()
    const rejoining = Promise.all(
      pages.map(async ({ client }) => {
        while (!done.signal.aborted) {
          client.disconnect()
          void client.connect(user.id)
          await delay(between(random, 5, 60)) // long enough to be in the middle of it, or through
        }
        await client.connect(user.id)
      }),
    )
    await survive(async () => stack.killPostgres()).finally(() => done.abort())
    await rejoining
  },
  LONG_TIMEOUT_MS,
)

test(
  'the whole stack is stopped and started again',
  () =>
    survive(async () => {
      await stack.stop()
      await stack.start()
    }),
  LONG_TIMEOUT_MS,
)

test(
  'the whole stack is killed and started again',
  () =>
    survive(async () => {
      await stack.kill()
      await stack.start()
    }),
  LONG_TIMEOUT_MS,
)

test('the page is gone while the stack is, and comes back afterwards', async () => {
  const user = await account()
  const storage = memoryStorage()
  await using before = await openListener(stack.url, stack.keys.publishableKey, user, { storage })
  await before.client.connect(user.id)
  await moveJobs(db, { userId: user.id, jobs: 5, writers: 2, random })
  await vi.waitFor(() => expect(before.heard.length).toBeGreaterThan(0))
  before.client.disconnect()
  await moveJobs(db, { userId: user.id, jobs: 5, writers: 2, random })
  await stack.kill()
  await stack.start()
  await using after = await openListener(stack.url, stack.keys.publishableKey, user, { storage })
  await after.client.connect(user.id)
  await moveJobs(db, { userId: user.id, jobs: 5, writers: 2, random })
  await expectExactlyTheTable([before, after], user, db)
  expect(await notifications(db, user.id)).toHaveLength(30)
})

async function inSuperuser(sql: string): Promise<pg.QueryResult> {
  const admin = openPool(stack.db.admin, 1)
  try {
    return await admin.query(sql)
  } finally {
    await admin.end()
  }
}
