/**
 * Random calls of every function of the API, sent over HTTP to the embedded REST: as a user, a service and a visitor, with
 * JSON that is valid and values that mostly have the right type. No call may end in a server error, run into the time limit
 * of a statement, or leave a backend that is busy or has grown.
 *
 * The normal run takes 4 s, `npm run test:long` two minutes. A failure prints its seed.
 */

import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isRecord } from '../../functions-shared/unknown.ts'
import { startTestApi, type TestApi } from '../gateway/testing.ts'
import { withClient } from '../testing/database.ts'

const LONG = process.env.CLAIMWIRE_LONG !== undefined

/** Milliseconds. */
const FOR = LONG ? 120_000 : 4_000

/** Calls that are sent at the same moment, so that they also meet at locks. */
const AT_ONCE = 8

/** Bytes by which the memory of a backend may grow after the first calls. */
const GROWTH = 64 * 1024 * 1024

interface Parameter {
  name: string
  type: string
}

type Caller = 'user' | 'service' | 'visitor'

interface ApiFunction {
  name: string
  parameters: Parameter[]
  /** Those that may call the function. */
  callers: Caller[]
}

interface Call {
  name: string
  as: Caller
  body: Record<string, unknown>
}

let api: TestApi
let tokens: Record<Caller, string>
/** Values that name rows of the database, by parameter: such calls come further than those with random ids. */
let known: Record<string, string[]>

beforeAll(async () => {
  api = await startTestApi()
  const client = api.client()
  const { data, error } = await client.auth.signUp({
    email: `${crypto.randomUUID()}@example.com`,
    password: 'correct horse battery staple',
  })
  if (error !== null || data.session === null) throw error ?? new Error('no session')
  tokens = {
    user: data.session.access_token,
    service: api.keys.secretKey,
    visitor: api.keys.publishableKey,
  }
  known = await withClient(api.database.urls.postgres, (db) => addRows(db, data.session?.user.id ?? ''))
})

afterAll(() => api[Symbol.asyncDispose]())

/** Rows that functions find, and no rates: refused calls would do no work. @returns what names the rows, by parameter. */
async function addRows(db: pg.Client, userId: string): Promise<Record<string, string[]>> {
  await db.query('delete from private.call_rates')
  await db.query(
    `with incident as (
       insert into public.incidents (user_id, title, source)
       select $1, 'Crash', 'test' from generate_series(1, 60) returning id
     ), document as (
       insert into public.documents (incident_id, user_id, kind, document_type)
       select incident.id, $1, kind, kind from incident, unnest('{photo,audio}'::text[]) as kind
     )
     insert into public.jobs (kind, user_id, incident_id, subject_id)
     select 'pdf', $1, incident.id, gen_random_uuid() from incident`,
    [userId],
  )
  await db.query(
    `with job as (select id, row_number() over (order by id) % 3 as n from public.jobs)
     update public.jobs set status = case job.n when 1 then 'failed' else 'processing' end::public.job_status,
       lease_token = case job.n when 0 then gen_random_uuid() end
     from job where job.id = jobs.id and job.n < 2`,
  )
  const idsOf = async (column: string, table: string) => {
    const { rows } = await db.query<{ id: string }>(
      `select ${column} as id from ${table} where ${column} is not null`,
    )
    return rows.map(({ id }) => id)
  }
  const incidents = await idsOf('id', 'public.incidents')
  return {
    p_user_id: [userId],
    p_topic: incidents.map((id) => `incident:${id}`),
    p_path: incidents.map((id) => `${id}/${randomUUID()}`),
    p_incident_id: incidents,
    p_document_id: await idsOf('id', 'public.documents'),
    p_job_id: await idsOf('id', 'public.jobs'),
    p_lease_token: await idsOf('lease_token', 'public.jobs'),
  }
}

async function readFunctions(db: pg.Client): Promise<ApiFunction[]> {
  const { rows } = await db.query<ApiFunction>(
    `select proname as name,
       array(select caller from (values ('user', 'authenticated'), ('service', 'service_role')) as may (caller, role)
         where has_function_privilege(may.role, function.oid, 'execute')) as callers,
       coalesce((
       select json_agg(json_build_object('name', proargnames[position], 'type', format_type(type, null)) order by position)
       from unnest(proargtypes) with ordinality as argument (type, position)), '[]') as parameters
     from pg_proc as function
     where pronamespace = 'public'::regnamespace and prorettype <> 'trigger'::regtype
       and not exists (select from pg_depend as part where part.objid = function.oid and part.deptype = 'e')
     order by 1`,
  )
  return rows
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc
    .tuple(fc.string({ unit: 'binary' }), fc.integer({ min: 100, max: 1_000 }))
    .map(([text, times]) => text.repeat(times)),
  fc.constantFrom('', ' ', '\u0000', '\ud800', '\u0301\u0323'.repeat(2_000)),
  fc.constantFrom(
    'en',
    'view',
    'completed',
    'vehicle',
    'user_typing',
    'photo.jpg',
    'note.mp3',
    'internal_error',
  ),
)

const anyNumber = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -10, max: 1_000 }) },
  { weight: 1, arbitrary: fc.maxSafeInteger() },
  { weight: 1, arbitrary: fc.double() },
  { weight: 1, arbitrary: fc.constantFrom(2 ** 31, -(2 ** 31) - 1, 2 ** 63, 1e308) },
)

