/**
 * Realtime, PostgreSQL and the whole stack, killed in a random mixture while two people are being written to
 * (docs/delivery.md). The next kill often comes before the pages are back from the one before.
 */

import { setTimeout as delay } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { between, type Random, seededRandom } from '../stack/testing/seeded-random.ts'
import { expectExactlyTheTable, newAccount, openListener, untilLive } from './support/fault-listener.ts'
import { moveJobs, notifyOnce, openPool } from './support/fault-load.ts'
import { startOwnStack } from './support/fault-stack.ts'
import { startProxy } from './support/proxy.ts'

const KILLS = process.env.CLAIMWIRE_LONG === undefined ? 6 : 200
const JOBS_BETWEEN = 8
/** Until the database takes connections again, on a busy machine. */
const AWAY_TIMEOUT_MS = 60_000
const PEOPLE = 2

test(
  'Realtime, PostgreSQL and the whole stack are killed in a random mixture',
  async () => {
    const random = seededRandom('delivery-kills.test.ts')
    await using stack = await startOwnStack()
    await using proxy = await startProxy(stack.url)
    await using owned = new AsyncDisposableStack()
    const db = owned.adopt(openPool(stack.db.postgres), (pool) => pool.end())
    const admin = owned.adopt(openPool(stack.db.admin, 1), (pool) => pool.end())
    const people = []
    for (let n = 0; n < PEOPLE; n += 1) {
      const account = await newAccount(stack)
      const page = owned.use(await openListener(proxy.url, stack.keys.publishableKey, account))
      await page.client.connect(account.id)
      people.push({ account, page })
    }

    const kills = {
      /** Realtime loses its sockets and their channels, and opens a new replication stream. */
      realtime: async () => {
        proxy.reset()
        await whenBack(async () => {
          const { rowCount } = await admin.query(
            'select pg_terminate_backend(active_pid) from pg_replication_slots where active_pid is not null',
          )
          expect(rowCount).toBeGreaterThan(0)
        })
      },
      /** While it is away there is nothing to be killed. */
      postgres: () => whenBack(async () => stack.killPostgres()),
      stack: async () => {
        await stack.kill()
        await stack.start()
      },
    } as const
    const loads: Promise<unknown>[] = []
    for (const victim of shuffled(KILLS, Object.values(kills), random)) {
      for (const { account } of people) {
        const load = { userId: account.id, jobs: JOBS_BETWEEN, writers: 2, paceMs: 80, random }
        loads.push(moveJobs(db, load))
      }
      await delay(between(random, 0, 500)) // the moment of the kill
      await victim()
      if (random() < 0.5) await Promise.all(people.map(({ page }) => untilLive(page)))
    }
    await Promise.all(loads)
    for (const { account, page } of people) {
      await notifyOnce(db, account.id)
      await expectExactlyTheTable(page, account, db)
      expect(page.heard).toHaveLength(KILLS * JOBS_BETWEEN * 2 + 1)
    }
  },
  120_000 + KILLS * 20_000,
)

function whenBack(act: () => Promise<void>): Promise<void> {
  return vi.waitFor(act, { timeout: AWAY_TIMEOUT_MS, interval: 50 })
}

/** Each choice about as often as the others, in random order. */
function shuffled<Choice>(count: number, choices: readonly Choice[], random: Random): Choice[] {
  return Array.from({ length: Math.ceil(count / choices.length) }, () => choices)
    .flat()
    .map((choice) => ({ choice, place: random() }))
    .sort((a, b) => a.place - b.place)
    .slice(0, count)
    .map(({ choice }) => choice)
}
