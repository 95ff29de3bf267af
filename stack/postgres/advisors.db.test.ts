/** The platform's lints, as the dashboard of a hosted project shows them: no warning is left. */

import { expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase, withClient } from '../testing/database.ts'
import { runSupabase } from './supabase-cli.ts'

async function warnings(database: TestDatabase): Promise<unknown> {
  const { code, stdout, stderr } = await runSupabase(
    ['db', 'advisors', '--level', 'warn', '--output-format', 'json'],
    { projectDir: process.cwd(), databases: { remote: database.urls.postgres } },
  )
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout)
}

test('the database of the migrations has no warning, and a function without search_path gives one', async () => {
  await using database = await createTestDatabase()
  expect(await warnings(database)).toMatchObject({ results: [] })
  await withClient(database.urls.postgres, (client) =>
    client.query('create function private.careless() returns integer language sql as $$ select 1 $$'),
  )
  expect(await warnings(database)).toMatchObject({ results: [{ name: 'function_search_path_mutable' }] })
})
