import { createClient } from '@supabase/supabase-js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ClientError } from '../client-error.ts'
import { UNTRIED } from '../connection-state.ts'
import { DashboardWebSocketClient } from '../dashboard-websocket-client.ts'
import type { KeyValueStorage, PageEvent, Timers } from '../ports.ts'
import { FakeServer, FakeStorage, settled } from '../testing/fake-server.ts'
import { type FakeTab, FakeTabs } from '../testing/fake-tabs.ts'
import { followerState } from './follower-feed.ts'

const ANNA = 'user-anna'

/** Never asked for anything: every port is given. */
const supabase = createClient('http://127.0.0.1:1', 'sb_publishable_test', {
  auth: { persistSession: false },
})

interface OpenTab {
  client: DashboardWebSocketClient
  tab: FakeTab
  heard: number[]
  /** `seq` of the messages that this tab was told to show as toasts. */
  shown: number[]
  states: string[]
  /** An event of this tab's page alone. */
  page: (event: PageEvent) => void
  /** How often it said that it needs no socket. */
  rested: () => number
}

class Profile {
  readonly server = new FakeServer(ANNA)
  readonly tabs = new FakeTabs()
  readonly storage: KeyValueStorage
  readonly open: OpenTab[] = []
  /** How often the profile gave up its place among the user's devices. */
  unregistered = 0

  constructor(storage: KeyValueStorage = new FakeStorage()) {
    this.storage = storage
  }

  /** A tab whose process is gone runs no timers. */
  openTab(): OpenTab {
    const { server, storage } = this
    let rests = 0
    const tab = this.tabs.tab()
    const timers: Timers = {
      set: (callback, delayMs) => server.clock.set(() => tab.run(callback), delayMs),
      clear: (handle) => server.clock.clear(handle),
    }
    const client = new DashboardWebSocketClient({
      supabase,
      transport: {
        join: (topic, handlers) => {
          const subscription = server.join(topic, {
            joined: () => tab.run(() => handlers.joined()),
            flowing: () => tab.run(() => handlers.flowing()),
            message: (payload) => tab.run(() => handlers.message(payload)),
            alive: (latencyMs) => tab.run(() => handlers.alive(latencyMs)),
            down: (reason, cause) => tab.run(() => handlers.down(reason, cause)),
            refused: (code, cause) => tab.run(() => handlers.refused(code, cause)),
          })
          this.#sockets.set(tab, [...(this.#sockets.get(tab) ?? []), () => subscription.leave('end')])
          return subscription
        },
        rest: () => {
          rests += 1
        },
      },
      source: server,
      inbox: server,
      devices: {
        deviceId: 'device-1',
        register: async () => ({ silenceLimitMs: 60_000 }),
        heartbeat: async () => 'live',
        unregister: async () => {
          this.unregistered += 1
        },
      },
      identity: server,
      signer: { signAgain: async () => new Map() },
      pageEvents: (listener) => {
        const here = (event: PageEvent): void => tab.run(() => listener(event))
        opened.page = here
        return server.pageEvents(here)
      },
      clock: () => server.clock.now,
      timers,
      random: () => 0.5,
      storage,
      logger: { debug: () => undefined, warn: () => undefined },
      tabs: tab.open,
      attention: tab.attention,
      pageSize: 3,
    })
    const opened: OpenTab = {
      client,
      tab,
      heard: [],
      shown: [],
      states: [],
      page: () => undefined,
      rested: () => rests,
    }
    client.on('message', (message, { foremost }) => {
      opened.heard.push(message.seq ?? -1)
      if (foremost) opened.shown.push(message.seq ?? -1)
    })
    client.on('state', (change) => opened.states.push(change.new))
    void client.connect(ANNA)
    this.open.push(opened)
    return opened
  }

  close(tab: OpenTab): void {
    tab.client.disconnect()
    this.open.splice(this.open.indexOf(tab), 1)
  }

