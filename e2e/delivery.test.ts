/**
 * The delivery contract under faults (docs/delivery.md): with any fault between the table and the page, the
 * listeners hear exactly the table, in order, once, and the state ends `live`.
 */

import { setTimeout as delay } from 'node:timers/promises'
import type { SupabaseClient } from '@supabase/supabase-js'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { between, seededRandom } from '../stack/testing/seeded-random.ts'
import type { Transport } from '../web/src/client/ports.ts'
import { createSupabaseIdentity } from '../web/src/client/supabase-identity.ts'
import { createSupabaseSource } from '../web/src/client/supabase-source.ts'
import { createSupabaseTransport } from '../web/src/client/supabase-transport.ts'
import {
  type Account,
  dropInTransport,
  expectExactlyTheTable,
  jobIdOf,
  type ListenOptions,
  memoryStorage,
  newAccount,
  notifications,
  openListener,
  QUICK,
  type TestListener,
  untilLive,
} from './support/fault-listener.ts'
import {
  addIdleJobs,
  endJob,
  inTransaction,
  moveJobs,
  notifyOnce,
  openPool,
  startJob,
} from './support/fault-load.ts'
import { startProxy, type TcpProxy } from './support/proxy.ts'

/** A long run has the same faults, for longer. */
const LONG = process.env.CLAIMWIRE_LONG !== undefined
const LONG_TIMEOUT_MS = LONG ? 1_800_000 : 120_000
const random = seededRandom('delivery.test.ts')
const { url, db: urls, keys } = inject('stack')

let db: pg.Pool
beforeAll(() => {
  db = openPool(urls.postgres)
})
afterAll(async () => {
  // Unfinished jobs must not keep the sweeper busy while other test files run.
  await db.query('delete from public.jobs where user_id = any ($1)', [users])
  await db.end()
})

const users: string[] = []
const account = async (): Promise<Account> => {
  const user = await newAccount({ url, keys })
  users.push(user.id)
  return user
}
const open = (user: Account, options?: ListenOptions, through = url): Promise<TestListener> =>
  openListener(through, keys.publishableKey, user, options)

describe('a message committed', () => {
  const boundaries = [
    'as the channel is joined',
    'before the head is read',
    'after the head was read',
    'before a page is read',
    'after a page was read',
    'while a listener is being told',
    'as the state becomes live',
  ] as const

  describe.each([
    ['and heard over the socket at once', true],
    ['and its broadcast on its way', false],
  ])('%s', (_name, untilHeard) => {
    test.concurrent.each(boundaries)('%s', async (boundary) => {
      const user = await account()
      const storage = memoryStorage()
      await using earlier = await open(user, { storage })
      await earlier.client.connect(user.id)
      await notifyOnce(db, user.id)
      await expectExactlyTheTable(earlier, user, db)
      earlier.client.disconnect()
      for (const jobId of await addIdleJobs(db, user.id, 7)) await startJob(db, jobId)

      let broadcasts = 0
      let committing: Promise<void> = Promise.resolve()
      const commit = async (): Promise<void> => {
        const before = broadcasts
        await notifyOnce(db, user.id)
        if (untilHeard) await vi.waitFor(() => expect(broadcasts).toBeGreaterThan(before), { interval: 5 })
      }
      const at = (here: (typeof boundaries)[number]): Promise<void> => {
        if (here === boundary) committing = commit()
        return committing
      }
      await using page = await open(user, {
        storage,
        pageSize: 3,
        // No head check finds the lost message before the next broadcast.
        timers: { set: () => undefined, clear: () => undefined },
        wire: (supabase) => {
          const source = createSupabaseSource(supabase, createSupabaseIdentity(supabase))
          return {
            transport: watched(createSupabaseTransport({ supabase, ...REAL_TIMERS }), {
              joined: () => void at('as the channel is joined'),
              message: () => {
                broadcasts += 1
              },
            }),
            source: {
              readHead: async (...args) => {
                await at('before the head is read')
                const head = await source.readHead(...args)
                await at('after the head was read')
                return head
              },
              readPage: async (...args) => {
                await at('before a page is read')
                const rows = await source.readPage(...args)
                await at('after a page was read')
                return rows
              },
            },
          }
        },
      })
      page.client.once('message', () => void at('while a listener is being told'))
      page.client.on('state', ({ new: state }) => {
        if (state === 'live') void at('as the state becomes live')
      })
      await page.client.connect(user.id)
      await committing
      await vi.waitFor(() => expect(page.client.getState().lastSeq).toBeGreaterThan(8), { timeout: 30_000 })
      await expectExactlyTheTable([earlier, page], user, db)
    })
  })
})