const anyDay = fc
  .date({ min: new Date('1800-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10))

const anyFormResponse = fc.record({
  form_response: fc.record({
    token: fc.string({ unit: fc.constantFrom(...'abc_-9'), minLength: 1 }),
    answers: fc.array(
      fc.record({
        type: fc.constantFrom('text', 'email', 'date', 'file_url', 'choice'),
        text: anyText,
        email: fc.emailAddress(),
        date: anyDay,
        file_url: fc.webUrl(),
        field: fc.record({ id: anyText, ref: anyText, type: anyText }),
      }),
    ),
    definition: fc.record({ fields: fc.array(fc.record({ id: anyText, title: anyText })) }),
  }),
})

/** Values that fit the type mostly. Types that are not listed get texts. */
function valuesOf({ name, type }: Parameter): fc.Arbitrary<unknown> {
  const anyId = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...(known[name] ?? Object.values(known).flat())) },
    { weight: 2, arbitrary: fc.uuid() },
    { weight: 1, arbitrary: anyText },
  )
  switch (type) {
    case 'uuid':
      return anyId
    case 'uuid[]':
      return fc.array(anyId)
    case 'integer':
    case 'bigint':
      return anyNumber
    case 'bigint[]':
      return fc.array(anyNumber)
    case 'boolean':
      return fc.boolean()
    case 'date':
      return fc.oneof(anyDay, fc.constantFrom('infinity', '-infinity', '4713-01-01 BC'), anyText)
    case 'jsonb':
      return fc.oneof(
        ...(name === 'p_response' ? [anyFormResponse] : []),
        fc.jsonValue({ maxDepth: 6 }),
        fc.dictionary(anyText, fc.jsonValue()),
      )
    case 'job_status':
      return fc.constantFrom('queued', 'processing', 'completed', 'failed', 'none')
    default:
      return fc.oneof({ weight: name in known ? 1 : 4, arbitrary: anyText }, { weight: 2, arbitrary: anyId })
  }
}

function callsOf({ name, parameters, callers }: ApiFunction): fc.Arbitrary<Call> {
  const values = Object.fromEntries(
    parameters.map((parameter) => [
      parameter.name,
      fc.oneof(
        // Rows would be gone soon: functions that erase get ids of other things mostly.
        {
          weight: 20,
          arbitrary: valuesOf(name.startsWith('erase_') ? { ...parameter, name: '' } : parameter),
        },
        { weight: 2, arbitrary: fc.constant(null) },
        { weight: 1, arbitrary: fc.jsonValue() },
      ),
    ]),
  )
  const anyCaller = fc.constantFrom<Caller[]>('user', 'service', 'visitor')
  return fc.record({
    name: fc.constant(name),
    as:
      callers.length === 0
        ? anyCaller
        : fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...callers) }, anyCaller),
    body: fc.oneof(
      { weight: 8, arbitrary: fc.record(values) },
      { weight: 1, arbitrary: fc.record(values, { requiredKeys: [] }) },
    ),
  })
}

/** @throws where the answer is that of a fault of the server. */
async function send({ name, as, body }: Call): Promise<void> {
  const response = await fetch(`${api.gateway.url}/rest/v1/rpc/${name}`, {
    method: 'POST',
    headers: {
      apikey: as === 'service' ? api.keys.secretKey : api.keys.publishableKey,
      authorization: `Bearer ${tokens[as]}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  if (response.status >= 500) throw new Error(`${name} ended in ${response.status}: ${text.slice(0, 500)}`)
  if (response.status < 400) return
  const refusal: unknown = JSON.parse(text)
  if (!isRecord(refusal) || typeof refusal.code !== 'string')
    throw new Error(`no code: ${text.slice(0, 500)}`)
}

/** Bytes of memory of its own that each backend of the REST service has, by process id. Empty on systems without /proc. */
async function backendMemory(db: pg.Client): Promise<Map<number, number>> {
  const { rows } = await db.query<{ pid: number }>(
    `select pid from pg_stat_activity where datname = current_database() and usename = 'authenticator'`,
  )
  const sizes = await Promise.all(
    rows.map(async ({ pid }): Promise<[number, number][]> => {
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
      const kilobytes = /^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]
      return kilobytes === undefined ? [] : [[pid, Number(kilobytes) * 1024]]
    }),
  )
  return new Map(sizes.flat())
}

test('random calls of every function end in an answer that is no server error, and leave the backends as they were', {
  timeout: FOR + 60_000,
}, async () => {
  await withClient(api.database.urls.postgres, async (db) => {
    const functions = await readFunctions(db)
    expect(functions.length).toBeGreaterThan(30)
    const calls = fc.array(fc.oneof(...functions.map(callsOf)), { minLength: 1, maxLength: AT_ONCE })
    const called = new Set<string>()
    const begun = performance.now()
    let settled: Map<number, number> | undefined
    await fc.assert(
      fc.asyncProperty(calls, async (sent) => {
        for (const { name } of sent) called.add(name)
        await Promise.all(sent.map(send))
        if (settled === undefined && performance.now() - begun > FOR / 4) settled = await backendMemory(db)
      }),
      { numRuns: 1_000_000, interruptAfterTimeLimit: FOR, endOnFailure: !LONG },
    )
    expect(called.size).toBeGreaterThan(functions.length / 2)

    const busy = async () => {
      const { rows } = await db.query(
        `select query from pg_stat_activity
         where datname = current_database() and usename = 'authenticator' and state <> 'idle'`,
      )
      return rows
    }
    // The last calls were sent when the time was over.
    await expect.poll(busy, { timeout: 15_000 }).toEqual([])
    const grown = [...(await backendMemory(db))].filter(([pid, bytes]) => {
      const before = settled?.get(pid)
      return before !== undefined && bytes - before > GROWTH
    })
    expect(grown).toEqual([])
  })
})