  /** The tab's process dies: lock and socket are gone without a message to the other tabs. */
  crash(tab: OpenTab): void {
    this.tabs.crash(tab.tab)
    for (const cut of this.#sockets.get(tab.tab) ?? []) cut()
    this.open.splice(this.open.indexOf(tab), 1)
  }

  get sockets(): number {
    return this.server.subscriptions.filter(({ left }) => !left).length
  }

  readonly #sockets = new Map<FakeTab, (() => void)[]>()
}

async function profileOf(
  count: number,
): Promise<Profile & { first: OpenTab; second: OpenTab; third: OpenTab }> {
  const profile = new Profile()
  for (let n = 0; n < count; n += 1) {
    profile.openTab()
    await profile.server.clock.advance(0)
  }
  const [first, second, third] = profile.open
  if (first === undefined || second === undefined || third === undefined) throw new Error('three at least')
  return Object.assign(profile, { first, second, third })
}

describe('several tabs', () => {
  it('share one socket, and each hears everything once', async () => {
    const { server, open, first, sockets } = await profileOf(3)
    for (const { tab } of open) tab.lookAt({ visible: false })
    await settled()
    const { headReads } = server
    for (let n = 0; n < 5; n += 1) server.write(ANNA)
    await settled()
    expect(open.map(({ heard }) => heard)).toEqual(Array(3).fill([1, 2, 3, 4, 5]))
    expect(sockets).toBe(1)
    expect(open.map(({ client }) => client.getState().state)).toEqual(['live', 'live', 'live'])
    // Followers have no socket.
    expect(open.map(({ rested }) => rested())).toEqual([0, 1, 1])
    await server.clock.advance(300_000)
    // The leader alone goes on asking.
    expect(server.headReads - headReads).toBeLessThan(18)
    expect(first.states.filter((state) => state === 'connecting')).toHaveLength(1)
    expect(open.map(({ client }) => client.getState().state)).toEqual(['live', 'live', 'live'])
  })

  it.each(['close', 'crash'] as const)('go on when the leader’s tab is gone (%s)', async (end) => {
    const profile = await profileOf(3)
    const { server, first, second, third } = profile
    server.write(ANNA)
    await settled()
    profile[end](first)
    server.write(ANNA)
    await server.clock.advance(0)
    server.write(ANNA)
    await server.clock.advance(0)
    expect([first.heard, second.heard, third.heard]).toEqual([[1], [1, 2, 3], [1, 2, 3]])
    expect(profile.sockets).toBe(1)
    expect([second.client.getState().state, third.client.getState().state]).toEqual(['live', 'live'])
  })

  it('use no state of the earlier leader once they lead', async () => {
    const profile = await profileOf(3)
    const { server, first, second } = profile
    profile.close(first)
    await server.clock.advance(0)
    const before = second.states.length
    await server.clock.advance(300_000)
    expect([second.client.getState().state, second.states.slice(before)]).toEqual(['live', []])
    for (const tab of [...profile.open]) profile.close(tab)
    expect(server.clock.running).toBe(0)
  })

  it('take the lead from a tab that does not answer, which then follows', async () => {
    const profile = await profileOf(3)
    const { server, first, second, third } = profile
    first.tab.frozen = true
    server.write(ANNA)
    await settled()
    expect(second.heard).toEqual([])
    server.page('wake')
    await server.clock.advance(2_000)
    expect([second.heard, third.heard]).toEqual([[1], [1]])
    first.tab.thaw()
    await server.clock.advance(2_000)
    server.write(ANNA)
    await settled()
    expect([first.heard, second.heard, third.heard]).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
    ])
    expect(profile.sockets).toBe(1)
  })

  it('notice a silent leader by themselves, and are not live any more', async () => {
    const { server, first, second } = await profileOf(3)
    first.tab.frozen = true
    await server.clock.advance(30_500)
    expect(second.client.getState().state).toBe('stale')
    await server.clock.advance(2_000)
    expect(second.client.getState().state).toBe('live')
  })

