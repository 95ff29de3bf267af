import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mintToken } from '../keys/index.ts'
import { createTestDatabase, type TestDatabase, withClient } from '../testing/database.ts'
import { startTestServer, type TestServer } from './testing/server.ts'
import { ALICE, runScenario, SCENARIOS, type ScenarioHost, SETUP } from './testing/supabase-js.ts'

let database: TestDatabase
let server: TestServer
let host: ScenarioHost

beforeAll(async () => {
  database = await createTestDatabase({ migrations: false })
  const sql = (text: string, values: unknown[] = []): Promise<unknown> =>
    withClient(database.urls.postgres, (connection) => connection.query(text, values))
  await sql(SETUP)
  server = await startTestServer(database.urls)
  const { url, keys } = server
  const claims = { role: 'authenticated', sub: ALICE, aud: 'authenticated' }
  host = {
    url,
    publishableKey: keys.publishableKey,
    token: (more, expiresIn = 3600) => mintToken(keys, { ...claims, ...more }, { expiresIn }),
    sql,
  }
})

afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await database?.[Symbol.asyncDispose]()
})

describe('an unmodified supabase-js in Node', () => {
  it.each(Object.entries(SCENARIOS))('%s', async (name, { expected }) => {
    expect(await runScenario(name, host)).toEqual(expected)
  })
})
