import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMemoryLogger } from '../logger.ts'
import { createTestDatabase, type TestDatabase, withClient } from '../testing/database.ts'
import type { Stoppable } from '../types.ts'
import { startNetWorker } from './net-worker.ts'
import { type RecordingServer, startRecordingServer, until } from './testing.ts'

let database: TestDatabase
let server: RecordingServer
let worker: Stoppable
let postgres: pg.Client

const CONCURRENCY = 4

beforeAll(async () => {
  database = await createTestDatabase({ migrations: false })
  server = await startRecordingServer()
  // The worker starts before the extension is created, as on a fresh stack.
  worker = startNetWorker({
    databaseUrl: database.urls.admin,
    logger: createMemoryLogger(),
    concurrency: CONCURRENCY,
  })
  postgres = new pg.Client(database.urls.postgres)
  await postgres.connect()
  await postgres.query('create extension if not exists pg_net with schema extensions')
  await postgres.query('select net.wait_until_running()')
})

afterAll(async () => {
  await postgres.end()
  await worker.stop()
  await server[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

async function idOf(sql: string, values: unknown[] = [], client: pg.Client = postgres): Promise<string> {
  const { rows } = await client.query<{ id: string }>(sql, values)
  return rows[0]?.id ?? ''
}

function post(path: string, client: pg.Client = postgres): Promise<string> {
  return idOf(`select net.http_post($1, '{"a": 1}') as id`, [`${server.url}${path}`], client)
}

interface ResponseRow {
  status_code: number | null
  content_type: string | null
  content: string | null
  timed_out: boolean | null
  error_msg: string | null
}

function responseTo(id: string): Promise<ResponseRow> {
  return until(async () => {
    const { rows } = await postgres.query<ResponseRow>(
      'select status_code, content_type, content, timed_out, error_msg from net._http_response where id = $1',
      [id],
    )
    return rows[0]
  })
}

const arrived = (path: string) => server.requests.filter((request) => request.path.startsWith(path))

describe('the pg_net worker', () => {
  it('sends a request, and keeps its answer', async () => {
    const id = await idOf(
      `select net.http_post(
        url := $1, body := '{"job_id": "å"}', params := '{"q": "a b&c"}', headers := '{"apikey": "key"}'
      ) as id`,
      [`${server.url}/post?x=1`],
    )
    expect(await responseTo(id)).toEqual({
      status_code: 200,
      content_type: 'application/json',
      content: '{"seen":"/post?x=1&q=a%20b%26c"}',
      timed_out: false,
      error_msg: null,
    })
    expect(arrived('/post')).toEqual([
      {
        method: 'POST',
        path: '/post?x=1&q=a%20b%26c',
        headers: expect.objectContaining({ apikey: 'key', 'content-type': 'application/json' }),
        body: '{"job_id": "å"}',
      },
    ])
    const got = await idOf(`select net.http_get($1) as id`, [`${server.url}/status/404`])
    expect(await responseTo(got)).toMatchObject({ status_code: 404, error_msg: null })
    const deleted = await idOf(`select net.http_delete($1) as id`, [`${server.url}/delete`])
    await responseTo(deleted)
    expect(arrived('/delete')).toMatchObject([{ method: 'DELETE', body: '' }])
    const { rows } = await postgres.query(`select (net._http_collect_response($1, false)).*`, [id])
    expect(rows[0]).toMatchObject({ status: 'SUCCESS' })
  })

  it('sends a request only after its commit', async () => {
    await withClient(database.urls.postgres, async (client) => {
      await client.query('begin')
      const held = await post('/committed', client)
      await responseTo(await post('/meanwhile'))
      expect(arrived('/committed')).toEqual([])
      await client.query('commit')
      expect(await responseTo(held)).toMatchObject({ status_code: 200 })
      expect(arrived('/committed')).toHaveLength(1)
    })
  })

  it('sends no request that was rolled back', async () => {
    await withClient(database.urls.postgres, async (client) => {
      await client.query('begin')
      await post('/rolled-back', client)
      await client.query('savepoint inner_one')
      await post('/rolled-back-inner', client)
      await client.query('rollback to inner_one')
      await client.query('rollback')
      await client.query('begin')
      await client.query('savepoint inner_two')
      await post('/rolled-back-inner', client)
      await client.query('rollback to inner_two')
      const kept = await post('/kept', client)
      await client.query('commit')
      await responseTo(kept)
    })
    expect(arrived('/rolled-back')).toEqual([])
    expect(arrived('/kept')).toHaveLength(1)
  })

  it('serves service_role and authenticated, as on hosted Supabase', async () => {
    await withClient(database.urls.authenticator, async (client) => {
      await client.query('set role authenticated')
      await responseTo(await post('/as-user', client))
    })
    expect(arrived('/as-user')).toHaveLength(1)
  })

  it('records that a server does not answer, does not exist, or is no valid address', async () => {
    const late = await idOf(`select net.http_get($1, timeout_milliseconds := 100) as id`, [
      `${server.url}/never`,
    ])
    expect(await responseTo(late)).toMatchObject({
      status_code: null,
      timed_out: true,
      error_msg: 'Timeout of 100 ms reached',
    })
    const closed = await idOf(`select net.http_get('http://127.0.0.1:1/') as id`)
    expect(await responseTo(closed)).toMatchObject({
      status_code: null,
      timed_out: false,
      error_msg: expect.any(String),
    })
    const invalid = await idOf(`select net.http_get('not an address') as id`)
    expect(await responseTo(invalid)).toMatchObject({ status_code: null, error_msg: expect.any(String) })
  })

  it('performs a bounded number of requests at a time, and all of them in the end', async () => {
    const ids: string[] = []
    for (let index = 0; index < 3 * CONCURRENCY; index += 1) ids.push(await post(`/hold/${index}`))
    await until(() => server.open === CONCURRENCY)
    server.release()
    for (const id of ids) expect(await responseTo(id)).toMatchObject({ status_code: 200 })
    expect(arrived('/hold')).toHaveLength(3 * CONCURRENCY)
    expect(server.mostOpen).toBe(CONCURRENCY)
  })

  it('sends requests that were queued without a worker once, also with two workers', async () => {
    await worker.stop()
    const ids: string[] = []
    for (let index = 0; index < 30; index += 1) ids.push(await post(`/queued/${index}`))
    await expect(postgres.query('select net.check_worker_is_up()')).rejects.toThrow('not up')
    const options = {
      databaseUrl: database.urls.admin,
      logger: createMemoryLogger(),
      concurrency: CONCURRENCY,
    }
    const second = startNetWorker(options)
    worker = startNetWorker(options)
    for (const id of ids) expect(await responseTo(id)).toMatchObject({ status_code: 200 })
    await second.stop()
    expect(
      arrived('/queued')
        .map(({ path }) => path)
        .sort(),
    ).toEqual(ids.map((_, index) => `/queued/${index}`).sort())
  })

  it('removes answers after six hours', async () => {
    const old = await post('/old')
    const recent = await post('/recent')
    await responseTo(old)
    await responseTo(recent)
    await postgres.query(
      `update net._http_response set created = now() - interval '6 hours 1 second' where id = $1`,
      [old],
    )
    await worker.stop()
    worker = startNetWorker({ databaseUrl: database.urls.admin, logger: createMemoryLogger() })
    await until(async () => {
      const { rows } = await postgres.query<{ id: string }>(
        'select id from net._http_response where id = any($1)',
        [[old, recent]],
      )
      return rows.map(({ id }) => id).join() === recent
    })
  })
})