describe('a broadcast that vanishes', () => {
  /** As on a day for which there is no partition: `realtime.send` warns, the status commits. */
  const unheard = (user: Account): Promise<void> =>
    inTransaction(openedAdmin(), 'commit', async (client) => {
      await client.query('set local log_min_messages = error')
      const { rows } = await client.query<{ partition: string; bounds: string }>(
        `select inhrelid::regclass::text as partition, pg_get_expr(child.relpartbound, child.oid) as bounds
         from pg_inherits join pg_class as child on child.oid = inhrelid
         where inhparent = 'realtime.messages'::regclass`,
      )
      for (const { partition } of rows) {
        await client.query(`alter table realtime.messages detach partition ${partition}`)
      }
      await notifyOnce(client, user.id)
      for (const { partition, bounds } of rows) {
        await client.query(`alter table realtime.messages attach partition ${partition} ${bounds}`)
      }
    })
  let admin: pg.Pool | undefined
  const openedAdmin = (): pg.Pool => {
    admin ??= openPool(urls.admin, 1)
    return admin
  }
  afterAll(() => admin?.end())

  test('as the very last one is found by comparing heads', async () => {
    const user = await account()
    await using page = await open(user)
    await page.client.connect(user.id)
    await notifyOnce(db, user.id)
    await expectExactlyTheTable(page, user, db)
    await unheard(user)
    await expectExactlyTheTable(page, user, db)
    expect(page.heard.at(-1)).toMatchObject({ replayed: true })
    // The check said so or, on a busy machine, did not say anything in time.
    expect(['catching-up:behind', 'stale:check-due']).toContain(page.states.at(-2))
  })

  test('is read from the table before the next one is delivered', async () => {
    const user = await account()
    await using page = await open(user, { heartbeatInterval: 30_000 })
    await page.client.connect(user.id)
    const expected: boolean[] = []
    for (let n = 0; n < 20; n += 1) {
      const vanishes = n < 19 && random() < 0.4
      expected.push(vanishes)
      await (vanishes ? unheard(user) : notifyOnce(db, user.id))
    }
    await expectExactlyTheTable(page, user, db)
    const vanished = page.heard.filter((_, index) => expected[index])
    expect(vanished.map(({ replayed }) => replayed)).toEqual(vanished.map(() => true))
  })
})

describe('transactions', () => {
  test('that last long and commit late, across reconnects', async () => {
    await using proxy = await startProxy(url)
    const user = await account()
    await using page = await open(user, {}, proxy.url)
    await page.client.connect(user.id)
    const rounds = LONG ? 50 : 5
    for (let round = 0; round < rounds; round += 1) {
      const [early, late] = await addIdleJobs(db, user.id, 2)
      if (early === undefined || late === undefined) throw new Error('no jobs')
      let waiting: Promise<void> = Promise.resolve()
      await inTransaction(db, random() < 0.7 ? 'commit' : 'rollback', async (client) => {
        await startJob(client, early)
        // Waits for the head: numbered after `early`, or in its place when that is rolled back.
        waiting = startJob(db, late)
        proxy.cut()
        await vi.waitFor(() => expect(page.client.getState().isConnected).toBe(false), { interval: 5 })
        await untilLive(page)
      })
      await waiting
      await endJob(db, late, 'completed')
    }
    await expectExactlyTheTable(page, user, db)
  })

  test('that change 10,000 rows of one user', async () => {
    const user = await account()
    await using page = await open(user)
    await page.client.connect(user.id)
    await addIdleJobs(db, user.id, 10_000)
    await db.query(`update public.jobs set status = 'processing' where user_id = $1`, [user.id])
    await notifyOnce(db, user.id)
    await expectExactlyTheTable(page, user, db)
    expect(page.heard).toHaveLength(10_001)
  })
})

test('a change of users on one page delivers nothing of the earlier user to the later one', async () => {
  await using proxy = await startProxy(url)
  const [anna, ben] = [await account(), await account()]
  await using page = await open(anna, {}, proxy.url)
  // The first connection of a profile begins at the head: here, before everything.
  for (const user of [anna, ben]) {
    await page.signIn(user)
    await page.client.connect(user.id)
  }
  proxy.delay({ ms: 10, jitterMs: 20, random })
  const done = new AbortController()
  const load = Promise.all(
    [anna, ben].map((user) => moveJobs(db, { userId: user.id, jobs: 30, writers: 2, paceMs: 60, random })),
  ).finally(() => done.abort())
  const switching = (async () => {
    for (let turn = 0; !done.signal.aborted; turn += 1) {
      const user = turn % 2 === 0 ? anna : ben
      await page.signIn(user)
      const connecting = page.client.connect(user.id)
      const heard = page.heard.length + between(random, 0, 20)
      // Now and then before it is even connected.
      if (random() < 0.7) await connecting
      await vi.waitFor(() => expect(done.signal.aborted || page.heard.length >= heard).toBe(true), {
        timeout: 30_000,
        interval: 5,
      })
    }
  })()
  await Promise.all([load, switching])
  for (const user of [anna, ben]) {
    await page.signIn(user)
    await page.client.connect(user.id)
    await untilLive(page)
    const rows = await notifications(db, user.id)
    const heard = page.heard.filter(({ userId }) => userId === user.id)
    expect(heard.map(({ seq, message }) => ({ seq, jobId: jobIdOf(message) }))).toEqual(
      rows.map(({ seq, jobId }) => ({ seq, jobId })),
    )
    expect(heard).toHaveLength(60)
  }
})

