/** The database before any migration, as the roles of a hosted Supabase project see it. */

import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase, withClient } from '../testing/database.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase({ migrations: false })
})

afterAll(() => database[Symbol.asyncDispose]())

/** Runs the statements in order, in a transaction that is rolled back; rows of the last one. */
async function attempt(
  role: 'admin' | 'postgres' | 'authenticator',
  ...statements: string[]
): Promise<unknown[]> {
  return withClient(database.urls[role], async (client) => {
    await client.query('begin')
    try {
      let result: pg.QueryResult<Record<string, unknown>> | undefined
      for (const statement of statements) result = await client.query<Record<string, unknown>>(statement)
      return result?.rows ?? []
    } finally {
      await client.query('rollback')
    }
  })
}

describe('attributes', () => {
  test('supabase_admin alone is a superuser, and the roles have what they have when hosted', async () => {
    const rows = await attempt(
      'admin',
      `select rolname as name, rolsuper as superuser, rolcanlogin as login, rolbypassrls as bypass,
         rolcreaterole as createrole, rolcreatedb as createdb, rolreplication as replication, rolinherit as inherit
       from pg_roles where rolname in
         ('supabase_admin', 'postgres', 'anon', 'authenticated', 'service_role', 'authenticator')
       order by rolname`,
    )
    const role = (name: string, attributes: Record<string, boolean>) => ({
      name,
      superuser: false,
      login: false,
      bypass: false,
      createrole: false,
      createdb: false,
      replication: false,
      inherit: false,
      ...attributes,
    })
    const everything = {
      login: true,
      bypass: true,
      createrole: true,
      createdb: true,
      replication: true,
      inherit: true,
    }
    expect(rows).toEqual([
      role('anon', {}),
      role('authenticated', {}),
      role('authenticator', { login: true }),
      role('postgres', everything),
      role('service_role', { bypass: true }),
      role('supabase_admin', { ...everything, superuser: true }),
    ])
    expect(await attempt('admin', 'select count(*)::int from pg_roles where rolsuper')).toEqual([
      { count: 1 },
    ])
  })

  test.each(['anon', 'authenticated', 'service_role'])('authenticator may become %s', async (role) => {
    const rows = await attempt('authenticator', `set local role ${role}`, 'select current_user::text as role')
    expect(rows).toEqual([{ role }])
  })

  test.each(['postgres', 'supabase_admin', 'supabase_auth_admin'])(
    'authenticator may not become %s',
    async (role) => {
      await expect(attempt('authenticator', `set local role ${role}`)).rejects.toMatchObject({
        code: '42501',
      })
    },
  )

  test('time limits of the API are those of a hosted project', async () => {
    const rows = await attempt(
      'admin',
      `select rolname as role, setting from pg_roles, unnest(rolconfig) as setting
       where setting like 'statement_timeout=%' order by rolname`,
    )
    expect(rows).toEqual([
      { role: 'anon', setting: 'statement_timeout=3s' },
      { role: 'authenticated', setting: 'statement_timeout=8s' },
      { role: 'authenticator', setting: 'statement_timeout=8s' },
    ])
  })
})

describe('postgres, who runs the migrations,', () => {
  test.each([
    ['become the superuser', 'set local role supabase_admin'],
    ['become the owner of auth', 'set local role supabase_auth_admin'],
    ['become the owner of realtime', 'set local role supabase_realtime_admin'],
    ['make a superuser', 'create role intruder superuser'],
    ['change a table of auth', 'alter table auth.users add column mine int'],
    ['read files of the server', `select pg_read_file('postgresql.conf')`],
  ])('may not %s', async (_what, statement) => {
    await expect(attempt('postgres', statement)).rejects.toMatchObject({ code: '42501' })
  })

  test.each([
    [
      'create a policy on realtime.messages',
      'create policy mine on realtime.messages for select to authenticated using (true)',
    ],
    [
      'create a policy on storage.objects',
      'create policy mine on storage.objects for select to authenticated using (true)',
    ],
    ['refer to users', 'create table public.mine (user_id uuid references auth.users on delete cascade)'],
    ['create a schema', 'create schema mine'],
    ['create a role', 'create role helper nologin'],
    ['create an extension', 'create extension if not exists citext with schema extensions'],
    ['create pg_net', 'create extension if not exists pg_net with schema extensions'],
    ['create pg_cron', 'create extension if not exists pg_cron'],
    [
      'add a table to the publication',
      'create table public.mine (id int primary key); alter publication supabase_realtime add table public.mine',
    ],
  ])('may %s', async (_what, statement) => {
    await expect(attempt('postgres', statement)).resolves.toBeDefined()
  })

  test('may create a trigger on auth.users', async () => {
    await expect(
      attempt(
        'postgres',
        `create function public.tg() returns trigger language plpgsql as $$ begin return new; end $$`,
        'create trigger mine after insert on auth.users for each row execute function public.tg()',
      ),
    ).resolves.toEqual([])
  })
})

describe('default grants', () => {
  test('what postgres creates in public is reachable by the API, and RLS protects it', async () => {
    const rows = await attempt(
      'postgres',
      'create table public.mine (id int generated always as identity)',
      'create function public.answer() returns int language sql as $$ select 42 $$',
      `select role, has_table_privilege(role, 'public.mine', 'select, insert, update, delete') as tables,
         has_sequence_privilege(role, 'public.mine_id_seq', 'usage') as sequences,
         has_function_privilege(role, 'public.answer()', 'execute') as functions
       from unnest(array['anon', 'authenticated', 'service_role']) as role`,
    )
    expect(rows).toEqual(
      ['anon', 'authenticated', 'service_role'].map((role) => ({
        role,
        tables: true,
        sequences: true,
        functions: true,
      })),
    )
  })

  test('extensions are found without their schema, by every role', async () => {
    const rows = await attempt(
      'authenticator',
      'set local role anon',
      `select length(gen_random_bytes(4)::bytea) as bytes`,
    )
    expect(rows).toEqual([{ bytes: 4 }])
  })
})
