/**
 * Both sockets of the client against the embedded Realtime, over networks that fail: the one on supabase-js, and the
 * drop-in's own, which has to do all that the other does.
 */

import { randomUUID } from 'node:crypto'
import { RealtimeClient } from '@supabase/supabase-js'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest'
import { mintToken } from '../stack/keys/index.ts'
import { withClient } from '../stack/postgres/index.ts'
import type { Subscription, Transport } from '../web/src/client/ports.ts'
import { createSupabaseTransport } from '../web/src/client/supabase-transport.ts'
import { createRealtimeTransport } from '../web/src/drop-in/realtime/transport.ts'
import { startProxy, type TcpProxy } from './support/proxy.ts'

const PATIENCE = { timeout: 20_000, interval: 20 }
const HEARTBEAT_TIMEOUT = 1_000
const { url, db, keys } = inject('stack')
/** Time-outs of joins are waited for. */
const LONG = process.env.CLAIMWIRE_LONG !== undefined

const SETUP = `
  create policy "users use their halls" on realtime.messages for all to authenticated
    using (realtime.topic() like 'hall:%') with check (realtime.topic() like 'hall:%')`
const TEARDOWN = `drop policy "users use their halls" on realtime.messages`

const sql = (text: string, values: unknown[] = []): Promise<void> =>
  withClient(db.postgres, async (connection) => {
    await connection.query(text, values)
  })

/** Gives the token that the session has now. */
type TokenOf = () => Promise<string | null>

const TRANSPORTS: Record<string, (address: string, token: TokenOf) => Transport> = {
  'on supabase-js': (address, token) => {
    const realtime = new RealtimeClient(`${address.replace('http', 'ws')}/realtime/v1`, {
      params: { apikey: keys.publishableKey },
      accessToken: async () => (await token()) ?? keys.publishableKey,
    })
    return createSupabaseTransport({
      supabase: {
        realtime,
        channel: (topic, options) => realtime.channel(topic, options),
        auth: {
          getSession: async () => {
            const session = (await token()) === null ? null : { user: { id: 'somebody' } }
            return { data: { session }, error: null }
          },
          onAuthStateChange: () => ({ data: { subscription: { unsubscribe: () => undefined } } }),
        },
      },
      timers: { set: setTimeout, clear: (timer) => clearTimeout(Number(timer)) },
      heartbeatTimeout: HEARTBEAT_TIMEOUT,
    })
  },
  'of the drop-in': (address, token) =>
    createRealtimeTransport({
      supabaseUrl: address,
      supabaseKey: keys.publishableKey,
      heartbeatTimeout: HEARTBEAT_TIMEOUT,
      tokens: {
        async current() {
          const text = await token()
          return text === null
            ? null
            : { text, userId: 'somebody', issuedAt: 0, expiresAt: Number.POSITIVE_INFINITY }
        },
        forget: () => undefined,
      },
    }),
}

const RealWebSocket = globalThis.WebSocket
let sockets: WebSocket[]
let proxy: TcpProxy
let subscriptions: Subscription[]

beforeAll(() => sql(SETUP))
afterAll(() => sql(TEARDOWN))
beforeEach(async () => {
  // Its own list: what an earlier test left behind may still make a socket.
  const own: WebSocket[] = []
  sockets = own
  subscriptions = []
  proxy = await startProxy(url)
  vi.stubGlobal(
    'WebSocket',
    class extends RealWebSocket {
      constructor(...args: ConstructorParameters<typeof WebSocket>) {
        super(...args)
        own.push(this)
      }
    },
  )
})
afterEach(async () => {
  for (const subscription of subscriptions) subscription.leave('end')
  vi.unstubAllGlobals()
  await proxy[Symbol.asyncDispose]()
})

const openSockets = (): number =>
  sockets.filter(({ readyState }) => readyState < RealWebSocket.CLOSING).length

const tokenOf = (sub: string, expiresIn = 3_600): Promise<string> =>
  mintToken(keys, { role: 'authenticated', sub, aud: 'authenticated' }, { expiresIn })

function join(transport: Transport, topic: string, presentAs?: string) {
  const told: string[] = []
  const subscription = transport.join(
    topic,
    {
      joined: () => told.push('joined'),
      flowing: () => told.push('flowing'),
      message: (payload, event) =>
        told.push(
          `${event} ${payload instanceof ArrayBuffer ? `bytes ${new Uint8Array(payload)}` : textOf(payload)}`,
        ),
      presence: (userIds) => told.push(`presence ${userIds}`),
      alive: () => told.push('alive'),
      down: (reason) => told.push(`down ${reason}`),
      refused: (code) => told.push(`refused ${code}`),
    },
    presentAs === undefined ? {} : { presentAs },
  )
  subscriptions.push(subscription)
  return { told, subscription, until: (text: string) => untilTold(told, text) }
}

/** The database adds an id of its own. */
function textOf(payload: unknown): string {
  return JSON.stringify({ ...Object(payload), id: undefined })
}

const untilTold = (told: readonly string[], text: string): Promise<void> =>
  vi.waitFor(() => expect(told).toContain(text), PATIENCE)

const topicOf = (name = 'a'): string => `hall:${name}:${randomUUID()}`

const send = (topic: string, n: number): Promise<void> =>
  sql(`select realtime.send(jsonb_build_object('n', $1::int), 'said', $2)`, [n, topic])

