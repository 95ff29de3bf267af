/**
 * Broadcasts that are never sent (docs/delivery.md): the day has no partition, the payload is too large, or there are
 * more events than the server allows. The status commits all the same, its writer gets no error, and the page still
 * hears exactly the table.
 */

import type pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { seededRandom } from '../stack/testing/seeded-random.ts'
import {
  type Account,
  expectExactlyTheTable,
  newAccount,
  openListener,
  type TestListener,
} from './support/fault-listener.ts'
import { addIdleJobs, moveJobs, notifyOnce, openPool } from './support/fault-load.ts'
import { type OwnStack, startOwnStack } from './support/fault-stack.ts'

const JOBS = process.env.CLAIMWIRE_LONG === undefined ? 20 : 500
/** One message with `LONG_TEXT` exceeds the size; one job's messages exceed the rate. */
const LIMITS = { maxPayloadKb: 1, maxEventsPerSecond: 20, rateTickMs: 500 }
const LONG_TEXT = 'The photo could not be read. '.repeat(50)
const random = seededRandom('delivery-unsent.test.ts')

let stack: OwnStack
let db: pg.Pool
beforeAll(async () => {
  stack = await startOwnStack({ realtime: LIMITS })
  db = openPool(stack.db.postgres)
})
afterAll(async () => {
  await db?.end()
  await stack?.[Symbol.asyncDispose]()
})

async function listening(): Promise<{ user: Account; page: TestListener }> {
  const user = await newAccount(stack)
  const page = await openListener(stack.url, stack.keys.publishableKey, user)
  await page.client.connect(user.id)
  return { user, page }
}

/** From here on broadcasts arrive again: one is heard as it happens. */
async function heardLive({ user, page }: { user: Account; page: TestListener }): Promise<void> {
  await vi.waitFor(
    async () => {
      await notifyOnce(db, user.id)
      await expectExactlyTheTable(page, user, db)
      expect(page.heard.at(-1)).toMatchObject({ replayed: false })
    },
    { timeout: 60_000, interval: 200 },
  )
}

test('for want of a partition', async () => {
  const { user, page } = await listening()
  await using _page = page
  await heardLive({ user, page })
  const before = page.heard.length
  const admin = openPool(stack.db.admin, 1)
  try {
    const { rows } = await admin.query<{ partition: string; bounds: string }>(
      `select inhrelid::regclass::text as partition, pg_get_expr(child.relpartbound, child.oid) as bounds
       from pg_inherits join pg_class as child on child.oid = inhrelid
       where inhparent = 'realtime.messages'::regclass`,
    )
    for (const { partition } of rows)
      await admin.query(`alter table realtime.messages detach partition ${partition}`)
    await moveJobs(db, { userId: user.id, jobs: JOBS, writers: 4, paceMs: 40, random })
    await expectExactlyTheTable(page, user, db)
    for (const { partition, bounds } of rows)
      await admin.query(`alter table realtime.messages attach partition ${partition} ${bounds}`)
  } finally {
    await admin.end()
  }
  const unsent = page.heard.slice(before)
  expect(unsent).toHaveLength(2 * JOBS)
  expect(unsent.map(({ replayed }) => replayed)).toEqual(unsent.map(() => true))
  await heardLive({ user, page })
})

test('for being too large', async () => {
  const { user, page } = await listening()
  await using _page = page
  await heardLive({ user, page })
  const before = page.heard.length
  for (const jobId of await addIdleJobs(db, user.id, JOBS)) {
    await db.query(
      `update public.jobs set status = 'failed', error_code = 'internal_error', error = $2 where id = $1`,
      [jobId, LONG_TEXT],
    )
  }
  await expectExactlyTheTable(page, user, db)
  const tooLarge = page.heard.slice(before)
  expect(tooLarge).toHaveLength(JOBS)
  expect(tooLarge.map(({ replayed }) => replayed)).toEqual(tooLarge.map(() => true))
  expect(tooLarge.map(({ message }) => 'error' in message && message.error)).toEqual(
    tooLarge.map(() => LONG_TEXT.trim()),
  )
  await heardLive({ user, page })
})

test('for being too many', async () => {
  const { user, page } = await listening()
  await using _page = page
  await heardLive({ user, page })
  const before = page.heard.length
  // Broadcasts to a topic without listeners count towards the server's limit as well.
  await db.query(`select realtime.send('{}', 'noise', 'noise') from generate_series(1, 1000)`)
  await moveJobs(db, { userId: user.id, jobs: JOBS * 2, writers: 4, paceMs: 60, random })
  await expectExactlyTheTable(page, user, db)
  expect(page.heard.slice(before).filter(({ replayed }) => replayed)).not.toEqual([])
  await heardLive({ user, page })
})
