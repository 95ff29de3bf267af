/**
 * The server's life: kept data, taken ports, owners that were killed, servers that were killed. Temporary
 * folders are closed to other users, so that a run as root also proves that the server needs no way through.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { TEST_FOLDER_PREFIX, temporaryDataFolder } from '../testing/temporary-folder.ts'
import { databaseUrls, type PostgresHandle, startPostgres, withClient } from './index.ts'
import { isAlive } from './orphans.ts'
import { type RecordingLogger, recordingLogger } from './testing/recording-logger.ts'

const KEYS = { dbPassword: `it's a "pass" word/?#%`, vaultKey: 'ab'.repeat(32) }
const SERVER_PROCESS = path.join(import.meta.dirname, 'testing/server-process.ts')

let dataDir = ''
let logger: RecordingLogger = recordingLogger()
const cleanUp: (() => Promise<unknown> | unknown)[] = []

beforeAll(async () => {
  dataDir = await temporaryDataFolder(`${TEST_FOLDER_PREFIX}launcher-`)
})

afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo()
})

afterAll(() => rm(dataDir, { recursive: true, force: true }))

async function start(options: Partial<Parameters<typeof startPostgres>[0]> = {}): Promise<PostgresHandle> {
  logger = recordingLogger()
  const server = await startPostgres({ dataDir, keys: KEYS, durable: false, logger, ...options })
  cleanUp.push(() => server.stop())
  return server
}

async function query(url: string, sql: string): Promise<unknown[]> {
  return withClient(url, async (client) => (await client.query<Record<string, unknown>>(sql)).rows)
}

async function eventually(what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    if (await condition()) return
    await delay(20)
  }
  throw new Error(`Waited in vain for: ${what}`)
}

const exists = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  )

/** A Node process of its own that owns the server on `folder`. */
async function startInOtherProcess(folder: string, ephemeral: boolean) {
  const options = JSON.stringify({ dataDir: folder, ephemeral, ...KEYS })
  const owner = spawn(process.execPath, [SERVER_PROCESS, options], { stdio: ['ignore', 'pipe', 'inherit'] })
  cleanUp.push(() => owner.kill('SIGKILL'))
  const [line] = await once(createInterface({ input: owner.stdout }), 'line')
  const { pid, url }: { pid: number; url: string } = JSON.parse(String(line))
  return { owner, pid, url }
}

async function killHard(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

/** The shell that ends the server when its owner is gone. */
async function watchdogOf(postmaster: number): Promise<number> {
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')
    if (command.includes(`postgres-watchdog\0${postmaster}\0`)) return Number(name)
  }
  throw new Error('There is no watchdog.')
}

test('data, roles and the password survive a restart of the process', async () => {
  const first = await start({ fresh: true })
  await query(first.urls.postgres, 'create table public.kept as select 42 as answer')
  await first.stop()
  const second = await start()
  expect(await query(second.urls.postgres, 'select answer from public.kept')).toEqual([{ answer: 42 }])
  expect(await query(second.urls.authenticator, 'select current_user::text as role')).toEqual([
    { role: 'authenticator' },
  ])
})

test('fresh empties the cluster', async () => {
  const first = await start()
  await query(first.urls.postgres, 'create table if not exists public.gone (id int)')
  await first.stop()
  const second = await start({ fresh: true })
  expect(await query(second.urls.postgres, `select to_regclass('public.gone') as found`)).toEqual([
    { found: null },
  ])
})

test('the server is TCP on loopback with passwords only, decodes logically, and is durable on request', async () => {
  const server = await start({ durable: true })
  const shown = await query(
    server.urls.admin,
    `select name, setting from pg_settings where name in
       ('listen_addresses', 'unix_socket_directories', 'wal_level', 'fsync', 'password_encryption', 'server_encoding')
     order by name`,
  )
  expect(shown).toEqual([
    { name: 'fsync', setting: 'on' },
    { name: 'listen_addresses', setting: '127.0.0.1' },
    { name: 'password_encryption', setting: 'scram-sha-256' },
    { name: 'server_encoding', setting: 'UTF8' },
    { name: 'unix_socket_directories', setting: '' },
    { name: 'wal_level', setting: 'logical' },
  ])
  const wrong = databaseUrls(server.port, 'postgres', 'wrong').postgres
  await expect(query(wrong, 'select 1')).rejects.toMatchObject({ code: '28P01' })
})

test('a taken port gives a warning and the next free one', async () => {
  const blocker = createServer().listen(0, '127.0.0.1')
  await once(blocker, 'listening')
  cleanUp.push(() => blocker.close())
  const address = blocker.address()
  const taken = typeof address === 'object' && address !== null ? address.port : 0
  const server = await start({ port: taken })
  expect(server.port).toBeGreaterThan(taken)
  expect(await query(server.urls.admin, 'show port')).toEqual([{ port: String(server.port) }])
  expect(logger.messages('warn')).toEqual([
    `Port ${taken} is taken; the database listens on ${server.port} instead.`,
  ])
})

