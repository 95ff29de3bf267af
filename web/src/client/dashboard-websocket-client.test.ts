import { createClient } from '@supabase/supabase-js'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { AppError } from '../../../functions-shared/app-error.ts'
import type {} from '../../../functions-shared/message-types.ts'
import { ClientError } from './client-error.ts'
import type { DashboardWebSocketClientOptions } from './client-options.ts'
import { DashboardWebSocketClient } from './dashboard-websocket-client.ts'
import type { Devices, Identity } from './ports.ts'
import { FakeServer, FakeStorage, imageMessage, settled } from './testing/fake-server.ts'

const ANNA = 'user-anna'
const BEN = 'user-ben'

/** Never asked for anything: every port is given. */
const supabase = createClient('http://127.0.0.1:1', 'sb_publishable_test', {
  auth: { persistSession: false },
})

function setup(options: Partial<DashboardWebSocketClientOptions> = {}, server = new FakeServer(ANNA)) {
  const warnings: string[] = []
  const client = new DashboardWebSocketClient({
    supabase,
    ...server.clientOptions(),
    logger: { debug: () => undefined, warn: (message) => warnings.push(message) },
    ...options,
  })
  const heard: number[] = []
  const states: string[] = []
  const errors: AppError[] = []
  client.on('message', (message) => heard.push(message.seq ?? -1))
  client.on('state', (change) => states.push(change.new))
  client.on('error', (error) => errors.push(error))
  return { client, server, heard, states, errors, warnings }
}

it('is not made without a Supabase client', () => {
  const options: DashboardWebSocketClientOptions = JSON.parse('{}')
  expect(() => new DashboardWebSocketClient(options)).toThrow(
    expect.objectContaining({ code: 'invalid_arguments', details: { missing: 'supabase' } }),
  )
})

describe('connect', () => {
  it('refuses another user, and a page without a user', async () => {
    const { client, server } = setup()
    await expect(client.connect(BEN)).rejects.toMatchObject({ code: 'user_mismatch' })
    server.signIn(null)
    await expect(client.connect(ANNA)).rejects.toMatchObject({ code: 'not_signed_in' })
    expect(server.subscriptions).toHaveLength(0)
    expect(client.getState().state).toBe('idle')
  })

  it('starts at the head on the first visit, and hears later messages', async () => {
    const { client, server, heard, states } = setup()
    server.write(ANNA)
    server.write(ANNA)
    await client.connect(ANNA)
    expect(heard).toEqual([])
    expect(states).toEqual(['connecting', 'catching-up', 'live'])
    server.write(ANNA)
    expect(heard).toEqual([3])
    expect(client.getState()).toMatchObject({ state: 'live', isConnected: true, lastSeq: 3, userId: ANNA })
    expect(server.subscriptions.map(({ topic }) => topic)).toEqual(['user:user-anna'])
  })

  it('delivers the first notification a user ever gets', async () => {
    const { client, server, heard } = setup()
    await client.connect(ANNA)
    server.write(ANNA)
    expect(heard).toEqual([1])
  })

  it.each(['first visit', 'later visit'])(
    'delivers it once when it comes while the head is read (%s)',
    async (visit) => {
      const storage = new FakeStorage()
      const { client, server, heard } = setup({ storage })
      if (visit === 'later visit') {
        await client.connect(ANNA)
        client.disconnect()
      }
      server.onHead = () => {
        server.onHead = () => undefined
        server.write(ANNA)
      }
      const reloads: unknown[] = []
      client.on('reload', (event) => reloads.push(event))
      await client.connect(ANNA)
      await server.clock.advance(60_000)
      expect([heard, reloads]).toEqual([[1], []])
    },
  )

  it('continues at the profile’s cursor, in pages of replayed messages', async () => {
    const storage = new FakeStorage()
    const server = new FakeServer(ANNA)
    const first = setup({ storage }, server)
    await first.client.connect(ANNA)
    server.write(ANNA)
    first.client.disconnect()
    for (let n = 0; n < 25; n += 1) server.write(ANNA)

    const second = setup({ storage, pageSize: 10 }, server)
    const replayed: boolean[] = []
    second.client.on('image_processed', (_message, delivery) => replayed.push(delivery.replayed))
    await second.client.connect(ANNA)
    server.write(ANNA)
    expect(first.heard).toEqual([1])
    expect(second.heard).toEqual(Array.from({ length: 26 }, (_, index) => index + 2))
    expect(replayed.indexOf(false)).toBe(25)
    expect(server.pageReads).toBe(3)
  })

  it('joins once for one user, however often it is called', async () => {
    const { client, server } = setup()
    await Promise.all([client.connect(ANNA), client.connect(ANNA)])
    await client.connect(ANNA)
    expect(server.subscriptions.filter(({ left }) => !left)).toHaveLength(1)
  })

  it('ends when it is disconnected before it was live', async () => {
    const { client, server } = setup()
    server.joins = 'hang'
    const connecting = client.connect(ANNA)
    await settled()
    client.disconnect()
    await connecting
    expect(client.getState()).toMatchObject({ state: 'closed', reason: 'disconnect' })
  })

  it('works again after a sign-out, for the next user', async () => {
    const { client, server, heard } = setup()
    await client.connect(ANNA)
    server.signIn(BEN)
    await client.connect(BEN)
    server.write(ANNA)
    server.write(BEN)
    expect(heard).toEqual([1])
    expect(client.getState()).toMatchObject({ userId: BEN, state: 'live' })
  })
})

