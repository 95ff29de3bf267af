/** What happens to a client before its engine is there. */

import { createClient } from '@supabase/supabase-js'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { DashboardWebSocketClientOptions } from './client-options.ts'
import { DashboardWebSocketClient } from './dashboard-websocket-client.ts'
import type { Engine } from './engine-module.ts'
import { LazyModule } from './lazy-module.ts'
import type { Devices, QueueSource, Sender } from './ports.ts'
import { FakeServer, settled } from './testing/fake-server.ts'

const ANNA = 'user-anna'
const BEN = 'user-ben'

const loading = vi.hoisted(() => ({ part: null as LazyModule<Engine> | null }))

vi.mock('./engine-module.ts', async (original) => {
  const actual = await original<typeof import('./engine-module.ts')>()
  return {
    get engineModule() {
      return loading.part ?? actual.engineModule
    },
  }
})

let engineArrives: () => Promise<void>

beforeEach(() => {
  const { promise, resolve } = Promise.withResolvers<void>()
  loading.part = new LazyModule(async () => {
    await promise
    return import('./engine.ts')
  })
  engineArrives = async () => {
    resolve()
    await loading.part?.ready()
    await settled()
  }
})

const supabase = createClient('http://127.0.0.1:1', 'sb_publishable_test', {
  auth: { persistSession: false },
})

function setup(options: Partial<DashboardWebSocketClientOptions> = {}) {
  const server = new FakeServer(ANNA)
  const queues: QueueSource = { readJobs: async () => [] }
  const sent: string[] = []
  const sender: Sender = {
    send: async (topic) => void sent.push(topic),
    sendTyping: async (incidentId) => void sent.push(incidentId),
    sendBinary: async (topic) => void sent.push(topic),
  }
  const client = new DashboardWebSocketClient({
    supabase,
    ...server.clientOptions(),
    queues,
    sender,
    logger: { debug: () => undefined, warn: () => undefined },
    ...options,
  })
  const states: string[] = []
  const heard: number[] = []
  client.on('state', (change) => states.push(change.new))
  client.on('message', (message) => heard.push(message.seq ?? -1))
  const joined = (): string[] => server.subscriptions.filter(({ left }) => !left).map(({ topic }) => topic)
  return { client, server, states, heard, sent, joined }
}

/** Its engine is being loaded. */
async function setupLoading(options: Partial<DashboardWebSocketClientOptions> = {}) {
  const parts = setup(options)
  const connecting = parts.client.connect(ANNA)
  await settled()
  expect(parts.client.getState().state).toBe('connecting')
  return { ...parts, connecting }
}

describe('a client whose engine is being loaded', () => {
  it('is connecting, and live once the engine is loaded', async () => {
    const { connecting, server, states, heard } = await setupLoading()
    await engineArrives()
    await connecting
    server.write(ANNA)
    expect(states).toEqual(['connecting', 'catching-up', 'live'])
    expect(heard).toEqual([1])
  })

  it('connects once for several calls of connect, and resolves each when live', async () => {
    const { client, joined } = setup()
    const live: string[] = []
    const calls = [1, 2].map(async () => {
      await client.connect(ANNA)
      live.push(client.getState().state)
    })
    await settled()
    calls.push(client.connect(ANNA))
    expect(live).toEqual([])
    await engineArrives()
    await Promise.all(calls)
    expect(live).toEqual(['live', 'live'])
    expect(joined()).toEqual([`user:${ANNA}`])
  })

  it('that is disconnected never begins, and leaves nothing behind', async () => {
    const { client, connecting, server, states } = await setupLoading()
    client.disconnect()
    await connecting
    await engineArrives()
    server.page('wake')
    await server.clock.advance(60_000)
    expect(states).toEqual(['connecting', 'closed'])
    expect([server.subscriptions.length, server.listeners, server.clock.running]).toEqual([0, 0, 0])
  })

  it('that is disconnected by a listener of `connecting` leaves nothing behind', async () => {
    const { client, server, states } = setup()
    client.once('state', () => client.disconnect())
    await client.connect(ANNA)
    await engineArrives()
    expect(states).toEqual(['connecting', 'closed'])
    expect([server.subscriptions.length, server.listeners]).toEqual([0, 0])
  })

  it('that is disconnected and connected again begins once', async () => {
    const { client, joined, states } = await setupLoading()
    client.disconnect()
    const again = client.connect(ANNA)
    await settled()
    await engineArrives()
    await again
    expect(joined()).toEqual([`user:${ANNA}`])
    expect(states).toEqual(['connecting', 'closed', 'connecting', 'catching-up', 'live'])
  })

  it('ends with the session, and its topics end as well', async () => {
    const { client, connecting, server } = await setupLoading()
    const queue = client.subscribeQueue('queue-1')
    server.signIn(null)
    await connecting
    await engineArrives()
    expect(client.getState()).toMatchObject({ state: 'closed', reason: 'signed-out' })
    expect(queue.state).toBe('closed')
    expect([server.subscriptions.length, server.listeners]).toEqual([0, 0])
  })

  it('begins for the next user alone where the user changes', async () => {
    const { client, server, joined, heard } = await setupLoading()
    server.signIn(BEN)
    const connecting = client.connect(BEN)
    await settled()
    await engineArrives()
    await connecting
    server.write(ANNA)
    server.write(BEN)
    expect(joined()).toEqual([`user:${BEN}`])
    expect(heard).toEqual([1])
  })

  it('does not carry out requests of the earlier user for the next one', async () => {
    const { client, server, sent } = await setupLoading()
    server.write(BEN)
    const asked = [client.markRead({ upTo: 1 }), client.sendTyping('incident-1')].map((promise) =>
      promise.catch(({ code }) => code),
    )
    server.signIn(BEN)
    const connecting = client.connect(BEN)
    await settled()
    await engineArrives()
    await connecting
    expect(await Promise.all(asked)).toEqual(['not_signed_in', 'not_signed_in'])
    expect([server.table(BEN).read.size, sent]).toEqual([0, []])
  })

  it('carries out earlier requests once the engine is loaded', async () => {
    const { client, server, sent } = await setupLoading()
    server.write(ANNA)
    const asked = [client.markRead({ upTo: 1 }), client.send('incident:1', 'note', {})]
    await engineArrives()
    await Promise.all(asked)
    expect([server.table(ANNA).read.size, sent]).toEqual([1, ['incident:1']])
  })

  it('joins the topics that were followed meanwhile, unless they were closed', async () => {
    const { client, connecting, joined } = await setupLoading()
    const queue = client.subscribeQueue('queue-1')
    const incident = client.joinIncident('incident-1')
    client.subscribeQueue('queue-2').close()
    await engineArrives()
    await connecting
    await settled()
    expect(joined().sort()).toEqual(['incident:incident-1', 'queue:queue-1', `user:${ANNA}`])
    expect([queue.state, incident.state]).toEqual(['live', 'live'])
  })

  it('does not begin in a page in the back/forward cache, but when the page comes back', async () => {
    const { client, server, joined, heard } = await setupLoading()
    server.page('suspend')
    await engineArrives()
    await server.clock.advance(60_000)
    expect([joined(), server.clock.running]).toEqual([[], 0])
    server.page('wake')
    await server.clock.advance(0)
    server.write(ANNA)
    expect(client.getState().state).toBe('live')
    expect([joined(), heard]).toEqual([[`user:${ANNA}`], [1]])
  })

  it.each([
    ['suspend', 'wake'],
    ['offline', 'online'],
    ['offline', 'wake'],
    ['wake', 'online'],
  ] as const)('is live after events of the page meanwhile (%s, %s)', async (...events) => {
    const { client, server, joined } = await setupLoading()
    for (const event of events) server.page(event)
    await engineArrives()
    expect([client.getState().state, joined()]).toEqual(['live', [`user:${ANNA}`]])
  })

  it('accepts `retryNow` and `ping`', async () => {
    const { client, connecting } = await setupLoading()
    client.retryNow()
    client.ping()
    await engineArrives()
    await connecting
    expect(client.getState().state).toBe('live')
  })
})

