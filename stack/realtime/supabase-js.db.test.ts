import { createClient, type RealtimeChannel, type SupabaseClient } from '@supabase/supabase-js'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { mintToken } from '../keys.ts'
import { createTestDatabase, type TestDatabase, withClient } from '../testing/database.ts'
import { startTestServer, type TestServer } from './testing/server.ts'

const ALICE = '11111111-1111-4111-8111-111111111111'

let database: TestDatabase
let server: TestServer
const clients: SupabaseClient[] = []

beforeAll(async () => {
  database = await createTestDatabase({ migrations: false })
  await withClient(database.urls.postgres, (sql) =>
    sql.query(`
      create policy "users use their rooms" on realtime.messages for all to authenticated
        using (realtime.topic() like 'room:%') with check (realtime.topic() like 'room:%');
      create table public.notes (id bigint generated always as identity primary key, owner uuid, body text);
      alter table public.notes enable row level security;
      create policy "owners read" on public.notes for select to authenticated using (owner = (select auth.uid()));
      grant select on public.notes to authenticated;
      alter publication supabase_realtime add table public.notes;
    `),
  )
  server = await startTestServer(database.urls)
})

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.removeAllChannels()))
})

afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await database?.[Symbol.asyncDispose]()
})

function token(claims: Record<string, unknown> = {}, expiresIn = 3600): Promise<string> {
  return mintToken(
    server.keys,
    { role: 'authenticated', sub: ALICE, aud: 'authenticated', ...claims },
    { expiresIn },
  )
}

async function client(accessToken?: string): Promise<SupabaseClient> {
  const supabase = createClient(server.url, server.keys.publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  })
  clients.push(supabase)
  if (accessToken) await supabase.realtime.setAuth(accessToken)
  return supabase
}

/** @returns the first status that is not transitional, with its error */
function subscribed(channel: RealtimeChannel): Promise<{ status: string; error: string | undefined }> {
  return new Promise((resolve) => {
    channel.subscribe((status, error) => resolve({ status, error: error?.message }))
  })
}

function sql(text: string, values: unknown[] = []): Promise<unknown> {
  return withClient(database.urls.postgres, (connection) => connection.query(text, values))
}

describe('an unmodified supabase-js', () => {
  it('joins private channels and is told why it may not', async () => {
    const supabase = await client(await token())
    expect(await subscribed(supabase.channel('room:a', { config: { private: true } }))).toEqual({
      status: 'SUBSCRIBED',
      error: undefined,
    })
    expect(await subscribed(supabase.channel('secret', { config: { private: true } }))).toEqual({
      status: 'CHANNEL_ERROR',
      error: expect.stringContaining('You do not have permissions to read from this Channel topic: secret'),
    })
  })

  it('broadcasts with acknowledgement and hears broadcasts from the database', async () => {
    const supabase = await client(await token())
    const channel = supabase.channel('room:b', {
      config: { private: true, broadcast: { self: true, ack: true } },
    })
    const heard: unknown[] = []
    channel.on('broadcast', { event: '*' }, ({ event, payload }) => heard.push([event, payload]))
    await subscribed(channel)
    expect(await channel.send({ type: 'broadcast', event: 'hello', payload: { n: 1 } })).toBe('ok')
    await sql(`select realtime.send('{"n":2,"id":"x"}', 'from the database', 'room:b')`)
    await expect
      .poll(() => heard)
      .toEqual([
        ['hello', { n: 1 }],
        ['from the database', { n: 2, id: 'x' }],
      ])
  })

  it('sends over HTTP before it has subscribed', async () => {
    const listener = await client()
    const channel = listener.channel('open')
    const heard: unknown[] = []
    channel.on('broadcast', { event: 'e' }, ({ payload }) => heard.push(payload))
    await subscribed(channel)
    const sender = await client()
    const result = await sender.channel('open').httpSend('e', { n: 1 })
    expect(result).toEqual({ success: true })
    await expect.poll(() => heard).toEqual([{ n: 1 }])
  })

  it('sees who is present', async () => {
    const [first, second] = [await client(await token()), await client(await token())]
    const a = first.channel('room:p', { config: { private: true, presence: { key: 'a' } } })
    const b = second.channel('room:p', { config: { private: true, presence: { key: 'b' } } })
    a.on('presence', { event: 'sync' }, () => undefined)
    b.on('presence', { event: 'sync' }, () => undefined)
    await subscribed(a)
    expect(await a.track({ name: 'Alice' })).toBe('ok')
    await subscribed(b)
    expect(await b.track({ name: 'Bob' })).toBe('ok')
    await expect.poll(() => Object.keys(a.presenceState()).sort()).toEqual(['a', 'b'])
    await expect.poll(() => Object.keys(b.presenceState()).sort()).toEqual(['a', 'b'])
    await first.removeChannel(a)
    await expect.poll(() => Object.keys(b.presenceState())).toEqual(['b'])
  })

  it('hears changes of the rows that it may see', async () => {
    const supabase = await client(await token())
    const channel = supabase.channel('changes')
    const heard: unknown[] = []
    const ready = new Promise<void>((resolve) => {
      channel.on('system', {}, (message) => {
        if (message.extension === 'postgres_changes' && message.status === 'ok') resolve()
      })
    })
    channel.on('postgres_changes', { event: '*', schema: 'public', table: 'notes' }, (change) =>
      heard.push([change.eventType, change.new, change.old]),
    )
    await subscribed(channel)
    await ready
    await sql(`insert into public.notes (owner, body) values (gen_random_uuid(), 'not mine'), ($1, 'mine')`, [
      ALICE,
    ])
    await sql(`update public.notes set body = 'changed' where owner = $1`, [ALICE])
    await expect
      .poll(() => heard)
      .toEqual([
        ['INSERT', { id: 2, owner: ALICE, body: 'mine' }, {}],
        ['UPDATE', { id: 2, owner: ALICE, body: 'changed' }, { id: 2 }],
      ])
  })

  it('replays messages of the past, then hears live ones once', async () => {
    const since = Date.now() - 60_000
    await sql(
      `select realtime.send(jsonb_build_object('n', n), 'e', 'room:past') from generate_series(1, 3) n`,
    )
    const supabase = await client(await token())
    const channel = supabase.channel('room:past', {
      config: { private: true, broadcast: { replay: { since } } },
    })
    const heard: unknown[] = []
    channel.on('broadcast', { event: 'e' }, ({ payload, meta }) =>
      heard.push([payload.n, meta?.replayed === true]),
    )
    await subscribed(channel)
    await sql(`select realtime.send('{"n":4}', 'e', 'room:past')`)
    await expect
      .poll(() => heard)
      .toEqual([
        [1, true],
        [2, true],
        [3, true],
        [4, false],
      ])
  })

  it('lives on with a new token, and is closed when its token runs out', async () => {
    const supabase = await client(await token({}, 2))
    const refreshed = supabase.channel('room:refreshed', { config: { private: true } })
    const statuses: string[] = []
    await new Promise<void>((resolve) => {
      refreshed.subscribe((status) => {
        statuses.push(status)
        if (status === 'SUBSCRIBED') resolve()
      })
    })
    const stale = await client(await token({}, 2))
    const closed = new Promise<void>((resolve) => {
      stale.channel('room:stale', { config: { private: true } }).subscribe((status) => {
        if (status === 'CLOSED') resolve()
      })
    })
    await supabase.realtime.setAuth(await token({ renewed: true }))
    await closed
    expect(statuses).toEqual(['SUBSCRIBED'])
    expect(await refreshed.send({ type: 'broadcast', event: 'still here', payload: {} })).toBe('ok')
  })
})