describe('while live', () => {
  it('reads missing messages before it delivers a broadcast that came early', async () => {
    const { client, server, heard, states } = setup()
    await client.connect(ANNA)
    server.writeUnheard(ANNA)
    server.write(ANNA)
    expect(heard).toEqual([])
    await settled()
    await server.clock.advance(0)
    expect(heard).toEqual([1, 2])
    expect(states.slice(-2)).toEqual(['catching-up', 'live'])
  })

  it('finds a lost last message within one check interval', async () => {
    const { client, server, heard } = setup()
    await client.connect(ANNA)
    await server.clock.advance(5_000)
    server.writeUnheard(ANNA)
    await server.clock.advance(30_000)
    expect(heard).toEqual([1])
  })

  it('checks the head again when the server’s stream from the database begins late', async () => {
    const { client, server, heard } = setup()
    await client.connect(ANNA)
    server.writeUnheard(ANNA)
    server.current?.handlers.flowing()
    await server.clock.advance(0)
    expect(heard).toEqual([1])
  })

  it.each(['wake', 'online'] as const)('checks the head at once on %s', async (event) => {
    const { client, server, heard } = setup()
    await client.connect(ANNA)
    server.writeUnheard(ANNA)
    const pings = server.current?.pings ?? 0
    server.page(event)
    await server.clock.advance(0)
    expect(heard).toEqual([1])
    expect(server.current?.pings).toBeGreaterThan(pings)
  })

  it('drops doubled and late broadcasts', async () => {
    const { client, server, heard } = setup()
    await client.connect(ANNA)
    const message = server.write(ANNA)
    server.write(ANNA)
    server.broadcast(ANNA, message)
    expect(heard).toEqual([1, 2])
  })

  it('unpacks a batch in order, volatile messages among them', async () => {
    const { client, server, heard } = setup()
    await client.connect(ANNA)
    server.deaf = true
    const messages = [
      server.write(ANNA),
      imageMessage({ type: 'image_processing_progress' }),
      server.write(ANNA),
    ]
    server.deaf = false
    server.broadcast(ANNA, { type: 'batch_update', messages, timestamp: '2026-11-23T10:00:00.000Z' })
    expect(heard).toEqual([1, -1, 2])
  })

  it('skips a message of an unknown type, and reports it', async () => {
    const { client, server, heard, errors } = setup()
    await client.connect(ANNA)
    server.broadcast(ANNA, { type: 'video_ready', seq: 1, epoch: 'epoch-1' })
    server.table(ANNA).seq = 1
    server.table(ANNA).epoch = 'epoch-1'
    server.write(ANNA)
    expect(heard).toEqual([2])
    expect(errors.map(({ code, details }) => [code, details])).toEqual([
      ['message_unrecognised', { type: 'video_ready', seq: 1 }],
    ])
  })

  it('is stale while the table cannot be read, and live again afterwards', async () => {
    const { client, server, states } = setup()
    await client.connect(ANNA)
    server.readable = false
    await server.clock.advance(31_000)
    expect(client.getState()).toMatchObject({ state: 'stale', isConnected: true })
    server.readable = true
    await server.clock.advance(31_000)
    expect(states.slice(-2)).toEqual(['stale', 'live'])
  })

  it('is not live before a gap is filled that opened while the table was read', async () => {
    const { client, server, heard } = setup()
    await client.connect(ANNA)
    server.writeUnheard(ANNA)
    server.onPage = () => {
      server.onPage = () => undefined
      server.writeUnheard(ANNA)
      server.write(ANNA)
    }
    const heardWhenLive: number[][] = []
    client.on('state', (change) => change.new === 'live' && heardWhenLive.push([...heard]))
    server.page('wake')
    await server.clock.advance(0)
    expect(heardWhenLive).toEqual([[1, 2, 3]])
  })

  it('never asks for pages that are too small to make progress', async () => {
    const { client, server } = setup({ pageSize: 40 })
    await client.connect(ANNA)
    for (let n = 0; n < 100; n += 1) server.writeUnheard(ANNA)
    server.largestPage = 0
    const asked: number[] = []
    const readPage = server.readPage.bind(server)
    server.readPage = (userId, after, limit, signal) => {
      asked.push(limit)
      return readPage(userId, after, limit, signal)
    }
    server.page('wake')
    await server.clock.advance(300_000)
    expect(asked.slice(0, 4)).toEqual([40, 20, 10, 10])
    expect([Math.min(...asked), client.getState().state]).toEqual([10, 'stale'])
  })

  it('reads smaller pages where large ones do not arrive, until it has caught up', async () => {
    const { client, server, heard } = setup({ pageSize: 100 })
    await client.connect(ANNA)
    server.largestPage = 30
    for (let n = 0; n < 100; n += 1) server.writeUnheard(ANNA)
    server.page('wake')
    await server.clock.advance(31_000)
    expect(heard).toEqual(server.table(ANNA).rows.map(({ seq }) => seq))
    expect(client.getState().state).toBe('live')
    server.largestPage = 100
    const reads = server.pageReads
    for (let n = 0; n < 100; n += 1) server.writeUnheard(ANNA)
    server.page('wake')
    await server.clock.advance(0)
    expect([heard.length, server.pageReads - reads]).toEqual([200, 1])
  })

  it('is not live after a sleep before the head was checked', async () => {
    const { client, server } = setup()
    await client.connect(ANNA)
    server.readable = false
    server.clock.sleep(3_600_000)
    server.page('wake')
    expect(client.getState().state).toBe('stale')
  })
})

