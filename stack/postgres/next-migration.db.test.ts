/** Runs `npm run migration` on copies of the project with changed schemas. */

import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, withClient } from '../testing/database.ts'
import { type NextMigration, nextMigration } from './next-migration.ts'

const REPOSITORY = path.resolve(import.meta.dirname, '../..')

let projectDir = ''

beforeAll(async () => {
  projectDir = await mkdtemp(path.join(tmpdir(), 'claimwire-next-migration-'))
})

afterAll(() => rm(projectDir, { recursive: true, force: true }))

/** The next migration after changes to schema files: from the text before to the text after. */
async function migrationAfter(changes: Record<string, (sql: string) => string>): Promise<NextMigration> {
  const supabase = path.join(projectDir, 'supabase')
  // The configuration names the templates of mails, and the CLI refuses a missing one.
  for (const name of ['schemas', 'templates', 'config.toml'])
    await cp(path.join(REPOSITORY, 'supabase', name), path.join(supabase, name), { recursive: true })
  for (const [name, change] of Object.entries(changes)) {
    const file = path.join(supabase, 'schemas', name)
    const sql = await readFile(file, 'utf8')
    const changed = change(sql)
    expect(changed, `the change of ${name} changes nothing`).not.toBe(sql)
    await writeFile(file, changed)
  }
  await using migrated = await createTestDatabase()
  await using declared = await createTestDatabase({ migrations: false })
  const urls = { migratedUrl: migrated.urls.postgres, declaredUrl: declared.urls.postgres }
  const next = await nextMigration({ projectDir, ...urls })
  await withClient(migrated.urls.postgres, (client) => client.query(next.sql))
  return next
}

const add = (more: string) => (sql: string) => `${sql}\n${more}`

test('no migration is written when schemas and migrations make the same database', async () => {
  expect(await migrationAfter({})).toEqual({ sql: '', losses: [], unseen: [] })
})

test('a table, its policy, its grants, its comments and a changed function are written completely', async () => {
  const { sql, losses, unseen } = await migrationAfter({
    'incidents.sql': add(`
      create table public.vehicles (
        id uuid primary key default gen_random_uuid(),
        incident_id uuid not null references public.incidents (id) on delete cascade,
        plate text not null
      );
      comment on table public.vehicles is 'A vehicle of a crash.';
      comment on column public.vehicles.plate is 'As on the vehicle.';
      create index vehicles_incident_id_idx on public.vehicles (incident_id);
      alter table public.vehicles enable row level security;
      create policy "Members can read the vehicles of their incidents"
      on public.vehicles for select to authenticated
      using (incident_id in (select private.member_incident_ids()));
      revoke all on table public.vehicles from public, anon, authenticated, service_role;
      grant select on table public.vehicles to authenticated;
    `),
    'publication.sql': add('alter publication supabase_realtime add table public.vehicles;'),
    'text.sql': (before) => before.replace('.MS"Z"', '.US"Z"'),
    'jobs.sql': (before) => before.replace('  stage text,', '  stage text,\n  phase text,'),
  })
  expect(unseen).toEqual([])
  expect(losses).toEqual([])
  expect(sql).toContain('create table "public"."vehicles"')
  expect(sql).not.toContain('cron.')
})

test('statements that delete stored data are listed', async () => {
  const { losses } = await migrationAfter({
    'case_notes.sql': (before) =>
      before
        .replace('created_at timestamptz', 'written_at timestamptz')
        .replace('created_at desc', 'written_at desc'),
  })
  expect(losses).toEqual([expect.stringMatching(/drop column "created_at"$/)])
})

test('differences that pg-delta does not see are listed', async () => {
  const { sql, unseen } = await migrationAfter({
    'jobs.sql': add(`create statistics public.jobs_by_kind on kind, status from public.jobs;`),
  })
  expect(sql).not.toContain('jobs_by_kind')
  expect(unseen.map(({ object }) => object)).toEqual(['statistics public.jobs_by_kind'])
})

test('broken SQL in a schema names the file, the line and the reason', async () => {
  await expect(migrationAfter({ 'jobs.sql': add('create tabel public.cars ();') })).rejects.toMatchObject({
    code: 'migration_failed',
    details: {
      file: 'supabase/schemas/jobs.sql',
      reason: expect.stringContaining('syntax error at or near "tabel"'),
    },
  })
})
