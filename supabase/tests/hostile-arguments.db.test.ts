/** Every function that an API role may call refuses hostile arguments before it works on them. Reads the catalogue. */

import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { expect, test } from 'vitest'
import { asUser, createTestDatabase, withClient } from '../../stack/testing/database.ts'
import { addUsers } from './support.ts'

interface Callable {
  schema: string
  name: string
  /** As `regprocedure` writes it. */
  signature: string
  types: string[]
  names: string[]
  roles: string[]
}

interface Attack {
  what: string
  /** As text, which the server casts to the type: so do values of requests arrive. */
  value: string
  /** Beyond what any function of the API takes: each has to refuse it as `message_too_large`. */
  tooLarge?: true
  /** Beyond what functions of the API pass on, so functions behind them never see it. */
  outsideOnly?: true
}

const MARKS = '\u0301\u0323'.repeat(500_000)
const LARGE = { tooLarge: true, outsideOnly: true } as const
const numbers = (number: string, count: number) => `{"text":[${Array(count).fill(number).join()}]}`

const ATTACKS: Readonly<Record<string, readonly Attack[]>> = {
  text: [
    { what: '2 MB of combining marks', value: MARKS },
    { what: '8 MB of text', value: 'a'.repeat(8_388_608), ...LARGE },
    { what: '8 MB of slashes and backslashes', value: '/\\'.repeat(4_194_304), ...LARGE },
    { what: '60 KB of percent signs', value: '%41%'.repeat(15_000) },
  ],
  jsonb: [
    { what: 'lists nested 6,000 deep', value: '['.repeat(6_000) + ']'.repeat(6_000) },
    {
      what: 'objects nested 6,000 deep',
      value: `${'{"form_response":'.repeat(6_000)}1${'}'.repeat(6_000)}`,
    },
    { what: '8 MB', value: JSON.stringify({ text: 'a'.repeat(8_388_608) }), ...LARGE },
    {
      what: '4 MB of backslashes',
      value: JSON.stringify({ text: '\\\r'.repeat(1_000_000) }),
      outsideOnly: true,
    },
    {
      what: '6,000 numbers of 131,072 digits',
      value: numbers('1e131071', 6_000),
      outsideOnly: true,
    },
    {
      what: '6,000 zeros with 16,383 decimals',
      value: numbers('0e-16383', 6_000),
      outsideOnly: true,
    },
    { what: '1,000,000 numbers', value: numbers('1', 1_000_000), outsideOnly: true },
    { what: '2 MB of combining marks', value: JSON.stringify({ text: MARKS }) },
    {
      what: '100,000 answers and fields',
      value: JSON.stringify({
        form_response: {
          token: 'a',
          answers: Array(50_000).fill({ type: 'a' }),
          definition: { fields: Array(50_000).fill({}) },
        },
      }),
      outsideOnly: true,
    },
  ],
  'bigint[]': [{ what: '1,000,000 numbers', value: `{${Array(1_000_000).fill('1').join()}}`, ...LARGE }],
  'uuid[]': [{ what: '1,000 ids', value: `{${Array(1_000).fill(randomUUID()).join()}}` }],
  integer: [
    { what: 'the largest', value: '2147483647' },
    { what: 'the smallest', value: '-2147483648' },
  ],
  bigint: [
    { what: 'the largest', value: '9223372036854775807' },
    { what: 'the smallest', value: '-9223372036854775808' },
  ],
  date: [
    { what: 'infinity', value: 'infinity' },
    { what: 'minus infinity', value: '-infinity' },
    { what: 'the first day', value: '4713-01-01 BC' },
  ],
}
/** Nothing hostile fits into these. */
const HARMLESS = ['uuid', 'boolean', 'job_status', 'jobs']

/** Functions that take a value of any size, and why they may. */
const TAKES_ANY_SIZE: Readonly<Record<string, string>> = {
  'form_link_user(text)': 'Compares the length first and returns null.',
  'private.may_upload(text)':
    'Compares the length first. A policy would turn an error into a refusal without a reason.',
  'private.may_read_original(text)': 'As may_upload.',
  'private.try_uuid(text)': 'Compares the length first and returns null.',
  'private.topic_id(text)':
    'Compares the argument, which policies write, with the topic, whose length it checks.',
}