describe('reconnecting', () => {
  it('backs off and delivers in order the messages of the meantime', async () => {
    const { client, server, heard, states } = setup()
    const connected: boolean[] = []
    client.on('connected', (event) => connected.push(event.reconnected))
    await client.connect(ANNA)
    server.write(ANNA)
    server.joins = 'fail'
    server.drop()
    expect(client.getState()).toMatchObject({ state: 'offline', reason: 'socket', reconnectAttempts: 1 })
    server.write(ANNA)
    await server.clock.advance(10_000)
    expect(client.getState().reconnectAttempts).toBeGreaterThan(3)
    server.joins = 'succeed'
    await server.clock.advance(30_000)
    expect(heard).toEqual([1, 2])
    expect(states.at(-1)).toBe('live')
    expect(connected).toEqual([false, true])
    expect(server.subscriptions.filter(({ left }) => !left)).toHaveLength(1)
  })

  it('is never away for longer than a second on a line that is cut every three', async () => {
    const { client, server, heard } = setup({ random: () => 0.999 })
    await client.connect(ANNA)
    for (let cut = 1; cut <= 10; cut += 1) {
      await server.clock.advance(3_000)
      server.drop()
      server.write(ANNA)
      await server.clock.advance(1_000)
      expect(client.getState()).toMatchObject({ state: 'live', lastSeq: cut })
    }
    expect(heard).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })

  it('reports when and why the connection was lost, once per loss', async () => {
    const { client, server } = setup()
    const events: unknown[] = []
    client.on('disconnected', (event) => events.push(event))
    await client.connect(ANNA)
    server.joins = 'fail'
    server.drop('heartbeat-timeout')
    await server.clock.advance(5_000)
    expect(events).toEqual([{ reason: 'heartbeat-timeout', retryAt: expect.any(Number) }])
  })

  it('shows a refusal as an error and goes on trying', async () => {
    const { client, server, errors } = setup()
    server.joins = 'refuse'
    const connecting = client.connect(ANNA)
    await settled()
    expect(client.getState()).toMatchObject({ state: 'error', reason: 'join_refused' })
    expect(errors.at(0)?.code).toBe('join_refused')
    server.joins = 'succeed'
    await server.clock.advance(30_000)
    await connecting
    expect(client.getState().state).toBe('live')
  })

  it.each(['online', 'wake'] as const)('tries at once on %s', async (event) => {
    const { client, server } = setup()
    await client.connect(ANNA)
    server.page('offline')
    expect(client.getState()).toMatchObject({ state: 'offline', reason: 'network' })
    server.page(event)
    await settled()
    await server.clock.advance(0)
    expect(client.getState().state).toBe('live')
  })

  it('tries at once when a person asks', async () => {
    const { client, server } = setup({ reconnectDelay: 30_000 })
    await client.connect(ANNA)
    server.drop()
    client.retryNow()
    await server.clock.advance(0)
    expect(client.getState().state).toBe('live')
  })

  it('reads again what was written while an earlier read was cut off by a reconnect', async () => {
    const { client, server, heard } = setup()
    await client.connect(ANNA)
    server.writeUnheard(ANNA)
    // The page is being answered when the connection goes and comes back; the next message is lost between.
    server.onPage = () => {
      server.onPage = () => undefined
      server.drop()
      server.writeUnheard(ANNA)
      client.retryNow()
    }
    server.page('wake')
    await server.clock.advance(0)
    await server.clock.advance(0)
    expect(heard).toEqual([1, 2])
    expect(client.getState().state).toBe('live')
  })
})

/** A page that is visible and in use, on a server whose broadcasts may get lost. */
function watchedPage() {
  const page = setup()
  page.server.attention.set({ visible: true })
  const reloads: string[] = []
  page.client.on('reload', ({ reason }) => reloads.push(reason))
  return { ...page, reloads }
}

