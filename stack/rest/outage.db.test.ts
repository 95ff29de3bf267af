/** Answers of REST and Auth while the database is away or hangs, and after it has returned. */

import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type AuthService, createAuthService } from '../auth/index.ts'
import { createGateway, type Gateway } from '../gateway/index.ts'
import { generateKeys } from '../keys/index.ts'
import { createMemoryLogger } from '../logger.ts'
import { createTestDatabase, type TestDatabase, withClient } from '../testing/database.ts'
import type { StackKeys } from '../types.ts'
import { createRestService, type RestService } from './index.ts'

/** A proxy in front of the database whose connections can be cut. */
class CutProxy {
  mode: 'open' | 'closed' | 'silent' = 'open'
  readonly #sockets = new Set<Socket>()
  readonly #server: Server

  constructor(target: URL) {
    this.#server = createServer((socket) => {
      this.#track(socket)
      if (this.mode === 'closed') socket.destroy()
      if (this.mode !== 'open') return
      const upstream = connect(Number(target.port), target.hostname)
      this.#track(upstream)
      socket.pipe(upstream).pipe(socket)
      socket.once('close', () => upstream.destroy())
      upstream.once('close', () => socket.destroy())
    })
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    socket.on('error', () => socket.destroy())
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  cut(mode: 'closed' | 'silent'): void {
    this.mode = mode
    for (const socket of this.#sockets) socket.destroy()
  }

  url(original: string): string {
    const address = this.#server.address()
    const url = new URL(original)
    url.port = String(typeof address === 'object' ? address?.port : '')
    return url.href
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut('closed')
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}

let database: TestDatabase
let proxy: CutProxy
let keys: StackKeys
let rest: RestService
let auth: AuthService
let gateway: Gateway
const logger = createMemoryLogger()

beforeAll(async () => {
  database = await createTestDatabase()
  await withClient(database.urls.postgres, (client) =>
    client.query(`create table public.things (id int primary key);
      alter table public.things enable row level security;
      create policy "Everyone reads things" on public.things for select using (true);
      create function public.nap(seconds float8) returns void language sql as 'select pg_sleep(seconds)'`),
  )
  proxy = new CutProxy(new URL(database.urls.admin))
  await proxy.open()
  keys = await generateKeys()
  const urls = {
    admin: proxy.url(database.urls.admin),
    authenticator: proxy.url(database.urls.authenticator),
  }
  rest = await createRestService({ urls, logger, poolSize: 4, acquireTimeoutMs: 1_000 })
  auth = createAuthService({
    databaseUrl: urls.admin,
    keys,
    logger,
    issuer: 'http://x',
    settings: { bcryptCost: 4, autoconfirm: true },
    mail: { send: async () => undefined, close: () => undefined },
  })
  gateway = await createGateway({ port: 0, keys, logger, services: { rest, auth } })
})

beforeEach(() => {
  proxy.mode = 'open'
})

afterAll(async () => {
  await gateway.stop()
  await Promise.all([rest.stop(), auth.stop()])
  await proxy[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

async function call(path: string, body?: unknown): Promise<{ status: number; body: string }> {
  const response = await fetch(`${gateway.url}${path}`, {
    headers: { apikey: keys.secretKey, 'content-type': 'application/json' },
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
  })
  return { status: response.status, body: await response.text() }
}

const things = () => call('/rest/v1/things')
const login = () => call('/auth/v1/token?grant_type=password', { email: 'a@b.c', password: 'password' })

describe.each(['closed', 'silent'] as const)('a database that is %s', (mode) => {
  test('gives 503 at once or after the time-out; requests work again after it has returned', async () => {
    await expect.poll(things, { timeout: 20_000 }).toEqual({ status: 200, body: '[]' })
    expect((await login()).status).toBe(400)

    proxy.cut(mode)
    const answers = await Promise.all([things(), things(), things(), login()])
    expect(answers.slice(0, 3).map((answer) => answer.status)).toEqual([503, 503, 503])
    for (const { body } of answers.slice(0, 3)) {
      expect(JSON.parse(body)).toMatchObject({
        code: expect.stringMatching(/^PGRST00[012]$/),
        message: expect.any(String),
      })
    }
    expect(answers[3]).toMatchObject({ status: 503 })

    proxy.mode = 'open'
    await expect.poll(things, { timeout: 20_000 }).toEqual({ status: 200, body: '[]' })
    await expect.poll(async () => (await login()).status, { timeout: 20_000 }).toBe(400)
  })
})

test('connections that the server has ended are replaced', async () => {
  await expect.poll(things, { timeout: 20_000 }).toEqual({ status: 200, body: '[]' })
  await withClient(database.urls.admin, (client) =>
    client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
    ),
  )
  await expect.poll(things, { timeout: 20_000 }).toEqual({ status: 200, body: '[]' })
})

async function napping(): Promise<number> {
  const { rows } = await withClient(database.urls.admin, (client) =>
    client.query<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity
        where query like '%nap%' and state = 'active' and datname = current_database() and pid <> pg_backend_pid()`,
    ),
  )
  return rows[0]?.n ?? 0
}

test('a request whose connection is cut during its statement is answered 503', async () => {
  await expect.poll(things, { timeout: 20_000 }).toEqual({ status: 200, body: '[]' })
  const running = call('/rest/v1/rpc/nap', { seconds: 7 })
  await expect.poll(napping).toBe(1)
  proxy.cut('closed')
  expect((await running).status).toBe(503)
  proxy.mode = 'open'
  await expect.poll(things, { timeout: 20_000 }).toEqual({ status: 200, body: '[]' })
  await withClient(database.urls.admin, (client) =>
    client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where query like '%nap%' and datname = current_database() and pid <> pg_backend_pid()`,
    ),
  )
})

test('a request that finds every connection busy is answered 504, and is never carried out', async () => {
  await expect.poll(things, { timeout: 20_000 }).toEqual({ status: 200, body: '[]' })
  const busy = Array.from({ length: 4 }, () => call('/rest/v1/rpc/nap', { seconds: 4 }))
  await expect.poll(napping).toBe(4)
  const late = await call('/rest/v1/things', { id: 1 })
  expect(late.status).toBe(504)
  expect(JSON.parse(late.body)).toMatchObject({ code: 'PGRST003' })
  expect((await Promise.all(busy)).map((answer) => answer.status)).toEqual([204, 204, 204, 204])
  expect(await things()).toEqual({ status: 200, body: '[]' })
})

test('a statement is stopped by the time limit of its role', async () => {
  const response = await fetch(`${gateway.url}/rest/v1/rpc/nap`, {
    method: 'POST',
    headers: { apikey: keys.publishableKey, 'content-type': 'application/json' },
    body: '{"seconds": 30}',
  })
  expect(response.status).toBe(500)
  expect(await response.json()).toMatchObject({ code: '57014' })
})
