/** Migrations through the Supabase CLI: its history, its seed, and the messages of failures. */

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase, withClient } from '../testing/database.ts'
import { applyMigrations } from './migrations.ts'
import { recordingLogger } from './testing/recording-logger.ts'

let projectDir = ''
let database: TestDatabase

beforeAll(async () => {
  projectDir = await mkdtemp(path.join(tmpdir(), 'claimwire-project-'))
  await mkdir(path.join(projectDir, 'supabase/migrations'), { recursive: true })
  await writeProjectFile('config.toml', 'project_id = "test"\n[db]\nmajor_version = 17\n')
  database = await createTestDatabase({ migrations: false })
})

afterAll(async () => {
  await rm(projectDir, { recursive: true, force: true })
  await database[Symbol.asyncDispose]()
})

function writeProjectFile(name: string, content: string): Promise<void> {
  return writeFile(path.join(projectDir, 'supabase', name), content)
}

function apply(logger = recordingLogger()) {
  return applyMigrations({ url: database.urls.postgres, projectDir, logger })
}

async function rows(sql: string): Promise<unknown[]> {
  return withClient(
    database.urls.postgres,
    async (client) => (await client.query<Record<string, unknown>>(sql)).rows,
  )
}

test('migrations and seed are applied once, with the history of the CLI', async () => {
  await writeProjectFile(
    'migrations/20260101000000_cars.sql',
    'create table public.cars (plate text primary key);',
  )
  await writeProjectFile('seed.sql', `insert into public.cars values ('B-AB 1') on conflict do nothing;`)
  expect(await apply()).toEqual({ applied: ['20260101000000'] })
  expect(await rows('select * from public.cars')).toEqual([{ plate: 'B-AB 1' }])
  expect(await rows('select version, name from supabase_migrations.schema_migrations')).toEqual([
    { version: '20260101000000', name: 'cars' },
  ])
  const silent = recordingLogger()
  expect(await apply(silent)).toEqual({ applied: [] })
  expect(silent.entries, 'the CLI was not even called').toEqual([])
})

test('only a new migration is applied to a database that has the others', async () => {
  await writeProjectFile(
    'migrations/20260102000000_colours.sql',
    'alter table public.cars add column colour text;',
  )
  expect(await apply()).toEqual({ applied: ['20260102000000'] })
})

test('a failing migration names its file, the statement and the reason, and is not recorded', async () => {
  const name = 'migrations/20260103000000_broken.sql'
  await writeProjectFile(
    name,
    'create table public.half (id int);\n\ncreate table public.broken (\n  id itn\n);\n',
  )
  const { urls } = database
  await expect(apply()).rejects.toMatchObject({
    code: 'migration_failed',
    details: {
      file: `supabase/${name}`,
      reason: expect.stringMatching(
        /^ERROR: type "itn" does not exist \(SQLSTATE 42704\)[\s\S]*create table public\.broken/,
      ),
    },
  })
  await apply().catch((error: unknown) => {
    expect(JSON.stringify(error)).not.toContain(new URL(urls.postgres).password)
  })
  expect(
    await rows(`select to_regclass('public.half') as half, max(version) as version
    from supabase_migrations.schema_migrations`),
  ).toEqual([{ half: null, version: '20260102000000' }])
  await rm(path.join(projectDir, 'supabase', name))
})

test('a migration with an earlier time than an applied one is refused, with what to do', async () => {
  const late = 'migrations/20260101120000_late.sql'
  await writeProjectFile(late, 'select 1;')
  await expect(apply()).rejects.toMatchObject({
    code: 'migration_failed',
    details: {
      file: 'supabase/migrations/20260101120000_…',
      reason: 'A migration with a later time, 20260102000000, has been applied already.',
      hint: expect.stringContaining('--fresh'),
    },
  })
  await rm(path.join(projectDir, 'supabase', late))
})

test('an applied migration without a file is named, and no other migration is applied', async () => {
  const gone = path.join(projectDir, 'supabase/migrations/20260102000000_colours.sql')
  const sql = await readFile(gone, 'utf8')
  await rm(gone)
  const logger = recordingLogger()
  expect(await apply(logger)).toEqual({ applied: [] })
  expect(logger.entries).toEqual([expect.objectContaining({ level: 'warn' })])
  const next = 'migrations/20260104000000_next.sql'
  await writeProjectFile(next, 'select 1;')
  await expect(apply()).rejects.toMatchObject({
    code: 'migration_failed',
    details: { reason: 'The database has migrations that this checkout lacks: 20260102000000.' },
  })
  await rm(path.join(projectDir, 'supabase', next))
  await writeFile(gone, sql)
})

test('a database from before the baseline is refused with the advice to start with --fresh, and keeps its data', async () => {
  await using old = await createTestDatabase({ migrations: false })
  await withClient(old.urls.postgres, (client) =>
    client.query(`
      create schema supabase_migrations;
      create table supabase_migrations.schema_migrations (version text primary key, statements text[], name text);
      insert into supabase_migrations.schema_migrations values ('20251101000000', '{}', 'cars'), ('20251102000000', '{}', 'colours');
      create table public.cars (plate text primary key);
      insert into public.cars values ('B-AB 1');
    `),
  )
  const applying = applyMigrations({ url: old.urls.postgres, projectDir, logger: recordingLogger() })
  await expect(applying).rejects.toMatchObject({
    code: 'migration_failed',
    details: {
      reason: expect.stringContaining('supabase/migrations/20260101000000_… has replaced'),
      hint: expect.stringContaining('npm start -- --fresh'),
    },
  })
  const cars = await withClient(old.urls.postgres, (client) => client.query('select plate from public.cars'))
  expect(cars.rows).toEqual([{ plate: 'B-AB 1' }])
})

test('a failing seed names its file', async () => {
  await using fresh = await createTestDatabase({ migrations: false })
  await writeProjectFile('seed.sql', 'insert into public.boats values (1);')
  const applying = applyMigrations({ url: fresh.urls.postgres, projectDir, logger: recordingLogger() })
  await expect(applying).rejects.toMatchObject({
    code: 'migration_failed',
    details: { file: 'supabase/seed.sql', reason: expect.stringContaining('"public.boats" does not exist') },
  })
})
