/** docs/adding-a-job-kind.md: each kind of job has its row, its folder and its entry, and they agree. */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  JOB_MESSAGE_FAMILIES,
  type JobMessageFamily,
  MESSAGE_TYPES,
} from '../../functions-shared/message-types.ts'
import { createTestDatabase, type TestDatabase, withClient } from '../../stack/testing/database.ts'

interface Kind {
  kind: string
  function_name: string
  types: string[]
  subject_key: string
}

const SUPABASE = join(import.meta.dirname, '..')
const DOCS = join(SUPABASE, '..', 'docs')
const families: Readonly<Record<string, JobMessageFamily>> = JOB_MESSAGE_FAMILIES

let database: TestDatabase
let kinds: Kind[]
beforeAll(async () => {
  database = await createTestDatabase()
  kinds = await withClient(database.urls.postgres, async (client) => {
    const { rows } = await client.query<Kind>(
      `select kind, function_name, subject_key,
         array_remove(array[queued_type, started_type, progress_type, completed_type, failed_type], null) as types
       from private.job_kinds order by kind`,
    )
    return rows
  })
})
afterAll(() => database[Symbol.asyncDispose]())

test('each row has its messages in one family of message-types.ts, and each family is of a row', () => {
  const used = kinds.map(({ kind, types }) => {
    const known = new Set(types.map((type) => families[type]))
    expect({ kind, families: known.size, types }).toEqual({ kind, families: 1, types })
    expect(known).not.toContain(undefined)
    return [...known][0]
  })
  expect(new Set(used)).toEqual(new Set(Object.values(families)))
  expect(used).toHaveLength(new Set(used).size)
})

test('each message of a family is one that its row sends', () => {
  expect(
    kinds
      .flatMap(({ types }) => types)
      .filter((type, index, all) => all.indexOf(type) === index)
      .sort(),
  ).toEqual(Object.keys(families).sort())
  expect(MESSAGE_TYPES).toEqual(expect.arrayContaining(Object.keys(families)))
})

test('each row has the folder of its function, which works on that kind', () => {
  for (const { kind, function_name: name } of kinds) {
    const folder = join(SUPABASE, 'functions', name)
    const missing = ['index.ts', 'deno.json', 'work.ts'].filter((file) => !existsSync(join(folder, file)))
    expect({ name, missing }).toEqual({ name, missing: [] })
    const wiring = ['index.ts', 'handler.ts']
      .filter((file) => existsSync(join(folder, file)))
      .map((file) => readFileSync(join(folder, file), 'utf8'))
      .join('\n')
    expect(wiring).toMatch(new RegExp(`kind: '${kind}'`))
    expect(wiring).toMatch(/auth: 'secret'/)
  }
})

test('each function may be called with a secret key, which the platform does not know', () => {
  const config = readFileSync(join(SUPABASE, 'config.toml'), 'utf8')
  for (const { function_name: name } of kinds) {
    expect(config).toMatch(new RegExp(`\\[functions\\.${name}\\]\\nverify_jwt = false\\n`))
  }
})

test('each function is described', () => {
  const functions = readFileSync(join(DOCS, 'edge-functions.md'), 'utf8')
  const names = kinds.map(({ function_name: name }) => name)
  expect(names.filter((name) => !functions.includes(`## ${name}\n`))).toEqual([])
})