  it('read a message that was not relayed before they deliver a later one', async () => {
    const { server, second, third } = await profileOf(3)
    second.tab.deaf = true
    server.write(ANNA)
    await settled()
    second.tab.deaf = false
    server.write(ANNA)
    await settled()
    expect([second.heard, third.heard]).toEqual([
      [1, 2],
      [1, 2],
    ])
    expect(second.states.slice(-2)).toEqual(['catching-up', 'live'])
    expect(third.states.filter((state) => state === 'live')).toHaveLength(1)
  })

  it('find within one check interval a last message that was not relayed', async () => {
    const { server, second } = await profileOf(3)
    await server.clock.advance(5_000)
    second.tab.deaf = true
    server.write(ANNA)
    await settled()
    second.tab.deaf = false
    await server.clock.advance(30_000)
    expect([second.heard, second.client.getState().state]).toEqual([[1], 'live'])
  })

  it('have the leader check the head when one of them wakes up', async () => {
    const { server, first, second } = await profileOf(3)
    await server.clock.advance(5_000)
    server.writeUnheard(ANNA)
    second.page('wake')
    await server.clock.advance(0)
    expect([first.heard, second.heard]).toEqual([[1], [1]])
  })

  it('look often while one of them is watched, whichever leads, and are all told that broadcasts were lost', async () => {
    const { server, open, second } = await profileOf(3)
    for (const { tab } of open) tab.lookAt({ visible: false })
    await settled()
    const reloads = open.map(({ client }) => {
      const reasons: string[] = []
      client.on('reload', ({ reason }) => reasons.push(reason))
      return reasons
    })
    second.tab.lookAt({ visible: true, usedAt: server.clock.now })
    await settled()
    server.deaf = true
    await server.clock.advance(10_000)
    server.write(ANNA)
    await server.clock.advance(2_000)
    expect(open.map(({ heard }) => heard)).toEqual([[1], [1], [1]])
    expect(open.map(({ client }) => client.getState())).toMatchObject(
      Array(3).fill({ state: 'stale', isReading: true }),
    )
    server.deaf = false
    await server.clock.advance(20_000)
    expect(open.map(({ client }) => client.getState().state)).toEqual(['live', 'live', 'live'])
    expect(reloads).toEqual(Array(3).fill(['broadcasts-lost']))
  })

  it('have every message while no socket can be opened, also a tab that was opened meanwhile', async () => {
    const profile = await profileOf(3)
    const { server, open } = profile
    server.joins = 'fail'
    server.drop()
    await server.clock.advance(3_000)
    const later = profile.openTab()
    await settled()
    server.write(ANNA)
    await server.clock.advance(10_000)
    expect(open.map(({ heard }) => heard)).toEqual([[1], [1], [1], [1]])
    expect(later.client.getState()).toMatchObject({ isReading: true, isConnected: false })
  })

  it('end where a request shows that another user has signed in', async () => {
    const { server, second } = await profileOf(3)
    second.tab.deaf = true
    server.write(ANNA)
    await settled()
    second.tab.deaf = false
    server.readHead = async () => {
      throw new ClientError('user_mismatch')
    }
    server.write(ANNA)
    await settled()
    expect(second.client.getState()).toMatchObject({ state: 'closed', reason: 'user-changed' })
  })

  it('are not live after a sleep before the leader has checked the head', async () => {
    const { server, first, second } = await profileOf(3)
    first.tab.frozen = true
    server.clock.sleep(3_600_000)
    server.page('wake')
    expect(second.client.getState().state).toBe('stale')
    await server.clock.advance(2_000)
    expect(second.client.getState().state).toBe('live')
  })

