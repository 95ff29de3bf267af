/** What callers with few rights can and cannot do to the broadcasts of others. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mintToken } from '../keys/index.ts'
import { createTestDatabase, type TestDatabase, withClient } from '../testing/database.ts'
import { DEFAULT_SETTINGS, type RealtimeSettings } from './settings.ts'
import { TestClient } from './testing/client.ts'
import { startTestServer, type TestServer } from './testing/server.ts'

const MALLORY = '33333333-3333-4333-8333-333333333333'
const BOB = '22222222-2222-4222-8222-222222222222'
const PRIVATE_ONLY = 'PrivateOnly: This project only allows private channels'

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase({ migrations: false })
  await withClient(database.urls.postgres, (client) =>
    client.query(`
      create policy "users use their topic" on realtime.messages for all to authenticated
        using (realtime.topic() = 'user:' || (select auth.uid()))
        with check (realtime.topic() = 'user:' || (select auth.uid()))`),
  )
})

afterAll(() => database?.[Symbol.asyncDispose]())

interface Doors extends AsyncDisposable {
  server: TestServer
  clock: { passed: number }
}

/** A server for private channels only, with a clock that the test moves. */
async function open(settings: Partial<RealtimeSettings> = {}): Promise<Doors> {
  const clock = { passed: 0 }
  const started = Date.now()
  const server = await startTestServer(database.urls, {
    settings: { privateOnly: true, ...settings },
    now: () => started + clock.passed,
  })
  return { server, clock, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

function token({ keys }: TestServer, sub: string): Promise<string> {
  return mintToken(keys, { role: 'authenticated', sub, aud: 'authenticated' })
}

async function joined(server: TestServer, sub: string): Promise<{ client: TestClient; ref: string }> {
  const client = await TestClient.connect(server.url, server.keys.publishableKey)
  const { ref, status } = await client.join(`user:${sub}`, { private: true }, await token(server, sub))
  expect(status).toBe('ok')
  return { client, ref }
}

async function post(
  { url }: TestServer,
  bearer: string,
  path: string,
  body: unknown,
): Promise<{ status: number; body: string }> {
  const response = await fetch(`${url}/realtime/v1/api/broadcast${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: await response.text() }
}

function batch(topic: string, isPrivate: boolean, count = 1) {
  return {
    messages: Array.from({ length: count }, () => ({ topic, event: 'e', payload: {}, private: isPrivate })),
  }
}

function send(topic: string, event: string): Promise<unknown> {
  return withClient(database.urls.postgres, (client) =>
    client.query(`select realtime.send('{}', $1, $2)`, [event, topic]),
  )
}

describe('public broadcasts over HTTP, where only private channels are allowed', () => {
  it.each([
    ['alone', '/room/events/e', {}],
    ['in a batch', '', batch('room', false)],
    ['beside a private one', '', { messages: [...batch('a', true).messages, ...batch('b', false).messages] }],
  ])('%s are refused as a join of a public channel is', async (_name, path, body) => {
    await using doors = await open()
    const { server } = doors
    const refusal = { status: 403, body: JSON.stringify({ message: PRIVATE_ONLY }) }
    for (const key of [server.keys.publishableKey, server.keys.secretKey]) {
      expect(await post(server, key, path, body)).toEqual(refusal)
    }
    using client = await TestClient.connect(server.url, server.keys.publishableKey)
    expect((await client.join('room')).response).toEqual({ reason: PRIVATE_ONLY })
  })

  it('are accepted as on hosted Supabase with publicBroadcasts: allow', async () => {
    await using doors = await open({ publicBroadcasts: 'allow' })
    const { server } = doors
    expect(await post(server, server.keys.publishableKey, '', batch('room', false))).toMatchObject({
      status: 202,
    })
  })

  it('are accepted where public channels are allowed', async () => {
    await using doors = await open({ privateOnly: false })
    const { server } = doors
    using client = await TestClient.connect(server.url, server.keys.publishableKey)
    await client.join('room')
    expect(await post(server, server.keys.publishableKey, '/room/events/e', {})).toMatchObject({
      status: 202,
    })
    expect(await client.nextEvent('broadcast')).toMatchObject({ payload: { event: 'e' } })
  })
})

describe('a user who floods', () => {
  const { maxEventsPerSecond, rateTickMs } = DEFAULT_SETTINGS
  /** Ten times what the limit allows in a tick. */
  const FLOOD = (10 * maxEventsPerSecond * rateTickMs) / 1000
  const BROADCAST = { type: 'broadcast', event: 'flood', payload: {} }

  async function floodOverHttp(server: TestServer): Promise<void> {
    const bearer = await token(server, MALLORY)
    for (let sent = 0; sent < FLOOD; sent += maxEventsPerSecond) {
      const { status } = await post(server, bearer, '', batch(`user:${MALLORY}`, true, maxEventsPerSecond))
      expect(status).toBe(202)
    }
  }

  it('over HTTP is refused with 429; messages from the database and of other users arrive', async () => {
    await using doors = await open()
    const { server, clock } = doors
    const { client: bob } = await joined(server, BOB)
    using _bob = bob
    await floodOverHttp(server)
    clock.passed += rateTickMs
    const mine = await post(server, await token(server, MALLORY), '', batch(`user:${MALLORY}`, true))
    expect(mine.status).toBe(429)
    await send(`user:${BOB}`, 'from the database')
    expect(await bob.nextEvent('broadcast')).toMatchObject({ payload: { event: 'from the database' } })
    expect(await post(server, await token(server, BOB), '', batch(`user:${BOB}`, true))).toMatchObject({
      status: 202,
    })
    expect(await bob.nextEvent('broadcast')).toMatchObject({ payload: { event: 'e' } })
  })

  it('on a socket loses the channel; messages from the database and of other users arrive', async () => {
    await using doors = await open()
    const { server, clock } = doors
    const { client: bob, ref: bobRef } = await joined(server, BOB)
    const { client: mallory, ref } = await joined(server, MALLORY)
    using _bob = bob
    using _mallory = mallory
    for (let sent = 0; sent < FLOOD; sent++)
      mallory.send(`realtime:user:${MALLORY}`, 'broadcast', BROADCAST, ref)
    await mallory.heartbeat()
    await mallory.call(`user:${MALLORY}`, 'presence', { event: 'untrack' }, ref)
    clock.passed += rateTickMs
    mallory.send(`realtime:user:${MALLORY}`, 'broadcast', BROADCAST, ref)
    expect(await mallory.nextEvent('system')).toMatchObject({
      payload: { status: 'error', message: 'Too many messages per second' },
    })
    expect(await mallory.nextEvent('phx_close')).toMatchObject({ topic: `realtime:user:${MALLORY}` })
    // A new socket of the same user has the same budget.
    const { client: again, ref: againRef } = await joined(server, MALLORY)
    using _again = again
    again.send(`realtime:user:${MALLORY}`, 'broadcast', BROADCAST, againRef)
    await again.nextEvent('phx_close')

    await send(`user:${BOB}`, 'from the database')
    expect(await bob.nextEvent('broadcast')).toMatchObject({ payload: { event: 'from the database' } })
    bob.send(`realtime:user:${BOB}`, 'broadcast', BROADCAST, bobRef)
    await bob.call(`user:${BOB}`, 'presence', { event: 'untrack' }, bobRef)
    expect(bob.messages.map(({ event }) => event)).not.toContain('phx_close')
  })

  it('silences the database with publicBroadcasts: allow, and the log says so in few lines', async () => {
    await using doors = await open({ publicBroadcasts: 'allow' })
    const { server, clock } = doors
    const { client: bob, ref } = await joined(server, BOB)
    using _bob = bob
    await floodOverHttp(server)
    clock.passed += rateTickMs
    await withClient(database.urls.postgres, (client) =>
      client.query(`select realtime.send('{}', 'lost', $1) from generate_series(1, 200)`, [`user:${BOB}`]),
    )
    const dropped = () => server.logger.entries.filter(({ message }) => message === 'broadcasts_dropped')
    await expect.poll(dropped).not.toEqual([])
    await bob.call(`user:${BOB}`, 'presence', { event: 'untrack' }, ref)
    expect(bob.messages.filter(({ event }) => event === 'broadcast')).toEqual([])
    await server.realtime.stop()
    const lines = dropped().map(({ fields }) => fields)
    expect(lines.length).toBeLessThan(20)
    expect(lines.reduce((sum, { count }) => sum + Number(count), 0)).toBe(200)
    expect(lines[0]).toMatchObject({ reason: 'database_over_limit', lastTopic: `user:${BOB}` })
  })
})

describe('a secret key on the socket', () => {
  const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140'

  it.each([
    ['with a browser’s User-Agent', { 'user-agent': BROWSER }],
    ['with an Origin', { origin: 'http://localhost:5173' }],
  ])('%s is refused as over HTTP', async (_name, headers) => {
    await using doors = await open()
    const { url, keys } = doors.server
    await expect(TestClient.connect(url, keys.secretKey, headers)).rejects.toThrow(
      '401 {"error":"Forbidden use of secret API key in browser"}',
    )
    await expect(
      TestClient.connect(url, keys.publishableKey, { ...headers, 'x-api-key': keys.secretKey }),
    ).rejects.toThrow('401')
    using _page = await TestClient.connect(url, keys.publishableKey, headers)
  })

  it('of a server is accepted', async () => {
    await using doors = await open()
    const { url, keys } = doors.server
    using client = await TestClient.connect(url, keys.secretKey, { 'user-agent': 'node' })
    expect(await client.join('user:any', { private: true })).toMatchObject({ status: 'ok' })
  })
})