describe('while the server drops broadcasts', () => {
  it('a watched page delivers each message within 2 s, is not live, and reads its state again when broadcasts arrive', async () => {
    const { client, server, heard, states, reloads } = watchedPage()
    await client.connect(ANNA)
    server.deaf = true
    for (let n = 1; n <= 20; n += 1) {
      server.write(ANNA)
      await server.clock.advance(2_000)
      expect(heard).toHaveLength(n)
      expect(client.getState()).toMatchObject({ state: 'stale', isReading: true, isConnected: true })
    }
    expect(heard).toEqual(server.table(ANNA).rows.map(({ seq }) => seq))
    expect([reloads, server.pongs > 1]).toEqual([[], true])
    server.deaf = false
    await server.clock.advance(20_000)
    expect(client.getState()).toMatchObject({ state: 'live', isReading: false, recovered: true })
    expect([reloads, states.filter((state) => state === 'stale').length]).toEqual([['broadcasts-lost'], 2])
    const { pongs } = server
    await server.clock.advance(60_000)
    expect(server.pongs).toBe(pongs)
  })

  it('a message that is heard ends the loss, also without the broadcast that was asked for', async () => {
    const { client, server, heard, reloads } = watchedPage()
    server.requestPong = async () => undefined
    await client.connect(ANNA)
    server.writeUnheard(ANNA)
    await server.clock.advance(30_000)
    expect(client.getState().state).toBe('stale')
    server.write(ANNA)
    await settled()
    expect([heard, client.getState().state, reloads]).toEqual([[1, 2], 'live', ['broadcasts-lost']])
  })

  it('a hidden page looks at most every check interval, and more often once it has found a loss', async () => {
    const { client, server, heard } = setup()
    await client.connect(ANNA)
    const { headReads } = server
    await server.clock.advance(120_000)
    expect(server.headReads - headReads).toBeLessThanOrEqual(7)
    server.deaf = true
    server.write(ANNA)
    await server.clock.advance(30_000)
    expect([heard, client.getState().state]).toEqual([[1], 'stale'])
    server.write(ANNA)
    await server.clock.advance(10_000)
    expect(heard).toEqual([1, 2])
  })

  it('a gap between two broadcasts has the page read its state again, too', async () => {
    const { client, server, heard, reloads } = watchedPage()
    await client.connect(ANNA)
    server.writeUnheard(ANNA)
    server.write(ANNA)
    await settled()
    expect([heard, client.getState().state, reloads]).toEqual([[1, 2], 'live', ['broadcasts-lost']])
  })

  it('a broadcast that arrives shortly after its row can be read is no loss', async () => {
    const { client, server, heard, states, reloads } = watchedPage()
    await client.connect(ANNA)
    await server.clock.advance(30_000)
    let late: unknown = null
    server.onHead = () => {
      server.onHead = () => undefined
      late = server.writeUnheard(ANNA)
      server.clock.set(() => server.broadcast(ANNA, late), 300)
    }
    // `onHead` runs after the head was read: the next look sees the row.
    server.onHead()
    await server.clock.advance(5_000)
    expect([heard, states.at(-1), reloads]).toEqual([[1], 'live', []])
    expect(states).not.toContain('stale')
  })
})

describe('how often a page looks', () => {
  it('every 30 s once it was not used for 5 minutes, and at once when it is used again', async () => {
    const { client, server, heard } = watchedPage()
    await client.connect(ANNA)
    const readsIn = async (ms: number): Promise<number> => {
      const { headReads } = server
      await server.clock.advance(ms)
      return server.headReads - headReads
    }
    expect(await readsIn(60_000)).toBeGreaterThan(40)
    await server.clock.advance(240_000)
    expect(await readsIn(120_000)).toBeLessThanOrEqual(7)
    server.writeUnheard(ANNA)
    server.attention.set({ usedAt: server.clock.now })
    await server.clock.advance(500)
    expect(heard).toEqual([1])
  })

  it('as rarely as the server asks for', async () => {
    const { client, server } = watchedPage()
    const readHead = server.readHead.bind(server)
    server.readHead = async (...args) => ({ ...(await readHead(...args)), intervalMs: 12_000 })
    await client.connect(ANNA)
    const { headReads } = server
    await server.clock.advance(60_000)
    expect(server.headReads - headReads).toBeLessThanOrEqual(8)
  })
})

describe('without a socket', () => {
  it('the table is read from every 2 s to every 30 s, each message is delivered once, and a socket takes over', async () => {
    const { client, server, heard, states, errors } = setup()
    server.joins = 'fail'
    server.write(ANNA)
    const connected = client.connect(ANNA)
    await server.clock.advance(2_000)
    await connected
    expect(client.getState()).toMatchObject({ isReading: true, isConnected: false })
    const waits: number[] = []
    for (let n = 2; n <= 4; n += 1) {
      const { now } = server.clock
      server.write(ANNA)
      while (heard.length < n - 1) await server.clock.advance(100)
      waits.push(server.clock.now - now)
    }
    expect(heard).toEqual([2, 3, 4])
    expect(Math.max(...waits)).toBeLessThanOrEqual(4_000)
    const { headReads } = server
    await server.clock.advance(300_000)
    expect(server.headReads - headReads).toBeLessThan(16)
    expect(states).not.toContain('live')
    expect(errors.every(({ code }) => code === 'connection_lost')).toBe(true)
    server.joins = 'succeed'
    await server.clock.advance(30_000)
    expect(client.getState()).toMatchObject({ state: 'live', isReading: false })
    server.write(ANNA)
    expect(heard).toEqual([2, 3, 4, 5])
  })

  it('the page says that it reads only while reading works', async () => {
    const { client, server } = setup()
    await client.connect(ANNA)
    server.joins = 'fail'
    server.drop()
    await server.clock.advance(2_500)
    expect(client.getState().isReading).toBe(true)
    server.readable = false
    await server.clock.advance(10_000)
    expect(client.getState().isReading).toBe(false)
  })
})

