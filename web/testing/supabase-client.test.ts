/** The client on the real supabase-js, over a real socket, against a project in this process. */

import { createClient, type SupabaseClient } from '@supabase/supabase-js'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DashboardWebSocketClient, type DashboardWebSocketClientOptions } from '../src/client/index.ts'
import { createSupabaseTransport } from '../src/client/supabase-transport.ts'
import { FakeSupabase } from './fake-supabase.ts'

const EXPIRED = '2020-01-01T00:00:00.000Z'

let fake: FakeSupabase
let supabase: SupabaseClient
const clients: DashboardWebSocketClient[] = []

beforeEach(async () => {
  fake = await FakeSupabase.start()
  supabase = createClient(fake.url, 'sb_publishable_test', { auth: { persistSession: false } })
  const { error } = await supabase.auth.signInWithPassword({
    email: fake.user.email,
    password: fake.password,
  })
  expect(error).toBeNull()
})

afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect()
  await supabase.realtime.disconnect()
  await supabase.auth.stopAutoRefresh()
  await fake.stop()
})

function connectable(options: Partial<DashboardWebSocketClientOptions> = {}) {
  const client = new DashboardWebSocketClient({
    supabase,
    reconnectDelay: 20,
    maxReconnectDelay: 50,
    ...options,
  })
  clients.push(client)
  const heard: number[] = []
  client.on('message', (message) => heard.push(message.seq ?? -1))
  return { client, heard }
}

function image(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    type: 'image_processed',
    jobId: 'job-1',
    incidentId: 'incident-1',
    documentId: 'document-1',
    documentType: 'photo',
    status: 'completed',
    timestamp: new Date().toISOString(),
    ...fields,
  }
}