  it('show a message in the visible tab only', async () => {
    const { server, first, second, third } = await profileOf(3)
    first.tab.lookAt({ visible: false, focusedAt: 3 })
    second.tab.lookAt({ visible: true, focusedAt: 1 })
    third.tab.lookAt({ visible: true, focusedAt: 2 })
    await settled()
    server.write(ANNA)
    await settled()
    third.tab.lookAt({ visible: false, focusedAt: 2 })
    await settled()
    server.write(ANNA)
    await settled()
    second.tab.lookAt({ visible: false, focusedAt: 1 })
    await settled()
    server.write(ANNA)
    await settled()
    expect([first.shown, second.shown, third.shown]).toEqual([[3], [2], [1]])
  })

  it('show a message in one open tab, also after the leader or another tab was closed', async () => {
    const profile = await profileOf(3)
    const { server, first, second, third } = profile
    third.tab.lookAt({ visible: true, focusedAt: 3 })
    second.tab.lookAt({ visible: true, focusedAt: 2 })
    await settled()
    // The next leader was never told about the third tab by itself.
    profile.close(first)
    await server.clock.advance(0)
    server.write(ANNA)
    await settled()
    expect([second.shown, third.shown]).toEqual([[], [1]])
    // A leader that was away does not go by whom it knew before.
    second.page('suspend')
    await server.clock.advance(0)
    profile.close(third)
    second.page('wake')
    await server.clock.advance(0)
    server.write(ANNA)
    await settled()
    expect(second.shown).toEqual([2])
  })

  it('show the socket’s state in all tabs, and retry from any', async () => {
    const { server, second, third } = await profileOf(3)
    server.joins = 'fail'
    server.drop()
    await settled()
    const { retryAt } = second.client.getState()
    expect(second.client.getState()).toMatchObject({
      state: 'offline',
      reason: 'socket',
      retryAt: expect.any(Number),
    })
    expect(third.client.getState().retryAt).toBe(retryAt)
    server.joins = 'succeed'
    third.client.retryNow()
    await server.clock.advance(0)
    expect([second.client.getState().state, third.client.getState().state]).toEqual(['live', 'live'])
  })

  it('have a socket each where the browser has no locks', async () => {
    const server = new FakeServer(ANNA)
    const profile = new Profile()
    const { tab } = profile.openTab()
    expect(tab.open).toBeDefined()
    const alone = [0, 1].map(
      () =>
        new DashboardWebSocketClient({
          supabase,
          transport: server,
          source: server,
          inbox: server,
          devices: null,
          identity: server,
          pageEvents: server.pageEvents,
          timers: server.clock,
          clock: () => server.clock.now,
          storage: null,
          tabs: null,
        }),
    )
    await Promise.all(alone.map((client) => client.connect(ANNA)))
    expect(server.subscriptions.filter(({ left }) => !left)).toHaveLength(2)
    for (const client of alone) client.disconnect()
  })

  it('give up their connection in the back/forward cache, and catch up afterwards', async () => {
    const profile = await profileOf(3)
    const { server, open, first } = profile
    server.page('suspend')
    await settled()
    expect([profile.sockets, first.client.getState()]).toMatchObject([
      0,
      { state: 'offline', reason: 'suspended' },
    ])
    server.write(ANNA)
    server.page('wake')
    await server.clock.advance(0)
    expect(open.map(({ heard }) => heard)).toEqual([[1], [1], [1]])
    expect(profile.sockets).toBe(1)
  })

  it('are one device, which is released when the last tab is closed', async () => {
    const profile = await profileOf(3)
    const { server, first, second, third } = profile
    for (const tab of [first, third]) {
      profile.close(tab)
      await server.clock.advance(0)
    }
    expect([profile.unregistered, second.client.getState().state]).toEqual([0, 'live'])
    profile.close(second)
    await settled()
    expect(profile.unregistered).toBe(1)
  })

  it('leave nothing behind', async () => {
    const profile = await profileOf(4)
    for (const tab of [...profile.open]) profile.close(tab)
    await settled()
    expect([profile.server.clock.running, profile.server.listeners, profile.sockets]).toEqual([0, 0, 0])
  })
})

