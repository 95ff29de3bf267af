/**
 * Random requests, from a printed seed: bodies of the webhook with a valid signature, arguments of every function that users
 * may call, and frames on Realtime's socket. `npm run test:long` draws more of them.
 */

import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, inject, test } from 'vitest'
import { buildTypeformResponse } from '../../samples/typeform.ts'
import { TestClient } from '../../stack/realtime/testing/client.ts'
import { readRunningFile } from '../../stack/running-file.ts'
import { withClient } from '../../stack/testing/database.ts'
import { printedSeed } from '../../stack/testing/seeded-random.ts'
import { newUser, postWebhook, type TestUser } from '../support/claims.ts'

const LONG = process.env.CLAIMWIRE_LONG === '1'
const TIMEOUT_MS = LONG ? 1_800_000 : 120_000
const CONCURRENT = 4
/** MiB that the stack's process may keep beyond what it had, other tests of the run included. */
const MAX_GROWTH_MB = 400

const seed = printedSeed('fuzz.test.ts')

/** Values at and beyond the edges of what fields take, and anything else. */
const hostile = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.constantFrom<unknown>(
    null,
    '',
    '\u0000',
    '\ud800',
    'a\u0301\u0323'.repeat(2_000),
    '\u202e',
    "'; drop table public.jobs; --",
    '../../etc/passwd',
    -1,
    1e308,
    2 ** 63,
    '9999-12-31',
    'infinity',
    'https://user:password@127.0.0.1/x',
    'javascript:alert(1)',
    [],
    {},
    { __proto__: null, constructor: { prototype: {} } },
    [[[[[]]]]],
  ),
)

/** The paths of all values of a JSON value, its own included. */
function pathsOf(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, key]))]
}

/** A copy with another value at a path. */
function withValue(value: unknown, [key, ...rest]: readonly string[], inner: unknown): unknown {
  if (key === undefined) return inner
  if (Array.isArray(value))
    return value.map((old, index) => (String(index) === key ? withValue(old, rest, inner) : old))
  return { ...Object(value), [key]: withValue(Object(value)[key], rest, inner) }
}

