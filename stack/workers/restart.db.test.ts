import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { expect, it } from 'vitest'
import { generateKeys } from '../keys/index.ts'
import { createMemoryLogger } from '../logger.ts'
import { startPostgres } from '../postgres/index.ts'
import { withClient } from '../testing/database.ts'
import { startWorkers } from './index.ts'
import { startRecordingServer, until } from './testing.ts'

it('after a restart of the database the workers go on, and waiting requests and responses are kept', async () => {
  const logger = createMemoryLogger()
  await using stack = new AsyncDisposableStack()
  const dataDir = await mkdtemp(join(tmpdir(), 'workers-test-'))
  stack.defer(() => rm(dataDir, { recursive: true, force: true }))
  const postgres = stack.use(
    await startPostgres({ dataDir: join(dataDir, 'pg'), keys: await generateKeys(), logger, durable: false }),
  )
  const server = stack.use(await startRecordingServer())
  const workers = startWorkers({ urls: postgres.urls, logger })
  stack.defer(() => workers.stop())

  const run = (sql: string, values: unknown[] = []): Promise<pg.QueryResult> =>
    withClient(postgres.urls.postgres, (client) => client.query(sql, values))
  const post = async (path: string): Promise<string> =>
    (await run('select net.http_post($1) as id', [`${server.url}${path}`])).rows[0]?.id
  const statusOf = (id: string): Promise<number> =>
    until(
      async () =>
        (await run('select status_code from net._http_response where id = $1', [id])).rows[0]?.status_code,
    )
  const runs = async (): Promise<number> =>
    (await run(`select from cron.job_run_details where status = 'succeeded'`)).rowCount ?? 0

  await run(
    `create extension pg_net; create extension pg_cron; select cron.schedule('tick', '1 second', 'select 1')`,
  )
  expect(await statusOf(await post('/before'))).toBe(200)
  await until(async () => (await runs()) > 0)

  // The answer to /hold arrives while the database is away, and is written once it is back.
  const held = await post('/hold')
  await until(() => server.open === 1)
  const restarted = postgres.restart()
  server.release()
  await restarted

  const after = await post('/after')
  expect(await statusOf(held)).toBe(200)
  expect(await statusOf(after)).toBe(200)
  const before = await runs()
  await until(async () => (await runs()) > before)
  expect(server.requests.map(({ path }) => path)).toEqual(['/before', '/hold', '/after'])
})