describe('the state of a tab that follows', () => {
  const live = { name: 'live', failures: 0, breaks: 0, joinedAt: 1, confirmedAt: 2 } as const
  const offline = { ...UNTRIED, name: 'offline', retryAt: 3, reason: 'socket' } as const
  const failed = { kind: 'failed', reads: 2, at: 9 } as const

  it.each([
    ['nothing is known of the leader', null, { kind: 'complete' }, false, 'connecting'],
    [
      'the leader is gone',
      { name: 'closed', reason: 'disconnect' },
      { kind: 'complete' },
      false,
      'connecting',
    ],
    ['both have everything', live, { kind: 'complete' }, false, 'live'],
    ['this tab is reading', live, { kind: 'reading' }, false, 'catching-up'],
    ['this tab cannot read', live, failed, false, 'stale'],
    ['the leader is silent', live, { kind: 'complete' }, true, 'stale'],
    ['this tab is reading, the leader silent', live, { kind: 'reading' }, true, 'catching-up'],
    ['the leader is not live', offline, { kind: 'reading' }, false, 'offline'],
  ] as const)('when %s', (_, leader, own, silent, expected) => {
    expect(followerState(leader, own, silent).name).toBe(expected)
  })
})

describe('any course of events in several tabs', () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.constant('write' as const) },
    { weight: 3, arbitrary: fc.constant('writeUnheard' as const) },
    { weight: 3, arbitrary: fc.constant('drop' as const) },
    { weight: 1, arbitrary: fc.constant('wake' as const) },
    { weight: 2, arbitrary: fc.constant('open' as const) },
    {
      weight: 5,
      arbitrary: fc.record({
        tab: fc.nat({ max: 5 }),
        what: fc.constantFrom(
          'close' as const,
          'crash' as const,
          'freeze' as const,
          'thaw' as const,
          'look' as const,
        ),
      }),
    },
    { weight: 5, arbitrary: fc.nat({ max: 20_000 }) },
  )

  it('delivers to each tab everything since it was opened, once and in order, over one socket', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.boolean(), async (course, settleBetween) => {
        const profile = new Profile()
        const { server } = profile
        profile.openTab()
        await server.clock.advance(0)
        for (const each of course) {
          if (typeof each === 'number') await server.clock.advance(each)
          else if (each === 'write' || each === 'writeUnheard') server[each](ANNA)
          else if (each === 'drop') server.drop()
          else if (each === 'wake') server.page('wake')
          else if (each === 'open') profile.openTab()
          else {
            const tab = profile.open[each.tab % Math.max(1, profile.open.length)]
            if (tab === undefined) continue
            if (each.what === 'freeze') tab.tab.frozen = true
            else if (each.what === 'thaw') tab.tab.thaw()
            else if (each.what === 'look') tab.tab.lookAt({ visible: true, focusedAt: server.clock.now })
            else profile[each.what](tab)
          }
          if (settleBetween) await settled()
          for (const { heard } of profile.open) {
            expect(heard).toEqual(heard.map((_, index) => (heard[0] ?? 0) + index))
          }
        }
        for (const { tab } of profile.open) tab.thaw()
        await server.clock.advance(120_000)
        server.page('wake')
        await server.clock.advance(5_000)
        if (profile.open.length === 0) return
        server.write(ANNA)
        await settled()
        // Exactly one of the tabs shows what comes now.
        expect(profile.open.filter(({ shown }) => shown.at(-1) === server.table(ANNA).seq)).toHaveLength(1)
        const last = server.table(ANNA).seq
        expect(profile.sockets).toBe(1)
        for (const { client, heard } of profile.open) {
          expect(client.getState()).toMatchObject({ state: 'live', lastSeq: last })
          expect(heard.at(-1) ?? last).toBe(last)
          client.disconnect()
        }
      }),
      { numRuns: 100 },
    )
  }, 30_000)
})