describe('the client on supabase-js', () => {
  it('joins the private channel with the user’s token at the first attempt', async () => {
    const { client } = connectable()
    await client.connect(fake.user.id)
    const { data } = await supabase.auth.getSession()
    expect(fake.joins).toEqual([
      {
        topic: `realtime:user:${fake.user.id}`,
        accessToken: data.session?.access_token,
        config: expect.objectContaining({ private: true }),
      },
    ])
    expect(client.getState()).toMatchObject({ state: 'live', userId: fake.user.id })
  })

  describe('of a page that was opened anew', () => {
    const values = new Map<string, string>()
    const auth = {
      persistSession: true,
      autoRefreshToken: false,
      storageKey: 'session',
      storage: {
        getItem: (key: string) => values.get(key) ?? null,
        setItem: (key: string, value: string) => void values.set(key, value),
        removeItem: (key: string) => void values.delete(key),
      },
    }

    beforeEach(async () => {
      values.clear()
      const before = createClient(fake.url, 'sb_publishable_test', { auth })
      await before.auth.signInWithPassword({ email: fake.user.email, password: fake.password })
      supabase = createClient(fake.url, 'sb_publishable_test', { auth })
    })

    it('joins with the token of the session that was kept', async () => {
      const { client } = connectable()
      await client.connect(fake.user.id)
      const { data } = await supabase.auth.getSession()
      expect(data.session?.access_token).toBeTruthy()
      expect(fake.joins.map(({ accessToken }) => accessToken)).toEqual([data.session?.access_token])
    })

    it('does not join with the page’s key where the session is gone', async () => {
      const { client } = connectable({ devices: null })
      await client.connect(fake.user.id)
      values.clear()
      fake.cutSockets()
      await vi.waitFor(() => expect(client.getState().reconnectAttempts).toBeGreaterThan(3))
      expect(client.getState().reason ?? 'session').toBe('session')
      expect(fake.joins).toHaveLength(1)
    })
  })

  it('logs frames and changes of state where it is asked to, and no token', async () => {
    const lines: string[] = []
    const log = (message: string, fields?: unknown) => lines.push(`${message} ${JSON.stringify(fields)}`)
    const { client } = connectable({ debug: true, logger: { debug: log, warn: log } })
    await client.connect(fake.user.id)
    fake.notify(image())
    const topic = `realtime:user:${fake.user.id}`
    await vi.waitFor(() => expect(lines.join('\n')).toContain(`receive: ${topic} broadcast`))
    const text = lines.join('\n')
    expect(text).toContain(`push: ${topic} phx_join`)
    expect(text).toContain('catching-up -> live')
    expect(text).toContain('"documentId":"document-1"')
    const { data } = await supabase.auth.getSession()
    expect(data.session?.access_token).toBeTruthy()
    expect(text).not.toContain(data.session?.access_token)
    expect(text).not.toContain('sb_publishable_test')
  })

  it('hears broadcasts, batches and messages that were broadcast while it was away', async () => {
    const { client, heard } = connectable()
    await client.connect(fake.user.id)
    fake.notify(image())
    const batch = [fake.notify(image(), { heard: false }), fake.notify(image(), { heard: false })]
    fake.broadcast({
      type: 'batch_update',
      messages: batch.map(({ payload }) => payload),
      timestamp: EXPIRED,
    })
    await vi.waitFor(() => expect(heard).toEqual([1, 2, 3]))

    fake.cutSockets()
    fake.notify(image(), { heard: false })
    await vi.waitFor(() => expect(heard).toEqual([1, 2, 3, 4]))
    await vi.waitFor(() => expect(client.getState().state).toBe('live'))
    expect(fake.joinedTopics).toHaveLength(1)
  })

  it('survives cut after cut without losing, doubling or disordering anything', async () => {
    const { client, heard } = connectable()
    await client.connect(fake.user.id)
    for (let round = 0; round < 8; round += 1) {
      for (let n = 0; n < 5; n += 1) fake.notify(image(), { heard: n % 2 === round % 2 })
      if (round % 2 === 0) fake.cutSockets()
      else fake.closeChannels()
      fake.notify(image())
      await vi.waitFor(() => expect(client.getState().state).toBe('live'), { timeout: 5_000 })
    }
    fake.notify(image())
    await vi.waitFor(() => expect(heard).toHaveLength(49))
    expect(heard).toEqual(Array.from({ length: 49 }, (_, index) => index + 1))
  })

  it('comes back after the server closed the channel', async () => {
    const { client, heard } = connectable()
    await client.connect(fake.user.id)
    fake.closeChannels()
    await vi.waitFor(() => expect(fake.joins).toHaveLength(2))
    fake.notify(image())
    await vi.waitFor(() => expect(heard).toEqual([1]))
  })

  it('shows a refusal as an error, and is live once the server agrees', async () => {
    fake.refuseJoins = 'Unauthorized: You do not have permissions to read from this Channel topic'
    const { client } = connectable()
    const states: string[] = []
    client.on('state', (change) => states.push(change.new))
    const connected = client.connect(fake.user.id)
    await vi.waitFor(() =>
      expect(client.getState()).toMatchObject({ state: 'error', reason: 'join_refused' }),
    )
    fake.refuseJoins = null
    await connected
    expect(states.at(-1)).toBe('live')
  })

  it('retries after a limit of the server as after any loss, and shows no refusal', async () => {
    fake.refuseJoins = 'ClientJoinRateLimitReached: Too many joins per second'
    const { client } = connectable()
    const states: string[] = []
    client.on('state', ({ state }) => states.push('reason' in state ? state.reason : state.name))
    const connected = client.connect(fake.user.id)
    await vi.waitFor(() => expect(fake.joins.length).toBeGreaterThan(1))
    fake.refuseJoins = null
    await connected
    expect(new Set(states)).toEqual(new Set(['connecting', 'socket', 'catching-up', 'live']))
  })

  it('notices a connection that is open but dead', async () => {
    const { client, heard } = connectable({ heartbeatTimeout: 100 })
    await client.connect(fake.user.id)
    await vi.waitFor(() => expect(client.getState().latencyMs).not.toBeNull())
    fake.deadHeart = true
    const lost = new Promise((resolve) => client.once('disconnected', resolve))
    client.ping()
    expect(await lost).toMatchObject({ reason: 'heartbeat-timeout' })
    fake.deadHeart = false
    await vi.waitFor(() => expect(client.getState().state).toBe('live'), { timeout: 5_000 })
    fake.notify(image())
    await vi.waitFor(() => expect(heard).toEqual([1]))
  })

  it('leaves nothing open after disconnect', async () => {
    const { client, heard } = connectable()
    await client.connect(fake.user.id)
    client.disconnect()
    await vi.waitFor(() => expect([fake.joinedTopics, fake.openSockets]).toEqual([[], 0]))
    fake.notify(image())
    expect(supabase.getChannels()).toEqual([])
    expect(heard).toEqual([])
  })

  it('can be connected again at once', async () => {
    const { client, heard } = connectable()
    const errors: string[] = []
    client.on('error', ({ code }) => errors.push(code))
    await client.connect(fake.user.id)
    client.disconnect()
    await client.connect(fake.user.id)
    fake.notify(image())
    await vi.waitFor(() => expect(heard).toEqual([1]))
    expect(errors).toEqual([])
  })

  it('ends with the session', async () => {
    const { client } = connectable()
    await client.connect(fake.user.id)
    await supabase.auth.signOut()
    expect(client.getState()).toMatchObject({ state: 'closed', reason: 'signed-out' })
    await expect(client.connect(fake.user.id)).rejects.toMatchObject({ code: 'not_signed_in' })
  })

  it('leaves the page’s own channels and heartbeat callback alone', async () => {
    const own = supabase.channel('own')
    await new Promise((resolve) => own.subscribe(resolve))
    const beats: string[] = []
    supabase.realtime.onHeartbeat((status) => beats.push(status))
    const { client } = connectable()
    await client.connect(fake.user.id)
    await vi.waitFor(() => expect(beats).toContain('ok'))
    client.disconnect()
    await vi.waitFor(() => expect(fake.joinedTopics).toEqual(['realtime:own']))
    expect(own.state).toBe('joined')
  })

  it('signs URLs again that expired while they waited', async () => {
    const values = new Map<string, string>()
    const storage = {
      getItem: (key: string) => values.get(key) ?? null,
      setItem: (key: string, value: string) => void values.set(key, value),
    }
    const first = connectable({ storage })
    await first.client.connect(fake.user.id)
    first.client.disconnect()

    fake.objects.set('i/d/thumb one.jpg', Buffer.from('jpeg'))
    const old = (path: string) => `${fake.url}/storage/v1/object/sign/derivatives/${path}?token=old`
    fake.notify(image({ signedUrl: old('i/d/thumb%20one.jpg'), signedUrlExpiresAt: EXPIRED }))
    fake.notify(image({ signedUrl: old('i/d/gone.jpg'), signedUrlExpiresAt: EXPIRED }))
    const urls: (string | undefined)[] = []
    const second = connectable({ storage })
    second.client.on('image_processed', (message) => urls.push(message.signedUrl))
    await second.client.connect(fake.user.id)

    expect(urls).toHaveLength(2)
    expect(urls[1]).toBeUndefined()
    expect(urls[0]).not.toContain('token=old')
    expect(await (await fetch(urls[0] ?? '')).text()).toBe('jpeg')
  })

  it('gives the server the new token while it stays connected', async () => {
    const { client, heard } = connectable()
    await client.connect(fake.user.id)
    const { data } = await supabase.auth.refreshSession()
    await vi.waitFor(() => expect(fake.renewedTokens).toEqual([data.session?.access_token]))
    fake.notify(image())
    await vi.waitFor(() => expect(heard).toEqual([1]))
    expect([fake.joins.length, client.getState().state]).toEqual([1, 'live'])
  })
})

