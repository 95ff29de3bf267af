/** `supabase/schemas` and `supabase/migrations` make the same database, object by object. */

import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase, withClient } from '../testing/database.ts'
import { type Catalogue, type CatalogueDifference, compareCatalogues, readCatalogue } from './catalogue.ts'
import { applySchemas, readSchemas } from './schemas.ts'

const REPOSITORY = path.resolve(import.meta.dirname, '../..')

let declared: TestDatabase
let migrated: Catalogue

beforeAll(async () => {
  await using database = await createTestDatabase()
  migrated = await withClient(database.urls.postgres, readCatalogue)
  declared = await createTestDatabase({ migrations: false })
  const files = await readSchemas(REPOSITORY)
  await withClient(declared.urls.postgres, (client) => applySchemas(client, files))
})

afterAll(() => declared[Symbol.asyncDispose]())

/** The differences when `sql` has changed the database of the schemas. */
function differencesAfter(sql: string): Promise<CatalogueDifference[]> {
  return withClient(declared.urls.postgres, async (client) => {
    await client.query(`begin; ${sql}`)
    return compareCatalogues(migrated, await readCatalogue(client))
  })
}

test('schemas and migrations make the same database; run "npm run migration -- <name>" when this fails', async () => {
  expect(await differencesAfter('')).toEqual([])
})

test('every file of the folder is named in config.toml, once', async () => {
  const named = (await readSchemas(REPOSITORY)).map(({ name }) => path.basename(name)).sort()
  expect(named).toEqual((await readdir(path.join(REPOSITORY, 'supabase/schemas'))).sort())
})

test.each([
  [
    'a body of a function',
    `create or replace function private.nudge_hold() returns interval language sql immutable parallel safe set search_path = ''
      as $$ select interval '11 seconds'; $$`,
    'function private.nudge_hold()',
  ],
  [
    'a setting of a function',
    'alter function public.requeue_job(uuid) set lock_timeout = 1000',
    'function public.requeue_job(uuid)',
  ],
  ['a comment', `comment on table public.jobs is 'Something else.'`, 'table public.jobs'],
  ['a comment on a column', `comment on column public.jobs.stage is null`, 'column public.jobs.stage'],
  ['a revoked privilege', 'revoke select on public.reports from authenticated', 'table public.reports'],
  [
    'a privilege on a function',
    'grant execute on function public.sweep_jobs() to anon',
    'function public.sweep_jobs()',
  ],
  [
    'one policy more',
    `create policy "Everybody reads" on public.jobs for select to anon using (true)`,
    'policy "Everybody reads" on public.jobs',
  ],
  [
    'a changed policy',
    'alter policy "People can read their own notifications" on public.notifications using (true)',
    'policy "People can read their own notifications" on public.notifications',
  ],
  ['row level security', 'alter table public.jobs disable row level security', 'table public.jobs'],
  [
    'a disabled trigger',
    'alter table public.jobs disable trigger tg_jobs__revise',
    'trigger tg_jobs__revise on public.jobs',
  ],
  [
    'the publication',
    'alter publication supabase_realtime drop table public.jobs',
    'publication supabase_realtime of public.jobs',
  ],
  [
    'a default',
    `alter table private.limits alter column max_devices set default 6`,
    'column private.limits.max_devices',
  ],
  [
    'default privileges',
    'alter default privileges in schema private grant select on tables to anon',
    'default privileges of postgres in private on r',
  ],
  ['a missing index', 'drop index public.jobs_due_idx', 'index public.jobs_due_idx'],
])('the comparison sees %s', async (_, sql, object) => {
  expect((await differencesAfter(sql)).map((difference) => difference.object)).toEqual([object])
})

test('the comparison sees a table that only one side has', async () => {
  const found = await differencesAfter('create table public.only_here (id integer)')
  expect(found.map(({ object, first }) => [object, first])).toEqual([
    ['column public.only_here.id', null],
    ['table public.only_here', null],
  ])
})
