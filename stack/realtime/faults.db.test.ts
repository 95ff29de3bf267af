import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateKeys, mintToken } from '../keys/index.ts'
import { createMemoryLogger } from '../logger.ts'
import { type PostgresHandle, startPostgres } from '../postgres/index.ts'
import { createTestDatabase, type TestDatabase, withClient } from '../testing/database.ts'
import { printedSeed } from '../testing/seeded-random.ts'
import { TestClient } from './testing/client.ts'
import { startTestServer, type TestServer } from './testing/server.ts'

const POLICIES = `
  create policy "rooms are open to users" on realtime.messages for all to authenticated
    using (realtime.topic() like 'room:%') with check (realtime.topic() like 'room:%');
  create table public.items (id bigint generated always as identity primary key, value text);
  grant select on public.items to anon, authenticated;
  alter publication supabase_realtime add table public.items;
`

/** Limits that no test here reaches. */
const GENEROUS = { maxEventsPerSecond: 1e9, maxJoinsPerSecond: 1e9, maxConcurrentUsers: 1e6 }

function user(server: TestServer, n = 1): Promise<string> {
  const sub = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
  return mintToken(server.keys, { role: 'authenticated', sub, aud: 'authenticated' })
}

function connect(server: TestServer): Promise<TestClient> {
  return TestClient.connect(server.url, server.keys.publishableKey)
}

describe('faults', () => {
  let database: TestDatabase
  let server: TestServer

  beforeAll(async () => {
    database = await createTestDatabase({ migrations: false })
    await withClient(database.urls.postgres, (client) => client.query(POLICIES))
    server = await startTestServer(database.urls, { settings: GENEROUS })
  })

  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
    await database?.[Symbol.asyncDispose]()
  })

  /** Sends until a message arrives, which shows that the stream flows again. */
  async function sendUntilReceived(client: TestClient, topic: string): Promise<void> {
    await withClient(database.urls.postgres, async (sql) => {
      for (let attempt = 0; ; attempt++) {
        await sql.query(`select realtime.send('{}', $1, $2)`, [`probe ${attempt}`, topic])
        const received = await client
          .next((message) => String(message.payload.event).startsWith('probe'), 200)
          .catch(() => undefined)
        if (received) return
      }
    })
  }

  it('a server whose replication connections are cut delivers what is committed afterwards', async () => {
    using client = await connect(server)
    const { ref } = await client.join(
      'room:cut',
      { private: true, postgres_changes: [{ event: '*', schema: 'public', table: 'items' }] },
      await user(server),
    )
    await client.next((message) => message.payload.message === 'Subscribed to PostgreSQL')
    await withClient(database.urls.admin, (sql) =>
      sql.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and backend_type = 'walsender'`,
      ),
    )
    // The real server, too, announces the subscription again.
    await client.next((message) => message.payload.message === 'Subscribed to PostgreSQL')
    await sendUntilReceived(client, 'room:cut')
    await withClient(database.urls.postgres, async (sql) => {
      await sql.query(
        `select realtime.send(jsonb_build_object('n', n), 'after', 'room:cut') from generate_series(1, 20) n`,
      )
      await sql.query(`insert into public.items (value) select n::text from generate_series(1, 20) n`)
    })
    for (let n = 1; n <= 20; n++) {
      const message = await client.next(
        ({ payload }) => payload.event === 'after' && Object(payload.payload).n === n,
      )
      expect(message.event).toBe('broadcast')
    }
    const changes = client.messages.filter((message) => message.event === 'postgres_changes')
    const last = await client.next(({ payload }) => Object(Object(payload.data).record).value === '20')
    expect(last.event).toBe('postgres_changes')
    expect(changes.length).toBeLessThanOrEqual(20)
    // The socket and its channel are still open.
    expect(await client.call('room:cut', 'presence', { event: 'track', payload: {} }, ref)).toMatchObject({
      status: 'ok',
    })
  })

  it('a join is answered when the database has ended the connections', async () => {
    await withClient(database.urls.admin, (sql) =>
      sql.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name = 'realtime'`,
      ),
    )
    using client = await connect(server)
    const token = await user(server)
    await expect
      .poll(async () => (await client.join('room:again', { private: true }, token)).status)
      .toBe('ok')
  })

  it('a client that does not read is closed, and no other client', async () => {
    await using slowServer = await startTestServer(database.urls, {
      settings: { ...GENEROUS, maxBufferedBytes: 1024 * 1024 },
      keys: server.keys,
    })
    using slow = await connect(slowServer)
    using quick = await connect(slowServer)
    using sender = await connect(slowServer)
    await slow.join('flood')
    await quick.join('flood')
    const { ref } = await sender.join('flood', { broadcast: { ack: true } })
    slow.ws.pause()
    const payload = { type: 'broadcast', event: 'big', payload: { text: 'x'.repeat(200_000) } }
    const closed = () => slowServer.logger.entries.some((entry) => entry.message === 'slow_reader_closed')
    let sent = 0
    while (!closed()) {
      await sender.call('flood', 'broadcast', payload, ref)
      sent++
      expect(sent).toBeLessThan(1000)
    }
    await sender.call('flood', 'broadcast', { type: 'broadcast', event: 'last', payload: {} }, ref)
    await quick.next((message) => message.payload.event === 'last')
    expect(quick.messages.filter((message) => message.payload.event === 'big')).toHaveLength(sent)
    slow.ws.resume()
    expect(await slow.closed).toEqual({ code: 1008, reason: 'The client reads too slowly' })
  })

  it('random frames leave the socket open, and every answer has a topic and an event', async () => {
    const seed = printedSeed('faults.db.test.ts')
    using client = await connect(server)
    await client.join('garbage')
    const anything = fc.jsonValue()
    const message = fc.tuple(
      fc.oneof(anything, fc.constantFrom<unknown>(null, '1')),
      fc.oneof(anything, fc.constantFrom<unknown>(null, '7')),
      fc.oneof(anything, fc.constantFrom<unknown>('realtime:garbage', 'phoenix', 'realtime:')),
      fc.oneof(
        anything,
        fc.constantFrom<unknown>('broadcast', 'presence', 'access_token', 'nonsense', 'phx_leave'),
      ),
      anything,
    )
    const frame = fc.oneof(
      fc.string(),
      fc.json(),
      fc.uint8Array({ maxLength: 64 }),
      message.map((parts) => JSON.stringify(parts)),
    )
    let frames = 0
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { minLength: 100, maxLength: 100 }), async (messages) => {
        for (const data of messages) client.ws.send(data)
        frames += messages.length
        await client.heartbeat()
      }),
      { numRuns: 100, seed },
    )
    expect(frames).toBeGreaterThanOrEqual(10_000)
    expect(client.failures).toEqual([])
    expect(client.ws.readyState).toBe(client.ws.OPEN)
    expect(server.logger.entries.filter((entry) => entry.level === 'error')).toEqual([])
  })

  it('a thousand private joins at once are admitted', async () => {
    const clients = await Promise.all(Array.from({ length: 1000 }, () => connect(server)))
    try {
      const joins = await Promise.all(
        clients.map(async (client, n) => client.join(`room:${n}`, { private: true }, await user(server, n))),
      )
      expect(joins.map((join) => join.status)).toEqual(clients.map(() => 'ok'))
      await withClient(database.urls.postgres, (sql) =>
        sql.query(
          `select realtime.send(jsonb_build_object('n', n), 'e', 'room:' || n) from generate_series(0, 999) n`,
        ),
      )
      const received = await Promise.all(clients.map((client) => client.nextEvent('broadcast')))
      expect(received.map(({ payload }) => Object(payload.payload).n)).toEqual(clients.map((_, n) => n))
    } finally {
      for (const client of clients) client[Symbol.dispose]()
    }
  })

  it('10,000 changes of one transaction arrive completely and in order', async () => {
    using client = await connect(server)
    await client.join(
      'changes',
      {
        postgres_changes: [
          { event: 'INSERT', schema: 'public', table: 'items', filter: 'value=like.bulk %' },
        ],
      },
      await user(server),
    )
    await client.next((message) => message.payload.message === 'Subscribed to PostgreSQL')
    await withClient(database.urls.postgres, (sql) =>
      sql.query(
        `insert into public.items (value) select 'bulk ' || n from generate_series(1, 10000) n order by n`,
      ),
    )
    await client.next(({ payload }) => Object(Object(payload.data).record).value === 'bulk 10000', 30_000)
    const values = client.messages
      .filter((message) => message.event === 'postgres_changes')
      .map(({ payload }) => Object(Object(payload.data).record).value)
    expect(values).toEqual(Array.from({ length: 10_000 }, (_, index) => `bulk ${index + 1}`))
  })
})