describe('an account that is deleted while the page is open', () => {
  it('is signed out with the next check: the session and the cursor are forgotten, and the page is told why', async () => {
    const storage = new FakeStorage()
    const server = new FakeServer(ANNA)
    let forgotten = 0
    const identity: Identity = {
      currentUserId: () => server.currentUserId(),
      onChange: (listener) => server.onChange(listener),
      forget: () => {
        forgotten += 1
        server.signIn(null)
      },
    }
    const { client, states } = setup({ storage, identity }, server)
    await client.connect(ANNA)
    server.write(ANNA)
    expect(storage.values.size).toBe(1)
    server.readHead = async () => {
      throw new ClientError('account_deleted')
    }
    await server.clock.advance(30_000)
    expect(client.getState()).toMatchObject({ state: 'closed', reason: 'account-deleted' })
    expect([forgotten, storage.values.size, states.at(-1)]).toEqual([1, 0, 'closed'])
    expect(server.clock.running).toBe(0)
  })
})

describe('a proxy that ends each connection at once', () => {
  it('is met with fewer and fewer joins, the table is read, and the page does not say live', async () => {
    const { client, server, heard } = watchedPage()
    await client.connect(ANNA)
    const cut = (): void => {
      server.clock.set(() => {
        server.drop()
        cut()
      }, 300)
    }
    cut()
    await server.clock.advance(3_000)
    const joins = server.subscriptions.length
    let live = 0
    client.on('state', (change) => {
      if (change.new === 'live') live += 1
    })
    for (let second = 0; second < 60; second += 1) {
      if (second % 10 === 0) server.write(ANNA)
      await server.clock.advance(1_000)
    }
    expect(server.subscriptions.length - joins).toBeLessThanOrEqual(12)
    expect(live).toBe(0)
    expect(heard).toEqual([1, 2, 3, 4, 5, 6])
    expect(client.getState().isReading).toBe(true)
  })
})

describe('a gap that cannot be filled', () => {
  it.each([
    [
      'epoch-changed',
      (server: FakeServer) => Object.assign(server.table(ANNA), { epoch: 'epoch-2', seq: 0, rows: [] }),
      [1, 2, 1],
    ],
    [
      'below-floor',
      (server: FakeServer) => {
        server.writeUnheard(ANNA)
        const table = server.table(ANNA)
        Object.assign(table, { floor: table.seq, rows: [] })
      },
      [1, 2, 4],
    ],
    ['rewound', (server: FakeServer) => Object.assign(server.table(ANNA), { seq: 1, rows: [] }), [1, 2, 2]],
    [
      'rows-missing',
      (server: FakeServer) => {
        server.writeUnheard(ANNA)
        server.table(ANNA).rows.pop()
      },
      [1, 2, 4],
    ],
  ] as const)('is reported as %s, and delivery goes on', async (reason, change, expected) => {
    const { client, server, heard } = setup()
    const reloads: unknown[] = []
    client.on('reload', (event) => reloads.push(event))
    await client.connect(ANNA)
    server.write(ANNA)
    server.write(ANNA)
    change(server)
    server.page('wake')
    // A table that was set back is told apart from one that cannot be read yet.
    await server.clock.advance(reason === 'rewound' ? 10_000 : 0)
    server.write(ANNA)
    expect(reloads).toEqual([{ reason }])
    expect(client.getState()).toMatchObject({ recovered: false, state: 'live' })
    expect(heard).toEqual(expected)
  })

  it('delivers a broadcast once that is heard before its row can be read', async () => {
    const { client, server, heard } = setup()
    const reloads: unknown[] = []
    client.on('reload', (event) => reloads.push(event))
    await client.connect(ANNA)
    server.write(ANNA)
    server.write(ANNA)
    const table = server.table(ANNA)
    const committed = { seq: table.seq, rows: table.rows }
    // Sent, but not visible to others yet.
    Object.assign(table, { seq: 1, rows: table.rows.slice(0, 1) })
    server.page('wake')
    await server.clock.advance(0)
    expect(client.getState().state).toBe('stale')
    Object.assign(table, committed)
    await server.clock.advance(10_000)
    expect(client.getState()).toMatchObject({ recovered: true, state: 'live' })
    expect(reloads).toEqual([])
    expect(heard).toEqual([1, 2])
  })

  it('is reported once: the next visit continues at the head that the table was set back to', async () => {
    const storage = new FakeStorage()
    const server = new FakeServer(ANNA)
    const first = setup({ storage }, server)
    await first.client.connect(ANNA)
    for (let n = 0; n < 3; n += 1) server.write(ANNA)
    Object.assign(server.table(ANNA), { seq: 1, rows: server.table(ANNA).rows.slice(0, 1) })
    server.page('wake')
    await server.clock.advance(10_000)
    expect(first.client.getState()).toMatchObject({ recovered: false, lastSeq: 1 })
    first.client.disconnect()
    server.write(ANNA)

    const second = setup({ storage }, server)
    await second.client.connect(ANNA)
    expect([second.heard, second.client.getState().recovered]).toEqual([[2], true])
  })

  it('is not reported for rows that cannot be read yet; the client asks for these with pauses', async () => {
    const { client, server, heard } = setup()
    await client.connect(ANNA)
    server.write(ANNA)
    const early = imageMessage({ seq: 3, epoch: 'epoch-1' })
    const { headReads } = server
    server.onHead = () => {
      if (server.headReads > headReads + 20) server.readable = false
    }
    // The third is sent, the second was lost, and neither can be read yet.
    server.broadcast(ANNA, early)
    await settled()
    expect(client.getState().state).toBe('stale')
    expect(server.headReads - headReads).toBe(1)
    server.writeUnheard(ANNA)
    server.writeUnheard(ANNA)
    await server.clock.advance(10_000)
    expect([heard, client.getState().recovered]).toEqual([[1, 2, 3], true])
  })

  it('does not deliver again under a new epoch the messages of the old one', async () => {
    const { client, server, heard } = setup()
    await client.connect(ANNA)
    server.write(ANNA)
    server.write(ANNA)
    // Restored from a backup: the first row is back, the numbering has a new name.
    const table = server.table(ANNA)
    Object.assign(table, { epoch: 'epoch-2', seq: 1, rows: table.rows.slice(0, 1) })
    server.writeUnheard(ANNA)
    server.page('wake')
    await server.clock.advance(0)
    expect(heard).toEqual([1, 2, 2])
  })
})

