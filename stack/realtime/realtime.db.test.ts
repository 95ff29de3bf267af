import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mintToken } from '../keys/index.ts'
import { createTestDatabase, type TestDatabase, withClient } from '../testing/database.ts'
import { TestClient } from './testing/client.ts'
import { startTestServer, type TestServer } from './testing/server.ts'

const ALICE = '11111111-1111-4111-8111-111111111111'

let database: TestDatabase
let server: TestServer
let alice: string

beforeAll(async () => {
  database = await createTestDatabase({ migrations: false })
  await withClient(database.urls.postgres, (client) =>
    client.query(`
      create policy "users read their topic" on realtime.messages for select to authenticated
        using (realtime.topic() = 'user:' || (select auth.uid()));
      create policy "room members write" on realtime.messages for insert to authenticated
        with check (realtime.topic() like 'room:%' and extension = 'broadcast');
      create policy "users read rooms" on realtime.messages for select to authenticated
        using (realtime.topic() like 'room:%' or realtime.topic() like 'quiet:%');
    `),
  )
  server = await startTestServer(database.urls)
  alice = await mintToken(server.keys, { role: 'authenticated', sub: ALICE, aud: 'authenticated' })
})

afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await database?.[Symbol.asyncDispose]()
})

function connect(): Promise<TestClient> {
  return TestClient.connect(server.url, server.keys.publishableKey)
}

function sql(text: string, values: unknown[] = []): Promise<unknown> {
  return withClient(database.urls.postgres, (client) => client.query(text, values))
}

describe('private channels', () => {
  it('admit a user where a policy allows reading', async () => {
    using client = await connect()
    expect(await client.join(`user:${ALICE}`, { private: true }, alice)).toMatchObject({
      status: 'ok',
      response: { postgres_changes: [] },
    })
  })

  it('refuse the topic of another user', async () => {
    using client = await connect()
    expect(
      await client.join('user:22222222-2222-4222-8222-222222222222', { private: true }, alice),
    ).toMatchObject({
      status: 'error',
      response: {
        reason:
          'Unauthorized: You do not have permissions to read from this Channel topic: user:22222222-2222-4222-8222-222222222222',
      },
    })
  })

  it('refuse a client that has only the publishable key', async () => {
    using client = await connect()
    expect(await client.join(`user:${ALICE}`, { private: true })).toMatchObject({ status: 'error' })
  })
})

describe('broadcast from the database', () => {
  it('arrives at commit, with the id of its row', async () => {
    using client = await connect()
    await client.join(`user:${ALICE}`, { private: true }, alice)
    await sql(`select realtime.send('{"n":1}', 'image_processed', $1)`, [`user:${ALICE}`])
    const message = await client.nextEvent('broadcast')
    expect(message.payload).toMatchObject({ event: 'image_processed', payload: { n: 1 } })
    const [row] = await withClient(database.urls.admin, async (admin) => {
      const result = await admin.query(`select id from realtime.messages where topic = $1`, [`user:${ALICE}`])
      return result.rows
    })
    expect(message.payload).toMatchObject({ meta: { id: row.id }, payload: { id: row.id } })
  })

  it('does not arrive when the transaction is rolled back, and keeps the order of commits', async () => {
    using client = await connect()
    await client.join('room:order', { private: true }, alice)
    await sql(`begin; select realtime.send('{"n":0}', 'e', 'room:order'); rollback`)
    await sql(`begin; select realtime.send(jsonb_build_object('n', n), 'e', 'room:order')
               from generate_series(1, 50) as n; commit`)
    const received: unknown[] = []
    while (received.length < 50) received.push((await client.nextEvent('broadcast')).payload.payload)
    expect(received).toMatchObject(Array.from({ length: 50 }, (_, index) => ({ n: index + 1 })))
  })

  it('keeps private and public channels of one name apart', async () => {
    using member = await connect()
    using visitor = await connect()
    await member.join('room:both', { private: true }, alice)
    await visitor.join('room:both', { private: false })
    await sql(`select realtime.send('{"to":"private"}', 'e', 'room:both')`)
    await sql(`select realtime.send('{"to":"public"}', 'e', 'room:both', false)`)
    await sql(`select realtime.send('{"to":"private"}', 'last', 'room:both')`)
    await sql(`select realtime.send('{"to":"public"}', 'last', 'room:both', false)`)
    const heard = async (client: TestClient) => {
      await client.next((message) => message.payload.event === 'last')
      return client.messages
        .filter((message) => message.event === 'broadcast')
        .map(({ payload }) => Object(payload.payload).to)
    }
    expect(await heard(member)).toEqual(['private', 'private'])
    expect(await heard(visitor)).toEqual(['public', 'public'])
  })
})

describe('client broadcast', () => {
  it('reaches the other subscribers, then its sender, then is acknowledged', async () => {
    using sender = await connect()
    using receiver = await connect()
    const { ref } = await sender.join(
      'room:a',
      { private: true, broadcast: { self: true, ack: true } },
      alice,
    )
    await receiver.join('room:a', { private: true }, alice)
    const reply = await sender.call(
      'room:a',
      'broadcast',
      { type: 'broadcast', event: 'hi', payload: { n: 1 } },
      ref,
    )
    expect(reply).toEqual({ status: 'ok', response: {} })
    expect(sender.messages.map((message) => message.event)).toEqual(['phx_reply', 'broadcast', 'phx_reply'])
    expect((await receiver.nextEvent('broadcast')).payload).toEqual({
      type: 'broadcast',
      event: 'hi',
      payload: { n: 1 },
    })
  })

  it('is dropped without a reply where no policy allows writing', async () => {
    using sender = await connect()
    using receiver = await connect()
    const { ref } = await sender.join('quiet:a', { private: true, broadcast: { ack: true } }, alice)
    await receiver.join('quiet:a', { private: true }, alice)
    sender.send('realtime:quiet:a', 'broadcast', { type: 'broadcast', event: 'no', payload: {} }, ref)
    // A second call on the same channel is handled after the first.
    await sender.call('quiet:a', 'presence', { event: 'nope' }, ref)
    await sql(`select realtime.send('{}', 'from the database', 'quiet:a')`)
    expect((await receiver.nextEvent('broadcast')).payload.event).toBe('from the database')
    expect(sender.messages.filter((message) => message.event === 'phx_reply')).toHaveLength(2)
  })
})