describe('several clients on one supabase-js client', () => {
  it('share the channel, and each hears everything once', async () => {
    const [first, second] = [connectable(), connectable()]
    await Promise.all([first.client.connect(fake.user.id), second.client.connect(fake.user.id)])
    fake.notify(image())
    const third = connectable()
    await third.client.connect(fake.user.id)
    fake.notify(image())
    await vi.waitFor(() => expect(third.heard).toEqual([2]))
    expect([first.heard, second.heard]).toEqual([
      [1, 2],
      [1, 2],
    ])
    expect([fake.joins.length, fake.openSockets]).toEqual([1, 1])
  })

  it('keep the channel until the last client has left, and leave nothing behind', async () => {
    const [first, second] = [connectable(), connectable()]
    await Promise.all([first.client.connect(fake.user.id), second.client.connect(fake.user.id)])
    first.client.disconnect()
    fake.notify(image())
    await vi.waitFor(() => expect(second.heard).toEqual([1]))
    second.client.disconnect()
    await vi.waitFor(() => expect([fake.joinedTopics, fake.openSockets]).toEqual([[], 0]))
    expect([first.heard, supabase.getChannels()]).toEqual([[], []])
  })

  it('tell nothing to a client that another client made leave, or that left at once', async () => {
    const transport = createSupabaseTransport({
      supabase,
      timers: { set: (callback, delayMs) => setTimeout(callback, delayMs), clear: () => undefined },
      heartbeatTimeout: 10_000,
    })
    const told: string[] = []
    const join = (name: string, message = (): void => undefined) =>
      transport.join(`user:${fake.user.id}`, {
        joined: () => told.push(`${name} joined`),
        flowing: () => undefined,
        message: () => {
          told.push(`${name} heard`)
          message()
        },
        alive: () => undefined,
        down: (reason) => told.push(`${name} ${reason}`),
        refused: (code) => told.push(`${name} ${code}`),
      })
    const first = join('first', () => second.leave('end'))
    const second = join('second')
    await vi.waitFor(() => expect(told).toEqual(['first joined', 'second joined']))
    // The channel is joined already, so this client would be told in the next turn.
    join('third').leave('end')
    fake.notify(image())
    await vi.waitFor(() => expect(told).toContain('first heard'))
    expect(told).toEqual(['first joined', 'second joined', 'first heard'])
    first.leave('end')
  })

  it('all come back after a cut, over one channel', async () => {
    const [first, second] = [connectable(), connectable()]
    await Promise.all([first.client.connect(fake.user.id), second.client.connect(fake.user.id)])
    fake.cutSockets()
    fake.notify(image())
    await vi.waitFor(() => expect([first.heard, second.heard]).toEqual([[1], [1]]), { timeout: 5_000 })
    expect(fake.joinedTopics).toHaveLength(1)
  })

  it('survive mounting, unmounting and mounting again in one turn', async () => {
    const mount = () => {
      const mounted = connectable()
      void mounted.client.connect(fake.user.id)
      return mounted
    }
    const first = mount()
    first.client.disconnect()
    const second = mount()
    const third = mount()
    third.client.disconnect()
    await second.client.connect(fake.user.id)
    fake.notify(image())
    await vi.waitFor(() => expect(second.heard).toEqual([1]))
    expect([first.heard, third.heard, fake.joinedTopics.length, fake.openSockets]).toEqual([[], [], 1, 1])
  })

  it('refuse a topic that the page itself has joined, until the page leaves it', async () => {
    const own = supabase.channel(`user:${fake.user.id}`)
    const { client } = connectable()
    const connecting = client.connect(fake.user.id)
    await vi.waitFor(() =>
      expect(client.getState()).toMatchObject({ state: 'error', reason: 'topic_in_use' }),
    )
    await supabase.removeChannel(own)
    await connecting
    expect(client.getState().state).toBe('live')
  })
})
