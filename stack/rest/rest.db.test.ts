import type { SupabaseClient } from '@supabase/supabase-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../gateway/testing.ts'
import { mintToken } from '../keys/index.ts'
import { withClient } from '../testing/database.ts'

const SCHEMA = `
  create type public.mood as enum ('calm', 'cross');
  create table public.authors (
    id uuid primary key default gen_random_uuid(),
    name text not null unique
  );
  create table public.notes (
    id bigint generated always as identity primary key,
    owner_id uuid not null default auth.uid(),
    author_id uuid references public.authors (id) on delete cascade,
    body text not null check (body <> ''),
    mood public.mood not null default 'calm',
    big bigint,
    amount numeric(10, 2),
    tags text[] not null default '{}',
    extra jsonb not null default '{}',
    created_at timestamptz not null default '2026-01-02 03:04:05.678+00',
    day date default '2026-01-02'
  );
  alter table public.authors enable row level security;
  alter table public.notes enable row level security;
  create policy "Everyone reads authors" on public.authors for select using (true);
  create policy "Owners read their notes" on public.notes for select to authenticated using (owner_id = (select auth.uid()));
  create policy "Owners write notes" on public.notes for insert to authenticated with check (owner_id = (select auth.uid()));
  create policy "Owners change notes" on public.notes for update to authenticated
    using (owner_id = (select auth.uid())) with check (owner_id = (select auth.uid()));
  create policy "Owners delete notes" on public.notes for delete to authenticated using (owner_id = (select auth.uid()));

  create table public.secrets (id int primary key);
  revoke all on public.secrets from anon, authenticated;
  insert into public.authors (id, name) values ('00000000-0000-4000-8000-000000000001', 'Ada');

  create function public.who() returns jsonb language sql stable as
    $$ select jsonb_build_object('uid', auth.uid(), 'role', current_user, 'jwt_role', auth.role(), 'email', auth.email()) $$;
  create function public.my_notes(p_ids bigint[] default null) returns setof public.notes language sql stable as
    $$ select * from public.notes n where p_ids is null or n.id = any(p_ids) order by n.id $$;
  create function public.one_note(p_id bigint) returns public.notes language sql stable as
    $$ select * from public.notes n where n.id = p_id $$;
  create function public.head() returns table (epoch uuid, seq bigint, floor bigint) language sql stable as
    $$ select '00000000-0000-4000-8000-00000000000e'::uuid, 9007199254740991::bigint, 0::bigint $$;
  create function public.at() returns timestamptz language sql stable as
    $$ select '2026-01-02 03:04:05.678+00'::timestamptz $$;
  create function public.nothing(p_uuids uuid[], p_n bigint, p_j jsonb) returns void language plpgsql as
    $$ begin perform set_config('test.nothing', p_uuids::text || p_n || p_j, false); end $$;
  create function public.echo(p_uuids uuid[], p_n bigint, p_j jsonb, p_flag boolean default false)
    returns jsonb language sql immutable as
    $$ select jsonb_build_object('uuids', p_uuids, 'n', p_n, 'j', p_j, 'flag', p_flag) $$;
  create function public.count_notes() returns int language sql stable as $$ select count(*)::int from public.notes $$;
  create function public.fail(p_code text) returns void language plpgsql as
    $$ begin raise exception using errcode = p_code, message = 'lease_lost', detail = 'Another worker.', hint = 'Wait.'; end $$;
  create function public.fail_custom() returns void language plpgsql as $$
    begin
      raise sqlstate 'PGRST' using
        message = '{"code":"123","message":"Payment Required","details":"Quota","hint":"Upgrade"}',
        detail = '{"status":402,"headers":{"X-Powered-By":"Nerd Rage"}}';
    end $$;
  create function public.slow() returns void language sql as $$ select pg_sleep(60) $$;
  create function public.hidden() returns int language sql as $$ select 1 $$;
  revoke execute on function public.hidden() from public, anon, authenticated;
`

let api: TestApi
let ada: SupabaseClient
let adaId: string

async function signedUp(): Promise<{ client: SupabaseClient; id: string }> {
  const client = api.client()
  const { data, error } = await client.auth.signUp({
    email: `${crypto.randomUUID()}@example.com`,
    password: 'correct horse',
  })
  if (error || !data.user) throw error ?? new Error('no user')
  return { client, id: data.user.id }
}

beforeAll(async () => {
  api = await startTestApi()
  await withClient(api.database.urls.postgres, (client) => client.query(SCHEMA))
  const user = await signedUp()
  ada = user.client
  adaId = user.id
})

