/**
 * What applications do with supabase-js, as scenarios that run in Node and in a browser. Each returns what it observed.
 * The scenarios know only the server's address.
 */

import { createClient, type RealtimeChannel, type SupabaseClient } from '@supabase/supabase-js'

export interface ScenarioHost {
  url: string
  publishableKey: string
  /** A token of Alice's. @param expiresIn seconds, default an hour */
  token(claims?: Record<string, unknown>, expiresIn?: number): Promise<string>
  sql(text: string, values?: unknown[]): Promise<unknown>
}

export interface Scenario {
  run: (host: ScenarioHost, connect: Connect) => Promise<unknown>
  expected: unknown
}

type Connect = (accessToken?: string) => Promise<SupabaseClient>

export const ALICE = '11111111-1111-4111-8111-111111111111'

/** Run as `postgres` before the scenarios. */
export const SETUP = `
  create policy "users use their rooms" on realtime.messages for all to authenticated
    using (realtime.topic() like 'room:%') with check (realtime.topic() like 'room:%');
  create table public.notes (id bigint generated always as identity primary key, owner uuid, body text);
  alter table public.notes enable row level security;
  create policy "owners read" on public.notes for select to authenticated using (owner = (select auth.uid()));
  grant select on public.notes to authenticated;
  alter publication supabase_realtime add table public.notes;
`
/** Undoes {@link SETUP}. */
export const TEARDOWN = `
  drop table public.notes;
  drop policy "users use their rooms" on realtime.messages;
`

const PATIENCE_MS = 10_000