describe('a database that restarts', () => {
  let postgres: PostgresHandle
  let server: TestServer

  beforeAll(async () => {
    const keys = await generateKeys()
    postgres = await startPostgres({
      dataDir: await mkdtemp(path.join(tmpdir(), 'realtime-restart-')),
      keys,
      logger: createMemoryLogger(),
      durable: false,
      ephemeral: true,
    })
    await withClient(postgres.urls.postgres, (client) => client.query(POLICIES))
    server = await startTestServer(postgres.urls, { settings: GENEROUS, keys })
  })

  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
    await postgres?.stop()
  })

  it('keeps the sockets; joins work again, and messages after the recovery arrive', async () => {
    using client = await connect(server)
    const token = await user(server)
    await client.join('room:restart', { private: true, broadcast: { replication_ready: true } }, token)
    await client.next((message) => message.payload.message === 'Replication connection established')
    process.kill(postgres.pid, 'SIGKILL')
    await postgres.exited
    await postgres.restart()
    await expect.poll(() => server.realtime.replicationConnected, { timeout: 20_000 }).toBe(true)
    using sql = await openClient(postgres.urls.postgres)
    await sql.client.query(
      `select realtime.send(jsonb_build_object('n', n), 'e', 'room:restart') from generate_series(1, 100) n`,
    )
    for (let n = 1; n <= 100; n++) {
      expect((await client.nextEvent('broadcast')).payload.payload).toMatchObject({ n })
    }
    expect(await client.join('room:after', { private: true }, token)).toMatchObject({ status: 'ok' })
  })

  async function openClient(url: string): Promise<Disposable & { client: pg.Client }> {
    const client = new pg.Client(url)
    await client.connect()
    return { client, [Symbol.dispose]: () => void client.end() }
  }
})