afterAll(async () => {
  await api[Symbol.asyncDispose]()
})

describe('tables', () => {
  test('insert returns the row with every type in its JSON form', async () => {
    const { data, error, status } = await ada
      .from('notes')
      .insert({
        body: 'hello',
        big: 9007199254740991,
        amount: 1.5,
        tags: ['a', 'b c'],
        extra: { deep: [1, { x: null }] },
      })
      .select()
      .single()
    expect(error).toBeNull()
    expect(status).toBe(201)
    expect(data).toEqual({
      id: expect.any(Number),
      owner_id: adaId,
      author_id: null,
      body: 'hello',
      mood: 'calm',
      big: 9007199254740991,
      amount: 1.5,
      tags: ['a', 'b c'],
      extra: { deep: [1, { x: null }] },
      created_at: '2026-01-02T03:04:05.678+00:00',
      day: '2026-01-02',
    })
  })

  test('JSON columns hold any JSON value; wrong types are refused by the database', async () => {
    for (const extra of ['text', 5, true, ['a'], {}, '{"a":1}']) {
      const { data, error } = await ada.from('notes').insert({ body: 'j', extra }).select('extra').single()
      expect(error).toBeNull()
      expect(data?.extra).toEqual(extra)
    }
    const { data } = await ada
      .from('notes')
      .insert({ body: 'j', amount: 'NaN', extra: { n: 1 } })
      .select('id,amount')
      .single()
    expect(data?.amount).toBe('NaN')
    const replaced = await ada
      .from('notes')
      .update({ extra: { n: [2] } })
      .eq('id', data?.id)
      .select('extra, n:extra->n')
      .single()
    expect(replaced.data).toEqual({ extra: { n: [2] }, n: [2] })
    for (const row of [{ created_at: 5 }, { big: 'x' }, { amount: {} }, { owner_id: 7 }, { day: true }]) {
      expect((await ada.from('notes').insert({ body: 'w', ...row })).status).toBe(400)
    }
  })

  test('filters, order, range and count', async () => {
    const { client } = await signedUp()
    await client.from('notes').insert(Array.from({ length: 7 }, (_, n) => ({ body: `n${n}`, big: n })))
    const page = await client
      .from('notes')
      .select('big', { count: 'exact' })
      .gte('big', 2)
      .order('big')
      .range(1, 2)
    expect(page.error).toBeNull()
    expect(page.data).toEqual([{ big: 3 }, { big: 4 }])
    expect(page.count).toBe(5)
    expect(page.status).toBe(206)
    const head = await client.from('notes').select('*', { count: 'exact', head: true })
    expect(head.count).toBe(7)
    const either = await client.from('notes').select('big').or('big.eq.1,body.eq.n6').order('big')
    expect(either.data).toEqual([{ big: 1 }, { big: 6 }])
    const inside = await client
      .from('notes')
      .select('big')
      .in('big', [0, 5])
      .order('big', { ascending: false })
    expect(inside.data).toEqual([{ big: 5 }, { big: 0 }])
    const beyond = await client.from('notes').select('*', { count: 'exact' }).range(100, 110)
    expect(beyond.error).toMatchObject({ code: 'PGRST103' })
    expect(beyond.status).toBe(416)
  })

  test('update, upsert and delete change only rows that RLS allows', async () => {
    const { data: note } = await ada.from('notes').insert({ body: 'mine' }).select().single()
    const other = await signedUp()

    const foreign = await other.client.from('notes').update({ body: 'stolen' }).eq('id', note.id).select()
    expect(foreign).toMatchObject({ data: [], error: null })
    const forged = await other.client.from('notes').insert({ body: 'as ada', owner_id: adaId })
    expect(forged).toMatchObject({ status: 403, error: { code: '42501' } })
    expect((await other.client.from('notes').delete().eq('id', note.id).select()).data).toEqual([])

    const changed = await ada
      .from('notes')
      .update({ body: 'changed', mood: 'cross' })
      .eq('id', note.id)
      .select('body,mood')
      .single()
    expect(changed.data).toEqual({ body: 'changed', mood: 'cross' })
    expect((await ada.from('notes').delete().eq('id', note.id)).status).toBe(204)
    expect((await ada.from('notes').select().eq('id', note.id).maybeSingle()).data).toBeNull()

    const admin = api.admin()
    await admin.from('authors').insert({ id: '00000000-0000-4000-8000-000000000009', name: 'Ida' })
    const upserted = await admin
      .from('authors')
      .upsert([
        { id: '00000000-0000-4000-8000-000000000009', name: 'Ida II' },
        { id: '00000000-0000-4000-8000-00000000000a', name: 'Eve' },
      ])
      .select('name')
    expect(upserted.data).toEqual([{ name: 'Ida II' }, { name: 'Eve' }])
    const ignored = await admin
      .from('authors')
      .upsert({ name: 'Eve' }, { onConflict: 'name', ignoreDuplicates: true })
      .select()
    expect(ignored).toMatchObject({ data: [], error: null })
  })

  test('embedding follows foreign keys in both directions, with the same form of times', async () => {
    const author = '00000000-0000-4000-8000-000000000001'
    const { client } = await signedUp()
    await client.from('notes').insert({ body: 'with author', author_id: author })
    const up = await client.from('notes').select('body, authors(name)').single()
    expect(up.data).toEqual({ body: 'with author', authors: { name: 'Ada' } })
    const down = await client
      .from('authors')
      .select('name, notes(body, created_at, big)')
      .eq('id', author)
      .single()
    expect(down.data).toEqual({
      name: 'Ada',
      notes: [{ body: 'with author', created_at: '2026-01-02T03:04:05.678+00:00', big: null }],
    })
  })

  test('single() refuses an update of several rows, and rolls it back', async () => {
    const { client } = await signedUp()
    await client.from('notes').insert([{ body: 'a' }, { body: 'b' }])
    const failed = await client.from('notes').update({ body: 'z' }).gte('id', 0).select().single()
    expect(failed).toMatchObject({ status: 406, error: { code: 'PGRST116' } })
    expect((await client.from('notes').select('body').order('body')).data).toEqual([
      { body: 'a' },
      { body: 'b' },
    ])
  })

  test('a written row is returned as one object, embedded rows included', async () => {
    const author = '00000000-0000-4000-8000-000000000001'
    const written = await ada
      .from('notes')
      .insert({ body: 'e', author_id: author })
      .select('body, authors(name)')
      .single()
    expect(written).toMatchObject({ status: 201, data: { body: 'e', authors: { name: 'Ada' } } })
    const { client } = await signedUp()
    await client.from('notes').insert([{ body: 'a' }, { body: 'b' }])
    const many = await client
      .from('notes')
      .update({ body: 'z' })
      .gte('id', 0)
      .select('text:body, authors(name)')
      .single()
    expect(many).toMatchObject({ status: 406, error: { code: 'PGRST116' } })
    expect((await client.from('notes').select('body').order('body')).data).toEqual([
      { body: 'a' },
      { body: 'b' },
    ])
  })

  test('rows are returned as CSV', async () => {
    const { data } = await api.client().from('authors').select('name').eq('name', 'Ada').csv()
    expect(data?.trim()).toBe('name\nAda')
  })
})