describe.each(Object.entries(TRANSPORTS))('the socket %s', (_name, create) => {
  const user = randomUUID()
  const connect = (token: TokenOf = () => tokenOf(user)): Transport => create(proxy.url, token)

  test('joins, and hears JSON and bytes that the database sends to its topic, and nothing else', async () => {
    const [topic, other] = [topicOf(), topicOf()]
    const { told, until } = join(connect(), topic)
    await until('flowing')
    expect(told).toEqual(['joined', 'flowing'])
    await send(other, 1)
    await send(topic, 2)
    await sql(`select realtime.send_binary('\\x0102ff'::bytea, 'drawn', $1)`, [topic])
    await until('drawn bytes 1,2,255')
    expect(told.slice(2)).toEqual(['said {"n":2}', 'drawn bytes 1,2,255'])
  })

  test('hears topics whose names do not fit into a binary frame', async () => {
    const topic = topicOf('x'.repeat(250))
    const { until } = join(connect(), topic)
    await until('flowing')
    await send(topic, 1)
    await until('said {"n":1}')
  })

  test('is shared by all topics; leaving the last topic closes the socket at once', async () => {
    const transport = connect()
    const topics = [topicOf(), topicOf(), topicOf()]
    const joins = topics.map((topic) => join(transport, topic))
    await Promise.all(joins.map(({ until }) => until('flowing')))
    expect(joins.map(({ told }) => told)).toEqual(Array(3).fill(['joined', 'flowing']))
    expect(sockets).toHaveLength(1)
    const [first, second, third] = joins
    if (first === undefined || second === undefined || third === undefined) throw new Error('not joined')
    first.subscription.leave('end')
    await send(topics[0] ?? '', 1)
    await send(topics[1] ?? '', 2)
    await second.until('said {"n":2}')
    expect(first.told).toEqual(['joined', 'flowing'])
    second.subscription.leave('end')
    third.subscription.leave('end')
    // A page on its way to the back/forward cache has no later turn: at most promises settle.
    await Promise.resolve()
    expect(openSockets()).toBe(0)
  })

  test('joins a topic again the moment it has left it, and hears everything once', async () => {
    const transport = connect()
    const topic = topicOf()
    const first = join(transport, topic)
    await first.until('flowing')
    first.subscription.leave('rejoin')
    const second = join(transport, topic)
    await second.until('flowing')
    await send(topic, 1)
    await second.until('said {"n":1}')
    await send(topic, 2)
    await second.until('said {"n":2}')
    expect(second.told).toEqual(['joined', 'flowing', 'said {"n":1}', 'said {"n":2}'])
    expect(first.told).toEqual(['joined', 'flowing'])
    expect(sockets).toHaveLength(1)
  })

  test('reports a refused topic and a missing session differently', async () => {
    const foreign = join(connect(), `secret:${randomUUID()}`)
    await foreign.until('refused join_refused')
    const nobody = join(
      connect(async () => null),
      topicOf(),
    )
    await nobody.until('down session')
    const outdated = join(
      connect(() => tokenOf(user, -60)),
      topicOf(),
    )
    await outdated.until('down socket')
    for (const { told } of [foreign, nobody, outdated]) expect(told).toHaveLength(1)
  })

  test('shows the present users, and no longer those who have left', async () => {
    const topic = topicOf()
    const [ann, bob] = [join(connect(), topic, 'ann'), join(connect(), topic, 'bob')]
    await ann.until('presence ann,bob')
    await bob.until('presence ann,bob')
    bob.subscription.leave('end')
    await vi.waitFor(() => expect(ann.told.at(-1)).toBe('presence ann'), PATIENCE)
  })

  test('answers a ping', async () => {
    const { until, subscription } = join(connect(), topicOf())
    await until('joined')
    subscription.ping()
    await until('alive')
  })

  test('ends a channel with its token, and goes on where there is a new one in time', async () => {
    const lastly = await tokenOf(user, 3)
    let token = lastly
    const [stale, renewed] = [
      join(
        connect(async () => lastly),
        topicOf(),
      ),
      join(
        connect(async () => token),
        topicOf(),
      ),
    ]
    await Promise.all([stale.until('joined'), renewed.until('joined')])
    token = await tokenOf(user)
    renewed.subscription.ping()
    await renewed.until('alive')
    await stale.until('down channel-closed')
    renewed.told.length = 0
    renewed.subscription.ping()
    await renewed.until('alive')
    expect(renewed.told).toEqual(['alive'])
  })

  test('notices a half-open connection, and closes without waiting for it', async () => {
    const transport = connect()
    const [topic, other] = [topicOf(), topicOf()]
    const first = join(transport, topic)
    await first.until('flowing')
    const beside = join(transport, other)
    await beside.until('flowing')
    proxy.freeze()
    first.subscription.ping()
    await Promise.all([first.until('down heartbeat-timeout'), beside.until('down heartbeat-timeout')])
    const second = join(transport, topic)
    await second.until('flowing')
    await send(topic, 1)
    await second.until('said {"n":1}')
    expect(first.told).not.toContain('said {"n":1}')
    expect(openSockets()).toBe(1)
  })

  test.each(['cut', 'reset'] as const)(
    'is down when it is %s, stays down, and works again when asked',
    async (how) => {
      const transport = connect()
      const topic = topicOf()
      const first = join(transport, topic)
      await first.until('flowing')
      proxy[how]()
      await first.until('down socket')
      expect(openSockets()).toBe(0)
      const second = join(transport, topic)
      await second.until('flowing')
      expect(first.told).toEqual(['joined', 'flowing', 'down socket'])
      expect(sockets).toHaveLength(2)
    },
  )

  test('is down when no server answers', async () => {
    proxy.refuse(true)
    const { until } = join(connect(), topicOf())
    await until('down socket')
  })

  test.skipIf(!LONG)('gives up a connection that is accepted and carries nothing', async () => {
    proxy.swallow(true)
    const transport = connect()
    const topic = topicOf()
    await join(transport, topic).until('down join-timeout')
    proxy.swallow(false)
    await join(transport, topic).until('flowing')
  })
})
