import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase, withClient } from '../testing/database.ts'
import { TestClient } from './testing/client.ts'
import { startTestServer, type TestServer } from './testing/server.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase({ migrations: false })
  await withClient(database.urls.postgres, (client) =>
    client.query(
      'create policy "anon reads every topic" on realtime.messages for select to anon using (true)',
    ),
  )
})

afterAll(() => database?.[Symbol.asyncDispose]())

function connect(server: TestServer): Promise<TestClient> {
  return TestClient.connect(server.url, server.keys.publishableKey)
}

describe('a server that stops', () => {
  it('refuses the joins that still wait, then asks its clients to reconnect', async () => {
    await using server = await startTestServer(database.urls)
    using client = await connect(server)
    const joins = Array.from({ length: 50 }, (_, n) =>
      client.send(`realtime:room ${n}`, 'phx_join', { config: { private: true } }, String(n)),
    )
    await client.next((message) => message.ref === joins[0])
    const stopped = server.realtime.stop()
    expect(await client.closed).toEqual({ code: 1012, reason: '' })
    await stopped
    const replies = client.messages.filter((message) => message.event === 'phx_reply')
    const reasons = replies
      .filter((message) => message.payload.status === 'error')
      .map((message) => Object(message.payload.response).reason)
    expect(reasons.length).toBeGreaterThan(0)
    expect(new Set(reasons)).toEqual(new Set(['RealtimeRestarting: Realtime is restarting, please standby']))
    expect(replies.map((message) => message.ref)).toEqual(joins.slice(0, replies.length))
  })

  it('does not wait for clients that do not read', async () => {
    await using server = await startTestServer(database.urls)
    using client = await connect(server)
    client.ws.pause()
    await server.realtime.stop()
  })
})

describe('a socket without a channel', () => {
  it('is cut after channellessTimeoutMs; a socket with a channel stays', async () => {
    await using server = await startTestServer(database.urls, { settings: { channellessTimeoutMs: 500 } })
    using joined = await connect(server)
    await joined.join('room')
    using lonely = await connect(server)
    expect(await lonely.closed).toEqual({ code: 1006, reason: '' })
    await joined.heartbeat()
  })

  it('that sends nothing is closed after idleTimeoutMs', async () => {
    await using server = await startTestServer(database.urls, { settings: { idleTimeoutMs: 500 } })
    using silent = await connect(server)
    expect(await silent.closed).toEqual({ code: 1000, reason: '' })
  })
})