describe('functions', () => {
  test('run under the role of the caller, with the caller’s claims', async () => {
    expect((await ada.rpc('who')).data).toMatchObject({
      uid: adaId,
      role: 'authenticated',
      jwt_role: 'authenticated',
    })
    expect((await api.client().rpc('who')).data).toMatchObject({ uid: null, role: 'anon', jwt_role: 'anon' })
    expect((await api.admin().rpc('who')).data).toMatchObject({ uid: null, role: 'service_role' })
    expect((await api.client(api.keys.serviceRoleKey).rpc('who')).data).toMatchObject({
      role: 'service_role',
    })
  })

  test('return rows of a table, one row, a table type, void or a scalar', async () => {
    const { client } = await signedUp()
    const { data: rows } = await client
      .from('notes')
      .insert([
        { body: 'a', big: 1 },
        { body: 'b', big: 2 },
      ])
      .select('id')
    const ids = rows?.map((row) => row.id) ?? []

    const all = await client.rpc('my_notes')
    expect(all.error).toBeNull()
    expect(all.data).toHaveLength(2)
    expect(all.data?.[0]).toMatchObject({
      body: 'a',
      big: 1,
      created_at: '2026-01-02T03:04:05.678+00:00',
      tags: [],
    })
    expect((await client.rpc('my_notes', { p_ids: [ids[1]] })).data).toHaveLength(1)
    expect((await client.rpc('my_notes', { p_ids: [] })).data).toEqual([])
    expect((await client.rpc('my_notes').select('body').eq('big', 2)).data).toEqual([{ body: 'b' }])

    expect((await client.rpc('one_note', { p_id: ids[0] })).data).toMatchObject({
      id: ids[0],
      body: 'a',
      extra: {},
    })
    expect((await client.rpc('head')).data).toEqual([
      { epoch: '00000000-0000-4000-8000-00000000000e', seq: 9007199254740991, floor: 0 },
    ])
    expect((await client.rpc('head').single()).data).toMatchObject({ seq: 9007199254740991 })
    expect((await client.rpc('at')).data).toBe('2026-01-02T03:04:05.678+00:00')
    expect((await client.rpc('count_notes', {}, { get: true })).data).toBe(2)
    expect(await client.rpc('nothing', { p_uuids: [adaId], p_n: 5, p_j: { a: 1 } })).toMatchObject({
      status: 204,
      data: null,
      error: null,
    })
  })

  test('get their arguments unchanged', async () => {
    const args = {
      p_uuids: [adaId, crypto.randomUUID()],
      p_n: 9007199254740991,
      p_j: { a: [1, 'x', null], b: { c: true } },
    }
    expect((await ada.rpc('echo', args)).data).toEqual({
      uuids: args.p_uuids,
      n: args.p_n,
      j: args.p_j,
      flag: false,
    })
    expect((await ada.rpc('echo', { ...args, p_uuids: [], p_j: [1, 2], p_flag: true })).data).toEqual({
      uuids: [],
      n: args.p_n,
      j: [1, 2],
      flag: true,
    })
    for (const value of ['text', 5, null]) {
      const { data, error } = await ada.rpc('echo', { ...args, p_j: value })
      expect(error).toBeNull()
      expect(data.j).toEqual(value)
    }
    const { data: viaGet, error: getError } = await ada.rpc(
      'echo',
      { ...args, p_uuids: `{${adaId}}`, p_j: '{"a":[1]}' },
      { get: true },
    )
    expect(getError).toBeNull()
    expect(viaGet).toMatchObject({ uuids: [adaId], j: { a: [1] } })
    const unknown = await ada.rpc('echo', { nonsense: 1 })
    expect(unknown).toMatchObject({ status: 404, error: { code: 'PGRST202' } })
  })
})