const OWN_CODE = /^PT[45]\d\d$/

async function callables(client: pg.Client): Promise<Callable[]> {
  const { rows } = await client.query<Callable>(
    `select namespace.nspname as schema, function.proname as name, function.oid::regprocedure::text as signature,
       coalesce((select array_agg(format_type(argument.type, null) order by argument.position)
         from unnest(function.proargtypes) with ordinality as argument (type, position)), '{}') as types,
       coalesce(function.proargnames[1:function.pronargs], '{}') as names,
       array(select role from unnest('{anon,authenticated,service_role}'::text[]) as role
         where has_function_privilege(role, function.oid, 'execute')) as roles
     from pg_proc as function
     join pg_namespace as namespace on namespace.oid = function.pronamespace
     where namespace.nspname in ('public', 'private') and function.prorettype <> 'trigger'::regtype
       and not exists (select from pg_depend as part where part.objid = function.oid and part.deptype = 'e')
     order by 3`,
  )
  return rows.filter((row) => row.roles.length > 0)
}

/** What the other arguments of a call are. */
function usual(type: string): string {
  return type === 'integer' ? '100' : `null::${type}`
}

/** What a call ends with: null, or the error of the server. */
async function ending(client: pg.Client, userId: string, role: string, sql: string, value: string) {
  try {
    await asUser(client, role === 'service_role' ? { role } : { role, sub: userId }, (caller) =>
      caller.query(sql, [value]),
    )
    return null
  } catch (error) {
    if (error instanceof pg.DatabaseError) return error
    throw error
  }
}

/** Calls each function with each hostile value. Returns the calls that were not refused, and the listed exceptions that occurred. */
async function attack(client: pg.Client, functions: readonly Callable[]) {
  const [userId = ''] = await addUsers(client, 1)
  await client.query(`set statement_timeout = '5s'`)
  const faults: string[] = []
  const used = new Set<string>()
  for (const { schema, name, signature, types, roles } of functions) {
    for (const [index, type] of types.entries()) {
      const attacks = ATTACKS[type]
      if (attacks === undefined) {
        if (!HARMLESS.includes(type)) faults.push(`${signature}: no hostile value for the type ${type}`)
        continue
      }
      for (const role of roles) {
        for (const { what, value, tooLarge, outsideOnly } of attacks) {
          // The schema private is not served by the API: other functions call these with what they have bounded.
          const internal = schema === 'private' && !roles.includes('authenticated')
          if (internal && outsideOnly) continue
          const values = types.map((other, at) => (at === index ? `$1::${type}` : usual(other)))
          const sql = `select ${schema}.${name}(${values.join(', ')})`
          const error = await ending(client, userId, role, sql, value)
          const told = `${signature} as ${role}, argument ${index + 1}, ${what}: ${error?.code ?? 'no error'} ${error?.message.slice(0, 80) ?? ''}`
          if (error?.code === '57014') faults.push(told)
          else if (!internal && error !== null && !OWN_CODE.test(error.code ?? '')) faults.push(told)
          else if (!internal && tooLarge && error?.message !== 'message_too_large') {
            if (signature in TAKES_ANY_SIZE) used.add(signature)
            else faults.push(told)
          }
        }
      }
    }
  }
  return { faults, used: [...used].sort() }
}

test('every function that an API role may call bounds its arguments', { timeout: 300_000 }, async () => {
  await using database = await createTestDatabase()
  await withClient(database.urls.postgres, async (client) => {
    const functions = await callables(client)
    expect(functions.length).toBeGreaterThan(50)
    const { faults, used } = await attack(client, functions)
    expect(faults).toEqual([])
    expect(used).toEqual(Object.keys(TAKES_ANY_SIZE).sort())
  })
})

test('a new function without bounds is found in the catalogue and named', async () => {
  await using database = await createTestDatabase()
  await withClient(database.urls.postgres, async (client) => {
    await client.query(
      `create function public.unbounded(p_text text) returns integer language sql as 'select length(p_text)';
       grant execute on function public.unbounded to authenticated`,
    )
    const added = (await callables(client)).filter(({ name }) => name === 'unbounded')
    const { faults } = await attack(client, added)
    expect(faults).toContainEqual(
      expect.stringContaining('unbounded(text) as authenticated, argument 1, 8 MB of text'),
    )
  })
})