describe('another user', () => {
  it('never gets messages that are under way for the earlier user', async () => {
    const storage = new FakeStorage()
    const { client, server, heard } = setup({ storage })
    await client.connect(ANNA)
    server.writeUnheard(ANNA)
    server.onPage = () => server.signIn(BEN)
    const before = new Map(storage.values)
    server.page('wake')
    await server.clock.advance(60_000)
    expect(heard).toEqual([])
    expect(storage.values).toEqual(before)
    expect(client.getState()).toMatchObject({ state: 'closed', reason: 'user-changed' })
  })

  it('gets no rows that were read for the earlier user, and keeps its own cursor', async () => {
    const storage = new FakeStorage()
    const { client, server, heard } = setup({ storage })
    const reloads: unknown[] = []
    client.on('reload', (event) => reloads.push(event))
    await client.connect(ANNA)
    server.write(ANNA)
    Object.assign(server.table(ANNA), { epoch: 'epoch-2', seq: 0, rows: [] })
    const readHead = server.readHead.bind(server)
    // As where the answer is there already and nothing can take it back.
    server.readHead = async (userId) => {
      const head = await readHead(userId, new AbortController().signal)
      server.signIn(BEN)
      return head
    }
    const before = new Map(storage.values)
    const { headReads } = server
    // Of another numbering, so that everything is read anew.
    server.write(ANNA)
    await server.clock.advance(60_000)
    expect(server.headReads).toBe(headReads + 1)
    expect([heard, reloads, storage.values]).toEqual([[1], [], before])
  })

  it('gets no batch that was collected for the earlier user', async () => {
    const { client, server } = setup()
    const batches: number[] = []
    client.on('batch', (items) => batches.push(items.length))
    await client.connect(ANNA)
    server.write(ANNA)
    server.write(ANNA)
    server.signIn(BEN)
    await server.clock.advance(1_000)
    expect(batches).toEqual([1])
  })

  it('ends the connection where a request shows that another user has signed in', async () => {
    const { client, server, errors } = setup()
    await client.connect(ANNA)
    server.readHead = async () => {
      throw new ClientError('user_mismatch')
    }
    server.page('wake')
    await server.clock.advance(0)
    expect(client.getState()).toMatchObject({ state: 'closed', reason: 'user-changed' })
    expect([errors, server.listeners, server.clock.running]).toEqual([[], 0, 0])
  })

  it('ends the topics of the earlier user, also after that user’s disconnect', async () => {
    const { client, server } = setup()
    await client.connect(ANNA)
    const queue = client.subscribeQueue('queue-1')
    client.disconnect()
    expect(queue.state).not.toBe('closed')
    server.signIn(BEN)
    await client.connect(BEN)
    expect(queue.state).toBe('closed')
  })

  it('ends the connection on sign-out without leaving anything behind', async () => {
    const { client, server, heard } = setup()
    await client.connect(ANNA)
    server.signIn(null)
    server.write(ANNA)
    await server.clock.advance(120_000)
    expect(heard).toEqual([])
    expect(server.subscriptions.every(({ left }) => left)).toBe(true)
    expect([server.clock.running, server.listeners]).toEqual([0, 0])
    expect(client.getState()).toMatchObject({ state: 'closed', reason: 'signed-out' })
  })
})