test('a second server on the same data directory is refused, and the first keeps running', async () => {
  const first = await start()
  await expect(start()).rejects.toMatchObject({ code: 'data_dir_in_use' })
  expect(await query(first.urls.postgres, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('two servers on different data run side by side', async () => {
  const other = await temporaryDataFolder(`${TEST_FOLDER_PREFIX}launcher-`)
  const [first, second] = await Promise.all([start(), start({ dataDir: other, ephemeral: true })])
  expect(first.port).not.toBe(second.port)
  await second.stop()
  expect(await exists(other)).toBe(false)
})

test('a postmaster.pid that names another process is removed, and that process is left alone', async () => {
  const first = await start()
  await first.stop()
  const bystander = spawn('/bin/sh', ['-c', 'read -r _'], { stdio: ['pipe', 'ignore', 'ignore'] })
  cleanUp.push(() => bystander.kill('SIGKILL'))
  await writeFile(path.join(dataDir, 'data/postmaster.pid'), `${bystander.pid}\n${dataDir}/data\n`, {
    mode: 0o644,
  })
  const second = await start()
  expect(await query(second.urls.postgres, 'select 1 as one')).toEqual([{ one: 1 }])
  expect(bystander.exitCode).toBeNull()
  expect(isAlive(bystander.pid ?? 0)).toBe(true)
})

test('a server whose owner was killed ends, and its temporary folder is removed', async () => {
  const folder = await temporaryDataFolder(`${TEST_FOLDER_PREFIX}launcher-`)
  cleanUp.push(() => rm(folder, { recursive: true, force: true }))
  const { owner, pid } = await startInOtherProcess(folder, true)
  await killHard(owner)
  await eventually('the end of the server', () => !isAlive(pid))
  await eventually('the end of the folder', async () => !(await exists(folder)))
})

describe.runIf(process.platform === 'linux')('an orphan, left when its watchdog was killed too', () => {
  test('is ended by the next start, which finds the committed data', async () => {
    const { owner, pid, url } = await startInOtherProcess(dataDir, false)
    await query(
      url,
      'create table if not exists public.committed (id int); insert into public.committed values (7)',
    )
    process.kill(await watchdogOf(pid), 'SIGKILL')
    await killHard(owner)
    expect(isAlive(pid)).toBe(true)
    const next = await start()
    expect(isAlive(pid)).toBe(false)
    expect(await query(next.urls.admin, 'select id from public.committed')).toEqual([{ id: 7 }])
    expect(logger.messages('warn')).toHaveLength(1)
  })
})

test('a server that is killed is reported, and can be restarted on its port with what was committed', async () => {
  const server = await start()
  const exits: unknown[] = []
  server.onExit((exit) => exits.push(exit))
  await query(server.urls.postgres, 'create table if not exists public.survivor (id int)')
  const { exited, port } = server
  process.kill(server.pid, 'SIGKILL')
  expect(await exited).toMatchObject({ signal: 'SIGKILL', requested: false })
  expect(exits).toMatchObject([{ requested: false }])
  expect(logger.messages('error')).toContain('The database server ended by itself.')
  await server.restart()
  expect(server.port).toBe(port)
  expect(await query(server.urls.postgres, 'select count(*)::int from public.survivor')).toEqual([
    { count: 0 },
  ])
})

test('stop can be called twice and during a restart; afterwards nothing can be restarted', async () => {
  const server = await start()
  const exits: boolean[] = []
  server.onExit((exit) => exits.push(exit.requested))
  const restarting = server.restart()
  await Promise.all([restarting.catch(() => undefined), server.stop(), server.stop()])
  expect(isAlive(server.pid)).toBe(false)
  expect(exits.every((requested) => requested)).toBe(true)
  await expect(server.restart()).rejects.toMatchObject({ code: 'database_unavailable' })
})

test('a new password is set on a cluster that was made with another one', async () => {
  const first = await start({ fresh: true })
  await first.stop()
  const second = await start({ keys: { ...KEYS, dbPassword: 'another' } })
  expect(await query(second.urls.postgres, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('a cluster of another PostgreSQL version is refused with a hint', async () => {
  const first = await start()
  await first.stop()
  const file = path.join(dataDir, 'data/PG_VERSION')
  await writeFile(file, '16\n')
  cleanUp.push(() => writeFile(file, '17\n'))
  await expect(start()).rejects.toMatchObject({
    code: 'data_dir_unusable',
    details: { reason: 'It was made by PostgreSQL 16.' },
  })
})