describe('errors', () => {
  test.each([
    ['PT409', 409],
    ['PT404', 404],
    ['PT422', 422],
    ['P0001', 400],
    ['42501', 403],
    ['23505', 409],
    ['40001', 500],
    ['22023', 400],
  ])('SQLSTATE %s is status %i with message, detail and hint', async (code, status) => {
    const result = await ada.rpc('fail', { p_code: code })
    expect(result.status).toBe(status)
    expect(result.error).toMatchObject({
      code,
      message: 'lease_lost',
      details: 'Another worker.',
      hint: 'Wait.',
    })
  })

  test('a raised PGRST sets status, headers and body', async () => {
    const response = await fetch(`${api.gateway.url}/rest/v1/rpc/fail_custom`, {
      method: 'POST',
      headers: { apikey: api.keys.publishableKey },
    })
    expect(response.status).toBe(402)
    expect(response.headers.get('x-powered-by')).toBe('Nerd Rage')
    expect(await response.json()).toEqual({
      code: '123',
      message: 'Payment Required',
      details: 'Quota',
      hint: 'Upgrade',
    })
  })

  test('violated constraints and missing rights have the codes of PostgREST', async () => {
    const admin = api.admin()
    const double = await admin.from('authors').insert({ name: 'Ada' })
    expect(double).toMatchObject({ status: 409, error: { code: '23505' } })
    const dangling = await ada.from('notes').insert({ body: 'x', author_id: crypto.randomUUID() })
    expect(dangling).toMatchObject({ status: 409, error: { code: '23503' } })
    expect(await ada.from('notes').insert({ body: '' })).toMatchObject({
      status: 400,
      error: { code: '23514' },
    })
    expect(await ada.from('notes').insert({ body: null })).toMatchObject({
      status: 400,
      error: { code: '23502' },
    })
    expect(await ada.from('notes').insert({ nope: 1 })).toMatchObject({
      status: 400,
      error: { code: 'PGRST204' },
    })
    expect(await ada.from('notes').select('nope')).toMatchObject({ status: 400, error: { code: '42703' } })
    expect(await ada.from('notes').select().eq('id', 'x')).toMatchObject({
      status: 400,
      error: { code: '22P02' },
    })
    expect(await ada.from('absent').select()).toMatchObject({ status: 404, error: { code: 'PGRST205' } })
    expect(await ada.rpc('absent')).toMatchObject({ status: 404, error: { code: 'PGRST202' } })
    expect(await api.client().from('secrets').select()).toMatchObject({
      status: 401,
      error: { code: '42501' },
    })
    expect(await ada.from('secrets').select()).toMatchObject({ status: 403, error: { code: '42501' } })
    expect(await ada.rpc('hidden')).toMatchObject({ status: 403, error: { code: '42501' } })
    expect(await ada.from('notes').select().eq('id', -1).single()).toMatchObject({
      status: 406,
      error: { code: 'PGRST116' },
    })
  })

  test('schemas other than public cannot be reached', async () => {
    for (const schema of ['auth', 'private', 'storage', 'vault']) {
      const result = await api.admin().schema(schema).from('users').select()
      expect(result).toMatchObject({ status: 406, error: { code: 'PGRST106' } })
    }
    expect((await api.admin().from('auth.users').select()).status).toBe(404)
    expect((await api.admin().from('users').select()).status).toBe(404)
  })

  test('a GET cannot write', async () => {
    const response = await fetch(`${api.gateway.url}/rest/v1/rpc/fail?p_code=P0001`, {
      headers: { apikey: api.keys.publishableKey },
    })
    expect(response.status).toBe(400)
    await withClient(api.database.urls.postgres, (client) =>
      client.query(`create function public.scribble() returns void language sql volatile as
        $$ insert into public.authors (name) values ('scribbled') $$`),
    )
    await expect.poll(async () => (await api.admin().rpc('scribble', {}, { get: true })).status).toBe(405)
  })

  test('mistakes of callers are not logged as errors', () => {
    expect(api.logger.entries.filter((entry) => entry.level === 'error')).toEqual([])
  })
})