describe('the place of a device', () => {
  function place() {
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>()
    const unregister = vi.fn(() => answered)
    const devices: Devices = {
      deviceId: 'device-1',
      register: async () => ({ silenceLimitMs: 60_000 }),
      heartbeat: async () => 'live',
      unregister,
    }
    return { ...setup({ devices }), unregister, answer }
  }

  it('is given up by disconnect(), which resolves when the server has answered', async () => {
    const { client, unregister, answer } = place()
    await client.connect(ANNA)
    let isFree = false
    const free = client.disconnect().then(() => {
      isFree = true
    })
    await settled()
    expect([unregister.mock.calls.length, isFree]).toEqual([1, false])
    answer()
    await free
  })

  it('is left to expire when the user is signed out, because the user has no token any more', async () => {
    const { client, server, unregister } = place()
    await client.connect(ANNA)
    server.signIn(null)
    expect(client.getState()).toMatchObject({ state: 'closed', reason: 'signed-out' })
    await client.disconnect()
    expect(unregister).not.toHaveBeenCalled()
  })
})

describe('a device that is displaced', () => {
  const devices: Devices = {
    deviceId: 'device-1',
    register: async () => ({ silenceLimitMs: 60_000 }),
    heartbeat: async () => 'live',
    unregister: async () => undefined,
  }
  const displaced = (deviceId: string) => ({
    type: 'error',
    code: 'connection_displaced',
    message: 'Another device has taken the place of this one.',
    deviceId,
    displacedBy: 'device-3',
    timestamp: '2026-11-23T10:00:00.000Z',
  })

  it('reports that, and gives up its connection; the user’s other devices stay connected', async () => {
    const { client, server, errors } = setup({ devices })
    await client.connect(ANNA)
    server.broadcast(ANNA, displaced('device-2'))
    expect([client.getState().state, errors]).toEqual(['live', []])
    server.broadcast(ANNA, displaced('device-1'))
    expect(client.getState()).toMatchObject({ state: 'error', reason: 'connection_displaced' })
    expect(errors.map(({ code, details }) => [code, details])).toEqual([
      ['connection_displaced', { displacedBy: 'device-3' }],
    ])
    expect(server.current).toBeUndefined()
  })

  it('takes the place of another when it is told to, and connects at once', async () => {
    const displacing: (string | undefined)[] = []
    let full = true
    const { client, server, errors } = setup({
      devices: {
        ...devices,
        register: async (displace) => {
          displacing.push(displace)
          if (full && displace === undefined) throw new ClientError('too_many_connections')
          full = false
          return { silenceLimitMs: 60_000 }
        },
      },
    })
    void client.connect(ANNA)
    await settled()
    expect(client.getState()).toMatchObject({ state: 'error', reason: 'too_many_connections' })
    await client.displaceDevice('device-2')
    await server.clock.advance(0)
    expect(client.getState().state).toBe('live')
    expect(displacing).toEqual([undefined, 'device-2', undefined])
    expect(errors.map(({ code }) => code)).toEqual(['too_many_connections'])
  })
})

describe('listeners', () => {
  it('that throw are reported, and the other listeners are called', async () => {
    const { client, server, heard, errors } = setup()
    client.on('image_processed', () => {
      throw new Error('broken page')
    })
    await client.connect(ANNA)
    server.write(ANNA)
    server.write(ANNA)
    expect(heard).toEqual([1, 2])
    expect(errors.map(({ code }) => code)).toEqual(['listener_failed', 'listener_failed'])
    expect(errors[0]?.details).toEqual({ event: 'image_processed' })
  })

  it('for errors that throw cannot cause a loop', async () => {
    const { client, server, warnings } = setup()
    client.on('error', () => {
      throw new Error('broken reporter')
    })
    client.on('message', () => {
      throw new Error('broken page')
    })
    await client.connect(ANNA)
    server.write(ANNA)
    expect(warnings).toHaveLength(2)
  })

  it('hear once with once, and no longer after off', async () => {
    const { client, server } = setup()
    const calls: string[] = []
    client.once('image_processed', () => calls.push('once'))
    const off = client.on('image_processed', () => calls.push('on'))
    const named = () => calls.push('named')
    client.on('image_processed', named)
    await client.connect(ANNA)
    server.write(ANNA)
    off()
    client.off('image_processed', named)
    server.write(ANNA)
    expect(calls).toEqual(['once', 'on', 'named'])
  })

  it('that disconnect half-way get nothing more, and the rest comes on the next visit', async () => {
    const storage = new FakeStorage()
    const server = new FakeServer(ANNA)
    const first = setup({ storage }, server)
    await first.client.connect(ANNA)
    for (let n = 0; n < 3; n += 1) server.writeUnheard(ANNA)
    first.client.once('message', () => first.client.disconnect())
    server.page('wake')
    await server.clock.advance(0)
    expect(first.heard).toEqual([1])

    const second = setup({ storage }, server)
    await second.client.connect(ANNA)
    expect(second.heard).toEqual([2, 3])
  })

  it('may cause further messages, which are delivered after the present one', async () => {
    const { client, server, heard } = setup()
    await client.connect(ANNA)
    client.once('image_processed', () => server.write(ANNA))
    server.write(ANNA)
    expect(heard).toEqual([1, 2])
  })
})