describe('topics that are followed before the client connects', () => {
  it('belong to the next user when followed after the earlier user’s sign-out', async () => {
    const { client, server, joined } = setup()
    await engineArrives()
    await client.connect(ANNA)
    const before = client.subscribeQueue('queue-of-anna')
    server.signIn(null)
    const after = client.subscribeQueue('queue-of-ben')
    server.signIn(BEN)
    await client.connect(BEN)
    await settled()
    expect([before.state, after.state]).toEqual(['closed', 'live'])
    expect(joined().sort()).toEqual(['queue:queue-of-ben', `user:${BEN}`])
  })
})

describe('a client that cannot tell who is signed in', () => {
  const devices = (): Devices & { registrations: number } => ({
    deviceId: 'device-1',
    registrations: 0,
    async register() {
      this.registrations += 1
      return { silenceLimitMs: 60_000 }
    },
    heartbeat: async () => 'live',
    unregister: async () => undefined,
  })

  it.each([
    ['by itself', () => undefined],
    ['when the device is online', (server: FakeServer) => server.page('online')],
  ])('goes on trying, and is live once the session can be read (%s)', async (_, then) => {
    const registry = devices()
    const { client, server, heard } = setup({ devices: registry })
    await engineArrives()
    const errors: string[] = []
    client.on('error', ({ code }) => errors.push(code))
    server.identifiable = false
    const connecting = client.connect(ANNA)
    await settled()
    expect(client.getState()).toMatchObject({ state: 'offline', reason: 'session' })
    expect(errors).toContain('connection_lost')
    expect([registry.registrations, server.subscriptions.length]).toEqual([0, 0])
    server.identifiable = true
    then(server)
    await server.clock.advance(30_000)
    await connecting
    server.write(ANNA)
    expect([client.getState().state, heard]).toEqual(['live', [1]])
  })

  it('does not begin where a listener has disconnected the client', async () => {
    const { client, server, states } = setup({ devices: devices() })
    server.identifiable = false
    client.on('error', () => client.disconnect())
    await client.connect(ANNA)
    await server.clock.advance(60_000)
    expect([states, server.listeners, server.clock.running]).toEqual([[], 0, 0])
  })

  it('rejects with any other error', async () => {
    const { client, server } = setup()
    server.currentUserId = async () => {
      throw new TypeError('broken identity')
    }
    await expect(client.connect(ANNA)).rejects.toThrow('broken identity')
    expect(client.getState().state).toBe('idle')
  })

  it('ends when the session turns out to be another user’s', async () => {
    const registry = devices()
    const { client, server } = setup({ devices: registry })
    await engineArrives()
    server.identifiable = false
    const connecting = client.connect(BEN)
    await settled()
    server.identifiable = true
    await server.clock.advance(30_000)
    await connecting
    expect(client.getState()).toMatchObject({ state: 'closed', reason: 'user-changed' })
    expect([registry.registrations, server.subscriptions.length]).toEqual([0, 0])
    expect([server.listeners, server.clock.running]).toEqual([0, 0])
  })
})