// Last, since the server drops broadcasts for a while after so many.
describe.each(['supabase-js', 'the drop-in'])('with the socket of %s, a network that', (socket) => {
  interface Fault {
    everyMs: readonly [number, number]
    act: (proxy: TcpProxy) => void
    /** Resolves when the load is done. */
    end?: (proxy: TcpProxy) => void
  }
  const faults: Record<string, Fault> = {
    'cuts the connection every few 100 ms': { everyMs: [100, 500], act: (proxy) => proxy.cut() },
    'resets the connection': { everyMs: [100, 500], act: (proxy) => proxy.reset() },
    'refuses connections for a while': {
      everyMs: [200, 400],
      act: (proxy) => {
        proxy.refuse(random() < 0.5)
        proxy.cut()
      },
      end: (proxy) => proxy.refuse(false),
    },
    'leaves connections half-open': { everyMs: [500, 2_000], act: (proxy) => proxy.freeze() },
    'accepts connections and carries nothing': {
      everyMs: [300, 900],
      act: (proxy) => {
        const on = random() < 0.5
        proxy.swallow(on)
        if (on) proxy.cut()
      },
      end: (proxy) => proxy.swallow(false),
    },
    'is slow and uneven': {
      everyMs: [50, 200],
      act: (proxy) => proxy.delay({ ms: between(random, 0, 80), jitterMs: between(random, 0, 120), random }),
    },
    'carries less than is sent': {
      everyMs: [50, 200],
      act: (proxy) => proxy.throttle(between(random, 4, 40) * 1_000),
      // Still too slow for everything that was missed at once.
      end: (proxy) => proxy.throttle(24_000),
    },
  }
  const load = { jobs: LONG ? 2_000 : 40, writers: 4, paceMs: 60, random }

  const transportThrough = (proxy: TcpProxy, supabase: SupabaseClient): { transport?: Transport } =>
    socket === 'supabase-js' ? {} : { transport: dropInTransport(proxy.url, keys.publishableKey, supabase) }

  // The same requests hang for both clients.
  test.runIf(LONG || socket === 'supabase-js')(
    'carries nothing while the token expires',
    { concurrent: true },
    async () => {
      await using proxy = await startProxy(url)
      const user = await account()
      await using page = await open(
        user,
        {
          authTimeout: 3_000,
          wire: (supabase) => ({
            ...transportThrough(proxy, supabase),
            identity: createSupabaseIdentity(supabase, 1_000),
          }),
        },
        proxy.url,
      )
      await page.client.connect(user.id)
      page.expireToken()
      proxy.swallow(true)
      proxy.cut()
      await notifyOnce(db, user.id)
      // The client reports the lost connection and goes on trying, although its requests hang.
      await vi.waitFor(() => expect(page.client.getState().reconnectAttempts).toBeGreaterThan(1), {
        timeout: 30_000,
      })
      proxy.swallow(false)
      await expectExactlyTheTable(page, user, db)
    },
  )

  test.concurrent.each(Object.entries(faults))(
    '%s',
    async (_name, { everyMs, act, end }) => {
      await using proxy = await startProxy(url)
      const user = await account()
      await using page = await open(
        user,
        {
          wire: (supabase) => ({
            ...transportThrough(proxy, supabase),
            source: createSupabaseSource(supabase, createSupabaseIdentity(supabase), 2_000),
          }),
        },
        proxy.url,
      )
      await page.client.connect(user.id)
      const rounds = await disturb(
        () => moveJobs(db, { ...load, userId: user.id }),
        everyMs,
        () => act(proxy),
      )
      end?.(proxy)
      await expectExactlyTheTable(page, user, db)
      expect(page.heard).toHaveLength(rounds * 2 * load.jobs)
    },
    LONG_TIMEOUT_MS,
  )
})

const REAL_TIMERS = {
  timers: {
    set: (callback: () => void, ms: number) => setTimeout(callback, ms).unref(),
    clear: (timer: unknown) => clearTimeout(timer as NodeJS.Timeout),
  },
  heartbeatTimeout: QUICK.heartbeatTimeout,
}

function watched(transport: Transport, hooks: { joined: () => void; message: () => void }): Transport {
  return {
    join: (topic, handlers) =>
      transport.join(topic, {
        ...handlers,
        joined: () => {
          hooks.joined()
          handlers.joined()
        },
        message: (payload) => {
          hooks.message()
          handlers.message(payload)
        },
      }),
  }
}

/**
 * Acts at random moments while there is load, which is repeated until the fault has been made at least once.
 * @returns how often the load was carried out.
 */
async function disturb(
  load: () => Promise<void>,
  everyMs: readonly [number, number],
  act: () => void,
): Promise<number> {
  const done = new AbortController()
  let times = 0
  const loading = (async () => {
    for (let round = 1; ; round += 1) {
      await load()
      if (times > 0) return round
    }
  })().finally(() => done.abort())
  const acting = (async () => {
    for (;;) {
      await delay(between(random, ...everyMs), undefined, { signal: done.signal }).catch(() => undefined)
      if (done.signal.aborted) return
      act()
      times += 1
    }
  })()
  const [rounds] = await Promise.all([loading, acting])
  return rounds
}