describe('storage', () => {
  it('that is blocked loses only the cursor at a reload', async () => {
    const storage = new FakeStorage()
    storage.blocked = true
    const { client, server, heard } = setup({ storage })
    await client.connect(ANNA)
    server.write(ANNA)
    client.disconnect()
    server.write(ANNA)
    await client.connect(ANNA)
    expect(heard).toEqual([1, 2])
  })

  it('of a page that lags behind another does not take the cursor back', async () => {
    const storage = new FakeStorage()
    const server = new FakeServer(ANNA)
    const [ahead, behind] = [setup({ storage }, server), setup({ storage }, server)]
    await Promise.all([ahead.client.connect(ANNA), behind.client.connect(ANNA)])
    server.write(ANNA)
    const stored = [...storage.values.values()]
    server.broadcast(ANNA, imageMessage({ seq: 1, epoch: 'epoch-1' }))
    expect([...storage.values.values()]).toEqual(stored)
    expect(stored).toEqual([JSON.stringify({ epoch: 'epoch-1', seq: 1 })])
  })
})

describe('signed URLs', () => {
  const url = (n: number) => `http://127.0.0.1/storage/v1/object/sign/derivatives/i/d/${n}.jpg?token=old`

  it('that have expired are signed again before a listener sees them, in order', async () => {
    const asked: string[][] = []
    const { client, server } = setup({
      signer: {
        signAgain: async (urls) => {
          asked.push([...urls])
          await Promise.resolve()
          return new Map(urls.map((old) => [old, old === url(3) ? null : old.replace('old', 'new')]))
        },
      },
    })
    const seen: (string | undefined)[] = []
    client.on('image_processed', (message) => seen.push(message.signedUrl))
    await client.connect(ANNA)
    const past = '2026-11-23T09:00:00.000Z'
    const future = '2026-11-23T12:00:00.000Z'
    server.writeUnheard(ANNA, { signedUrl: url(1), signedUrlExpiresAt: past })
    server.writeUnheard(ANNA, { signedUrl: url(2), signedUrlExpiresAt: future })
    server.writeUnheard(ANNA, { signedUrl: url(3), signedUrlExpiresAt: past })
    server.page('wake')
    await settled()
    server.write(ANNA, { signedUrl: url(4), signedUrlExpiresAt: future })
    await settled()
    expect(seen).toEqual([url(1).replace('old', 'new'), url(2), undefined, url(4)])
    expect(asked).toEqual([[url(1), url(3)]])
  })
})

describe('any course of events', () => {
  const steps = fc.array(
    fc.oneof(
      { weight: 5, arbitrary: fc.constant('write' as const) },
      { weight: 3, arbitrary: fc.constant('writeUnheard' as const) },
      { weight: 2, arbitrary: fc.constant('doubled' as const) },
      { weight: 2, arbitrary: fc.constant('drop' as const) },
      { weight: 1, arbitrary: fc.constant('refuse' as const) },
      { weight: 1, arbitrary: fc.constant('offline' as const) },
      { weight: 2, arbitrary: fc.constant('wake' as const) },
      { weight: 1, arbitrary: fc.constant('unreadable' as const) },
      { weight: 1, arbitrary: fc.constant('readable' as const) },
      { weight: 1, arbitrary: fc.constant('reload' as const) },
      { weight: 4, arbitrary: fc.nat({ max: 20_000 }) },
    ),
    { maxLength: 60 },
  )

  it('delivers every message once and in order, and is never live while behind by more than one interval', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (course) => {
        const storage = new FakeStorage()
        const server = new FakeServer(ANNA)
        const delivered: number[] = []
        const behindSince = new Map<number, number>()
        const start = () => {
          const client = setup({ storage, pageSize: 3 }, server).client
          client.on('message', (message) => delivered.push(message.seq ?? -1))
          void client.connect(ANNA)
          return client
        }
        let client = start()
        await server.clock.advance(0)
        for (const step of course) {
          if (typeof step === 'number') await server.clock.advance(step)
          else if (step === 'write' || step === 'writeUnheard') server[step](ANNA)
          else if (step === 'doubled') server.broadcast(ANNA, server.table(ANNA).rows.at(-1)?.payload ?? null)
          else if (step === 'drop') server.drop()
          else if (step === 'refuse') server.refuse('join_refused')
          else if (step === 'offline' || step === 'wake') server.page(step)
          else if (step === 'reload') {
            client.disconnect()
            client = start()
          } else server.readable = step === 'readable'
          await settled()

          const { seq } = server.table(ANNA)
          if (seq > delivered.length && !behindSince.has(seq)) behindSince.set(seq, server.clock.now)
          for (const [missing, since] of behindSince) {
            if (missing <= delivered.length) behindSince.delete(missing)
            else if (server.clock.now - since > 30_000) expect(client.getState().state).not.toBe('live')
          }
        }
        server.readable = true
        await server.clock.advance(120_000)
        expect(delivered).toEqual(server.table(ANNA).rows.map(({ seq }) => seq))
        expect(client.getState().state).toBe('live')
        client.disconnect()
        expect([server.clock.running, server.listeners]).toEqual([0, 0])
      }),
      { numRuns: 150 },
    )
  })
})
