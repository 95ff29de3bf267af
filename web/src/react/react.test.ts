import { createClient } from '@supabase/supabase-js'
import { createElement, StrictMode } from 'react'
import { renderToString } from 'react-dom/server'
import { describe, expect, it } from 'vitest'
import { DashboardWebSocketClient } from '../client/dashboard-websocket-client.ts'
import type { QueueJob } from '../client/ports.ts'
import { FakeServer, FakeStorage, imageMessage, settled } from '../client/testing/fake-server.ts'
import { LiveProvider, useConnection, useJob, useNotifications } from './index.ts'
import { createStore } from './store.ts'
import { connectionStore, jobStore, messagesStore } from './stores.ts'

const ANNA = 'user-anna'

/** Never asked for anything: every port is given. */
const supabase = createClient('http://127.0.0.1:1', 'sb_publishable_test', {
  auth: { persistSession: false },
})

function setup(rows: QueueJob[] = []) {
  const world = new FakeServer(ANNA)
  const client = new DashboardWebSocketClient({
    supabase,
    transport: world,
    source: world,
    inbox: world,
    devices: null,
    identity: world,
    signer: { signAgain: async () => new Map() },
    queues: { readJobs: async () => rows },
    pageEvents: world.pageEvents,
    clock: () => world.clock.now,
    timers: world.clock,
    random: () => 0.5,
    storage: new FakeStorage(),
    tabs: null,
  })
  return { world, client }
}

const running = (progress: number, revision: number) =>
  imageMessage({ type: 'image_processing_progress', status: 'processing', progress, revision })

function Page() {
  const { state } = useConnection()
  const { messages, unreadCount } = useNotifications()
  return createElement('p', {}, `${state} ${messages.length} ${unreadCount} ${useJob('job-1')?.status}`)
}

describe('a store', () => {
  it('runs only while a component uses it, and once for all components', () => {
    const log: string[] = []
    const store = createStore(
      () => 0,
      (set) => {
        log.push('start')
        set((value) => value + 1)
        return () => log.push('stop')
      },
    )
    expect(store.getSnapshot()).toBe(0)
    const changed = (): void => undefined
    // As React's StrictMode does it.
    store.subscribe(changed)()
    const [first, second] = [store.subscribe(changed), store.subscribe(changed)]
    first()
    first()
    expect(log).toEqual(['start', 'stop', 'start'])
    second()
    expect(log).toEqual(['start', 'stop', 'start', 'stop'])
  })
})

describe('the connection', () => {
  it('is a value that stays the same object until it changes', async () => {
    const { client, world } = setup()
    const store = connectionStore(client)
    let renders = 0
    const stop = store.subscribe(() => {
      renders += 1
    })
    const idle = store.getSnapshot()
    expect(store.getSnapshot()).toBe(idle)
    await client.connect(ANNA)
    await settled()
    expect(store.getSnapshot()).toMatchObject({ state: 'live', unreadCount: 0 })
    world.write(ANNA)
    expect(store.getSnapshot()).toMatchObject({ unreadCount: 1 })
    const before = renders
    stop()
    client.disconnect()
    expect([renders, store.getSnapshot().state]).toEqual([before, 'live'])
    // A component that subscribes again gets the present state.
    store.subscribe(() => undefined)()
    expect(store.getSnapshot().state).toBe('closed')
  })
})

describe('notifications', () => {
  it('are the durable ones, newest first, no more than asked for', async () => {
    const { client, world } = setup()
    const store = messagesStore(client, 2)
    const stop = store.subscribe(() => undefined)
    await client.connect(ANNA)
    for (let n = 0; n < 3; n += 1) {
      world.write(ANNA)
      await world.clock.advance(200)
    }
    world.broadcast(ANNA, running(50, 9))
    await world.clock.advance(200)
    expect(store.getSnapshot().map(({ message }) => message.seq)).toEqual([3, 2])
    stop()
  })

  it('from before the page was opened are there, and each once', async () => {
    const { client, world } = setup()
    world.write(ANNA)
    world.write(ANNA)
    await client.connect(ANNA)
    const store = messagesStore(client, 10)
    const stop = store.subscribe(() => undefined)
    await settled()
    expect(store.getSnapshot().map(({ message }) => message.seq)).toEqual([2, 1])
    world.write(ANNA)
    await world.clock.advance(200)
    expect(store.getSnapshot().map(({ message }) => message.seq)).toEqual([3, 2, 1])
    stop()
  })

  it('of a user who has gone are gone as well', async () => {
    const { client, world } = setup()
    const store = messagesStore(client, 10)
    store.subscribe(() => undefined)
    await client.connect(ANNA)
    world.write(ANNA)
    expect(store.getSnapshot()).toHaveLength(1)
    world.signIn('user-ben')
    expect(store.getSnapshot()).toEqual([])
  })
})

describe('a job', () => {
  it('goes on with its messages, and never back', async () => {
    const { client, world } = setup()
    const store = jobStore(client, 'job-1', null)
    const stop = store.subscribe(() => undefined)
    await client.connect(ANNA)
    expect(store.getSnapshot()).toBeNull()
    world.broadcast(ANNA, running(40, 3))
    world.broadcast(ANNA, running(20, 2))
    world.broadcast(ANNA, imageMessage({ jobId: 'job-2', revision: 9 }))
    expect(store.getSnapshot()).toMatchObject({ status: 'processing', progress: 40 })
    world.write(ANNA, { revision: 4 })
    expect(store.getSnapshot()).toMatchObject({ status: 'completed', progress: 100 })
    stop()
  })

  it('of a known queue is known at once; the queue is left with the last who looks', async () => {
    const row = {
      jobId: 'job-1',
      status: 'processing',
      progress: 60,
      stage: null,
      error: null,
      errorCode: null,
    }
    const { client, world } = setup([{ ...row, status: 'processing', revision: 5 }])
    await client.connect(ANNA)
    const store = jobStore(client, 'job-1', 'queue-1')
    // As React's StrictMode does it.
    store.subscribe(() => undefined)()
    const stop = store.subscribe(() => undefined)
    await settled()
    expect(store.getSnapshot()).toMatchObject({ progress: 60 })
    const joined = (): number =>
      world.subscriptions.filter(({ left, topic }) => !left && topic === 'queue:queue-1').length
    expect(joined()).toBe(1)
    stop()
    await settled()
    expect(joined()).toBe(0)
  })
})

describe('the hooks', () => {
  it('render on a server, without a connection', () => {
    const { client, world } = setup()
    const page = createElement(LiveProvider, { client, userId: ANNA }, createElement(Page))
    expect(renderToString(createElement(StrictMode, {}, page))).toBe('<p>idle 0 null undefined</p>')
    expect([client.getState().state, world.listeners]).toEqual(['idle', 0])
  })

  it('say so where there is no provider', () => {
    expect(() => renderToString(createElement(Page))).toThrow('LiveProvider')
  })
})