describe('schema changes', () => {
  test('are noticed without a notification: new tables, columns and functions, and dropped ones', async () => {
    const run = (statement: string) =>
      withClient(api.database.urls.postgres, (client) => client.query(statement))
    const read = async () => (await api.admin().from('later').select()).status
    expect(await read()).toBe(404)
    await run('create table public.later (id int primary key, at timestamptz)')
    await expect.poll(read).toBe(200)
    await run('alter table public.later add column more text')
    await expect
      .poll(async () => (await api.admin().from('later').insert({ id: 1, more: 'x' }).select()).data)
      .toEqual([{ id: 1, at: null, more: 'x' }])
    await run(`create function public.newcomer() returns int language sql immutable as 'select 7'`)
    await expect.poll(async () => (await api.admin().rpc('newcomer')).data).toBe(7)
    await run('drop table public.later')
    await expect
      .poll(async () => (await api.admin().from('later').select()).error)
      .toMatchObject({ code: 'PGRST205' })
  })

  test('are noticed by reloadSchema()', async () => {
    await withClient(api.database.urls.postgres, (client) =>
      client.query('create table public.after_reload (id int)'),
    )
    await api.rest.reloadSchema()
    expect((await api.admin().from('after_reload').select()).status).toBe(200)
  })

  test('the service does not change grants', async () => {
    const { rows } = await withClient(api.database.urls.postgres, (client) =>
      client.query(`select has_table_privilege('anon', 'public.secrets', 'select') as readable`),
    )
    expect(rows).toEqual([{ readable: false }])
  })
})

test('220 concurrent requests of different users get only their own rows', async () => {
  const users = Array.from({ length: 20 }, () => crypto.randomUUID())
  await withClient(api.database.urls.postgres, (client) =>
    client.query(`insert into public.notes (owner_id, body) select u, u::text from unnest($1::uuid[]) u`, [
      users,
    ]),
  )
  const tokens = await Promise.all(
    users.map((sub) => mintToken(api.keys, { sub, role: 'authenticated', aud: 'authenticated' })),
  )
  const read = async (token: string | undefined): Promise<unknown> => {
    const response = await fetch(`${api.gateway.url}/rest/v1/notes?select=body`, {
      headers: {
        apikey: api.keys.publishableKey,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
    })
    return response.json()
  }
  const results = await Promise.all(
    Array.from({ length: 220 }, async (_, n) => {
      const index = n % 22
      return { index, rows: await read(tokens[index]) }
    }),
  )
  for (const { index, rows } of results) {
    const user = users[index]
    expect(rows).toEqual(user === undefined ? [] : [{ body: user }])
  }
})