/** MiB of the process that runs the stack. Undefined where the system does not tell. */
async function stackMemory(): Promise<number | undefined> {
  const running = await readRunningFile(inject('dataDir'))
  try {
    const status = readFileSync(`/proc/${running?.pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024
  } catch {
    return undefined // not Linux
  }
}

async function withFlatMemory(work: () => Promise<void>): Promise<void> {
  const before = await stackMemory()
  await work()
  const after = await stackMemory()
  if (before !== undefined && after !== undefined) expect(after - before).toBeLessThan(MAX_GROWTH_MB)
}

test(
  'no body of the webhook, signed and with random values in random fields, is answered 5xx, 404 or 410',
  async () => {
    const sample = { email: 'fuzz@example.test', details: true, files: ['https://127.0.0.1/a.jpg'] }
    const whole = buildTypeformResponse(sample)
    const paths = pathsOf(whole)
    const body = fc
      .array(fc.tuple(fc.constantFrom(...paths), hostile), { minLength: 1, maxLength: 4 })
      .map((changes) =>
        changes.reduce<unknown>((changed, [path, value]) => withValue(changed, path, value), {
          ...buildTypeformResponse(sample),
        }),
      )
    await withFlatMemory(() =>
      fc.assert(
        fc.asyncProperty(fc.array(body, { minLength: CONCURRENT, maxLength: CONCURRENT }), async (bodies) => {
          const answers = await Promise.all(bodies.map((random) => postWebhook(JSON.stringify(random))))
          for (const { status, body: told } of answers) {
            expect({ status, told, fine: [200, 400, 413, 422].includes(status) }).toMatchObject({
              fine: true,
            })
          }
        }),
        { numRuns: LONG ? 500 : 8, seed },
      ),
    )
  },
  TIMEOUT_MS,
)

interface Callable {
  name: string
  args: string[]
}

/** Functions of the API that signed-in users may call. */
async function callables(): Promise<Callable[]> {
  return withClient(inject('stack').db.admin, async (client) => {
    const { rows } = await client.query<Callable>(
      `select proname as name, coalesce(proargnames[1:pronargs], '{}') as args
       from pg_proc
       where pronamespace = 'public'::regnamespace and prorettype <> 'trigger'::regtype
         and has_function_privilege('authenticated', oid, 'execute')
         and not exists (select from pg_depend where objid = pg_proc.oid and deptype = 'e')
       order by proname`,
    )
    return rows
  })
}

test(
  'no function of the API, called with random arguments, is answered 5xx or keeps its backend',
  async () => {
    const { url, keys } = inject('stack')
    const user = await newUser()
    const { data } = await user.client.auth.getSession()
    const headers = {
      apikey: keys.publishableKey,
      authorization: `Bearer ${data.session?.access_token}`,
      'content-type': 'application/json',
    }
    const functions = await callables()
    expect(functions.length).toBeGreaterThan(10)
    const call = fc
      .constantFrom(...functions)
      .chain(({ name, args }) =>
        fc.tuple(fc.constant(name), fc.record(Object.fromEntries(args.map((arg) => [arg, hostile])))),
      )
    await withFlatMemory(() =>
      fc.assert(
        fc.asyncProperty(fc.array(call, { minLength: CONCURRENT, maxLength: CONCURRENT }), async (calls) => {
          const answers = await Promise.all(
            calls.map(async ([name, args]) => {
              const answer = await fetch(`${url}/rest/v1/rpc/${name}`, {
                method: 'POST',
                headers,
                body: JSON.stringify(args),
              })
              return { name, status: answer.status, text: (await answer.text()).slice(0, 300) }
            }),
          )
          for (const answer of answers)
            expect({ ...answer, fine: answer.status < 500 }).toMatchObject({ fine: true })
        }),
        { numRuns: LONG ? 2_000 : 30, seed },
      ),
    )
    await withClient(inject('stack').db.admin, async (client) => {
      const { rows } = await client.query(
        `select query from pg_stat_activity
       where state = 'active' and usename = 'authenticator' and query_start < now() - interval '10 seconds'`,
      )
      expect(rows).toEqual([])
    })
  },
  TIMEOUT_MS,
)

/** Frames that look like those of a client of another user's topic, and frames of any shape. */
function frames(victim: TestUser): fc.Arbitrary<string | Uint8Array> {
  const topics = [`realtime:user:${victim.id}`, 'realtime:fuzz', 'realtime:', 'phoenix', 'realtime:queue:1']
  const events = ['phx_join', 'broadcast', 'presence', 'access_token', 'heartbeat', 'nonsense']
  const config = fc.record(
    {
      private: hostile,
      broadcast: hostile,
      presence: fc.oneof(hostile, fc.record({ key: hostile, enabled: hostile })),
      postgres_changes: fc.oneof(
        hostile,
        fc.array(fc.record({ event: hostile, schema: hostile, table: hostile, filter: hostile }), {
          maxLength: 3,
        }),
      ),
    },
    { requiredKeys: [] },
  )
  const payload = fc.oneof(
    hostile,
    fc.record({ config, access_token: hostile }, { requiredKeys: [] }),
    fc.record({ type: hostile, event: hostile, payload: hostile }, { requiredKeys: [] }),
  )
  const message = fc.tuple(
    fc.constantFrom<unknown>('1', null, 1),
    fc.constantFrom<unknown>('2', null, 2),
    fc.oneof({ arbitrary: fc.constantFrom<unknown>(...topics), weight: 9 }, hostile),
    fc.oneof({ arbitrary: fc.constantFrom<unknown>(...events), weight: 9 }, hostile),
    payload,
  )
  return fc.oneof(
    { arbitrary: message.map((parts) => JSON.stringify(parts)), weight: 8 },
    fc.string({ unit: 'binary' }),
    fc.json(),
    fc.uint8Array({ maxLength: 300 }),
  )
}

test(
  "random frames close no other user's channel, hold up no message of it and get no answer that is no message",
  async () => {
    const { url, db, keys } = inject('stack')
    const victim = await newUser()
    const { data } = await victim.client.auth.getSession()
    const device = await victim.client.rpc('register_device', { p_device_id: randomUUID() })
    expect(device.error).toBeNull()
    const connect = () => TestClient.connect(url, keys.publishableKey)
    using listener = await connect()
    const joined = await listener.join(`user:${victim.id}`, { private: true }, data.session?.access_token)
    expect(joined).toMatchObject({ status: 'ok', response: { postgres_changes: [] } })
    let rounds = 0
    await withFlatMemory(() =>
      fc.assert(
        fc.asyncProperty(fc.array(frames(victim), { minLength: 25, maxLength: 25 }), async (batch) => {
          using hostileClient = await connect()
          for (const frame of batch) hostileClient.ws.send(frame)
          // The socket still answers, unless the server has closed it in order.
          await Promise.race([hostileClient.heartbeat(), hostileClient.closed])
          expect(hostileClient.failures).toEqual([])
          rounds += 1
          await withClient(db.postgres, (sql) =>
            sql.query(`select realtime.send(jsonb_build_object('round', $1::integer), 'fuzz', $2)`, [
              rounds,
              `user:${victim.id}`,
            ]),
          )
          const heard = await listener.next(({ payload }) => Object(payload.payload).round === rounds)
          expect(heard.event).toBe('broadcast')
        }),
        { numRuns: LONG ? 500 : 15, seed },
      ),
    )
    const own = listener.messages.filter(({ topic }) => topic === `realtime:user:${victim.id}`)
    expect(own.filter(({ event }) => event === 'phx_close' || event === 'phx_error')).toEqual([])
    expect(own.filter(({ payload }) => payload.event !== undefined && payload.event !== 'fuzz')).toEqual([])
    expect(
      await listener.call(`user:${victim.id}`, 'presence', { event: 'untrack' }, joined.ref),
    ).toMatchObject({
      status: 'ok',
    })
  },
  TIMEOUT_MS,
)
