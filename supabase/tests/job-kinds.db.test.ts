/** docs/adding-a-job-kind.md: each kind of job has its row, its folder and its definition, and they agree. */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import * as v from 'valibot'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Fields, KindDefinition } from '../../functions-shared/definitions/kind.ts'
import { JOB_STATES } from '../../functions-shared/definitions/kind-words.ts'
import { messageFields, messageTypes, statusWord } from '../../functions-shared/definitions/message-fields.ts'
import { MESSAGES } from '../../functions-shared/definitions/messages.ts'
import { KINDS } from '../../functions-shared/kinds/index.ts'
import { createTestDatabase, type TestDatabase, withClient } from '../../stack/testing/database.ts'

const SUPABASE = join(import.meta.dirname, '..')
const DOCS = join(SUPABASE, '..', 'docs')
const definitions: readonly KindDefinition[] = KINDS
const names = definitions.map(({ functionName }) => functionName)

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database[Symbol.asyncDispose]())

test('each row says what its definition says, and each has the other', async () => {
  const rows = await withClient(database.urls.postgres, async (client) => {
    const result = await client.query(
      `select kind, function_name, subject_key, queued_type, started_type, progress_type, completed_type, failed_type,
         queued_status, started_status, completed_status, failed_status, input_keys, result_keys
       from private.job_kinds order by kind`,
    )
    return result.rows
  })
  const expected = definitions.map((kind) => {
    const { types, subject, input = {}, result = {} } = kind
    const [queued, started, completed, failed] = JOB_STATES.map((state) => statusWord(kind, state))
    return {
      kind: kind.kind,
      function_name: kind.functionName,
      subject_key: Object.keys(subject).join(),
      queued_type: types.queued,
      started_type: types.started,
      progress_type: types.progress,
      completed_type: types.completed,
      failed_type: types.failed,
      queued_status: queued,
      started_status: started,
      completed_status: completed,
      failed_status: failed,
      input_keys: Object.keys(input),
      result_keys: Object.keys(result),
    }
  })
  expect(rows).toEqual(expected.sort((one, other) => (one.kind < other.kind ? -1 : 1)))
})

test.each(definitions.map((kind) => [kind.kind, kind] as const))(
  'every message of a job of kind %s has the fields of the definition, and no other',
  async (_name, kind) => {
    const messages = await withClient(database.urls.postgres, async (client) => {
      const userId = await addUser(client)
      for (const end of ['complete', 'fail'] as const) await live(client, kind, userId, end)
      // Realtime adds the id of the row.
      const { rows } = await client.query<{ payload: unknown }>(
        `select payload - 'id' as payload from realtime.messages where topic = 'user:' || $1 order by inserted_at, id`,
        [userId],
      )
      return rows.map(({ payload }) => payload)
    })
    const schemas = messageTypes(kind).map((type) => v.strictObject(messageFields(kind, type)))
    const issues = messages.map((message) => {
      const type = Object(message).type
      const schema = schemas[messageTypes(kind).indexOf(type)]
      const result = v.safeParse(schema ?? v.never(), message)
      return [type, ...(result.issues ?? []).map((issue) => `${v.getDotPath(issue)}: ${issue.message}`)]
    })
    expect(issues.filter(([, ...found]) => found.length > 0)).toEqual([])
    expect(new Set(issues.map(([type]) => type))).toEqual(new Set(messageTypes(kind)))
  },
)

test('a client may send no message of a type that is the database’s', async () => {
  const sendable: readonly (string | null)[] = ['user_typing']
  const types = [
    ...definitions.flatMap(messageTypes),
    ...MESSAGES.flatMap(({ type }) => (type === null || sendable.includes(type) ? [] : [type])),
  ]
  await withClient(database.urls.postgres, async (client) => {
    const userId = await addUser(client)
    const { rows } = await client.query<{ id: string }>(
      `insert into public.incidents (user_id, title, source) values ($1, 'Crash', 'test') returning id`,
      [userId],
    )
    const topic = `incident:${rows[0]?.id}`
    await client.query(`select set_config('request.jwt.claims', $1, false)`, [
      JSON.stringify({ sub: userId, role: 'authenticated' }),
    ])
    for (const type of types)
      await expect(
        client.query('select private.check_client_message($1, $2)', [topic, type]),
      ).rejects.toThrow('invalid_arguments')
    await client.query('select private.check_client_message($1, $2)', [topic, 'user_typing'])
  })
})

test('each kind has the folder of its function, which works on that kind', () => {
  for (const { kind, functionName: name } of definitions) {
    const folder = join(SUPABASE, 'functions', name)
    const missing = ['index.ts', 'deno.json', 'work.ts'].filter((file) => !existsSync(join(folder, file)))
    expect({ name, missing }).toEqual({ name, missing: [] })
    const wiring = ['index.ts', 'handler.ts']
      .filter((file) => existsSync(join(folder, file)))
      .map((file) => readFileSync(join(folder, file), 'utf8'))
      .join('\n')
    expect(wiring).toMatch(new RegExp(`kind: '${kind}'`))
    expect(wiring).toMatch(/jobFunction\(|auth: 'secret'/)
  }
})

test('each function may be called with a secret key, which the platform does not know', () => {
  const config = readFileSync(join(SUPABASE, 'config.toml'), 'utf8')
  for (const name of names) {
    expect(config).toMatch(new RegExp(`\\[functions\\.${name}\\]\\nverify_jwt = false\\n`))
  }
})

test('each function is described', () => {
  const functions = readFileSync(join(DOCS, 'edge-functions.md'), 'utf8')
  expect(names.filter((name) => !functions.includes(`## ${name}\n`))).toEqual([])
})

async function addUser(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    `insert into auth.users (id, email) values (gen_random_uuid(), gen_random_uuid() || '@claimwire.test') returning id`,
  )
  return rows[0]?.id ?? ''
}

/** One job from its insertion over some progress to its end, with the examples of the definition. */
async function live(
  client: pg.Client,
  kind: KindDefinition,
  userId: string,
  end: 'complete' | 'fail',
): Promise<void> {
  const { rows } = await client.query<{ id: string }>(
    `insert into public.jobs (kind, user_id, subject_id, queue_id, input)
     values ($1, $2, gen_random_uuid(), gen_random_uuid(), $3) returning id`,
    [kind.kind, userId, JSON.stringify(examplesOf(kind.input))],
  )
  const id = rows[0]?.id
  const claimed = await client.query<{ lease_token: string }>(
    'select lease_token from public.claim_job($1, $2)',
    [id, kind.kind],
  )
  const lease = claimed.rows[0]?.lease_token
  await client.query('select public.report_progress($1, $2, 40::smallint, $3)', [id, lease, 'working'])
  await client.query('update public.jobs set partial = $2, progress = 50 where id = $1', [
    id,
    JSON.stringify(examplesOf(kind.partial)),
  ])
  if (end === 'complete')
    await client.query('select public.complete_job($1, $2, $3)', [
      id,
      lease,
      JSON.stringify(examplesOf(kind.result)),
    ])
  else
    await client.query('select public.fail_job($1, $2, $3, $4, false)', [
      id,
      lease,
      'internal_error',
      'Something went wrong on our side.',
    ])
}

function examplesOf(fields: Fields = {}): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, schema]) => {
      const [example]: readonly unknown[] = v.getExamples('wrapped' in schema ? schema.wrapped : schema)
      return [name, example]
    }),
  )
}