export const SCENARIOS = {
  'joins private channels and is told why it may not': {
    async run(host, connect) {
      const supabase = await connect(await host.token())
      return [
        await subscribed(supabase.channel('room:a', { config: { private: true } })),
        await subscribed(supabase.channel('secret', { config: { private: true } })),
      ]
    },
    expected: [
      { status: 'SUBSCRIBED', error: undefined },
      {
        status: 'CHANNEL_ERROR',
        error: 'Unauthorized: You do not have permissions to read from this Channel topic: secret',
      },
    ],
  },

  'broadcasts with acknowledgement and hears broadcasts from the database': {
    async run(host, connect) {
      const supabase = await connect(await host.token())
      const channel = supabase.channel('room:b', {
        config: { private: true, broadcast: { self: true, ack: true } },
      })
      const heard: unknown[] = []
      channel.on('broadcast', { event: '*' }, ({ event, payload }) => heard.push([event, payload]))
      await subscribed(channel)
      const answer = await channel.send({ type: 'broadcast', event: 'hello', payload: { n: 1 } })
      await host.sql(`select realtime.send('{"n":2,"id":"x"}', 'from the database', 'room:b')`)
      await until(() => heard.length === 2)
      return { answer, heard }
    },
    expected: {
      answer: 'ok',
      heard: [
        ['hello', { n: 1 }],
        ['from the database', { n: 2, id: 'x' }],
      ],
    },
  },

  'does not hear itself unless it asks to; others do': {
    async run(_host, connect) {
      const [sender, listener] = [await connect(), await connect()]
      const heard: unknown[] = []
      const from = sender.channel('open:self', { config: { broadcast: { ack: true } } })
      from.on('broadcast', { event: '*' }, () => heard.push('itself'))
      const to = listener.channel('open:self')
      to.on('broadcast', { event: '*' }, ({ payload }) => heard.push(payload))
      await subscribed(from)
      await subscribed(to)
      for (const n of [1, 2]) await from.send({ type: 'broadcast', event: 'e', payload: { n } })
      await until(() => heard.length === 2)
      return heard
    },
    expected: [{ n: 1 }, { n: 2 }],
  },

  'sends over HTTP before it has subscribed': {
    async run(_host, connect) {
      const listener = await connect()
      const channel = listener.channel('open:http')
      const heard: unknown[] = []
      channel.on('broadcast', { event: 'e' }, ({ payload }) => heard.push(payload))
      await subscribed(channel)
      const sender = await connect()
      const answer = await sender.channel('open:http').httpSend('e', { n: 1 })
      await until(() => heard.length === 1)
      return { answer, heard }
    },
    expected: { answer: { success: true }, heard: [{ n: 1 }] },
  },

  'sees who is present': {
    async run(host, connect) {
      const [first, second] = [await connect(await host.token()), await connect(await host.token())]
      const a = first.channel('room:p', { config: { private: true, presence: { key: 'a' } } })
      const b = second.channel('room:p', { config: { private: true, presence: { key: 'b' } } })
      const keys = (channel: RealtimeChannel) => Object.keys(channel.presenceState()).sort().join()
      a.on('presence', { event: 'sync' }, () => undefined)
      b.on('presence', { event: 'sync' }, () => undefined)
      await subscribed(a)
      const answers = [await a.track({ name: 'Alice' })]
      await subscribed(b)
      answers.push(await b.track({ name: 'Bob' }))
      await until(() => keys(a) === 'a,b' && keys(b) === 'a,b')
      await first.removeChannel(a)
      await until(() => keys(b) === 'b')
      return answers
    },
    expected: ['ok', 'ok'],
  },

  'hears changes of the rows that it may see and asks for': {
    async run(host, connect) {
      const supabase = await connect(await host.token())
      const channel = supabase.channel('changes')
      const heard: unknown[] = []
      const filtered: unknown[] = []
      const table = { schema: 'public', table: 'notes' } as const
      channel.on('postgres_changes', { event: '*', ...table }, (change) => {
        heard.push([change.eventType, bodyOf(change.new), 'id' in change.old])
      })
      channel.on('postgres_changes', { event: 'INSERT', ...table, filter: 'body=eq.wanted' }, (change) => {
        filtered.push(bodyOf(change.new))
      })
      const ready = new Promise<void>((resolve) => {
        channel.on('system', {}, (message) => {
          if (message.extension === 'postgres_changes' && message.status === 'ok') resolve()
        })
      })
      await subscribed(channel)
      await ready
      await host.sql(
        `insert into public.notes (owner, body) values (gen_random_uuid(), 'wanted'), ($1, 'mine'), ($1, 'wanted')`,
        [ALICE],
      )
      await host.sql(`update public.notes set body = 'changed' where owner = $1 and body = 'mine'`, [ALICE])
      await until(() => heard.length === 3)
      return { heard, filtered }
    },
    expected: {
      heard: [
        ['INSERT', 'mine', false],
        ['INSERT', 'wanted', false],
        ['UPDATE', 'changed', true],
      ],
      filtered: ['wanted'],
    },
  },

  'replays messages of the past, then hears live ones once': {
    async run(host, connect) {
      const since = Date.now() - 60_000
      await host.sql(
        `select realtime.send(jsonb_build_object('n', n), 'e', 'room:past') from generate_series(1, 3) n`,
      )
      const supabase = await connect(await host.token())
      const channel = supabase.channel('room:past', {
        config: { private: true, broadcast: { replay: { since } } },
      })
      const heard: unknown[] = []
      channel.on('broadcast', { event: 'e' }, ({ payload, meta }) => {
        heard.push([payload.n, meta?.replayed === true])
      })
      await subscribed(channel)
      await host.sql(`select realtime.send('{"n":4}', 'e', 'room:past')`)
      await until(() => heard.length === 4)
      return heard
    },
    expected: [
      [1, true],
      [2, true],
      [3, true],
      [4, false],
    ],
  },

  'lives on with a new token, and is closed when its token runs out': {
    async run(host, connect) {
      const supabase = await connect(await host.token({}, 3))
      const refreshed = supabase.channel('room:refreshed', { config: { private: true } })
      const statuses: string[] = []
      refreshed.subscribe((status) => statuses.push(status))
      await until(() => statuses.length > 0)
      const stale = await connect(await host.token({}, 3))
      const ends: string[] = []
      stale.channel('room:stale', { config: { private: true } }).subscribe((status) => ends.push(status))
      await supabase.realtime.setAuth(await host.token({ renewed: true }))
      await until(() => ends.includes('CLOSED'))
      const answer = await refreshed.send({ type: 'broadcast', event: 'still here', payload: {} })
      return { statuses: [...statuses], ends: [...ends], answer }
    },
    expected: { statuses: ['SUBSCRIBED'], ends: ['SUBSCRIBED', 'CLOSED'], answer: 'ok' },
  },
} as const satisfies Record<string, Scenario>

/** Runs one scenario with clients of its own, and closes them. @throws when there is no such scenario */
export async function runScenario(name: string, host: ScenarioHost): Promise<unknown> {
  const scenario: Scenario | undefined = Object.entries(SCENARIOS).find(([known]) => known === name)?.[1]
  if (!scenario) throw new Error(`There is no scenario "${name}"`)
  const clients: SupabaseClient[] = []
  try {
    return await scenario.run(host, async (accessToken) => {
      const supabase = createClient(host.url, host.publishableKey, {
        auth: { persistSession: false, autoRefreshToken: false, storageKey: `scenario ${clients.length}` },
      })
      clients.push(supabase)
      if (accessToken !== undefined) await supabase.realtime.setAuth(accessToken)
      return supabase
    })
  } finally {
    await Promise.all(clients.map((client) => client.removeAllChannels()))
  }
}

/** @returns the first status, with its error */
function subscribed(channel: RealtimeChannel): Promise<{ status: string; error: string | undefined }> {
  return new Promise((resolve) => {
    channel.subscribe((status, error) => resolve({ status, error: error?.message }))
  })
}

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + PATIENCE_MS
  while (!condition()) {
    if (Date.now() > end) throw new Error(`This never came true: ${condition}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

function bodyOf(row: object): unknown {
  return Reflect.get(row, 'body')
}
