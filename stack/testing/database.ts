/**
 * Databases for tests: each is a clone of the run's template, with the bootstrap and every migration applied.
 *
 *   await using database = await createTestDatabase()
 *   await withClient(database.urls.admin, async (client) => { ... })
 */

import pg from 'pg'
import { inject } from 'vitest'
import { cloneTemplate, type TestDatabase, type TestDatabaseOptions } from './clone.ts'

export { withClient } from '../postgres/index.ts'
export type { TestDatabase, TestDatabaseOptions } from './clone.ts'

/** A new database, dropped on disposal together with its connections. */
export function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  return cloneTemplate(inject('testCluster'), options)
}

/**
 * Runs `work` in a transaction as a caller of the API: under the role of the claims, with the claims that
 * `auth.uid()` and policies read. Rolled back at the end unless `commit` is set.
 * @param client connected as `postgres`, `authenticator` or `supabase_admin`.
 * @param claims `role` defaults to `authenticated`.
 */
export async function asUser<Result>(
  client: pg.Client | pg.PoolClient,
  claims: { sub?: string; role?: string } & Record<string, unknown>,
  work: (client: pg.Client | pg.PoolClient) => Promise<Result>,
  { commit = false }: { commit?: boolean } = {},
): Promise<Result> {
  const role = claims.role ?? 'authenticated'
  await client.query('begin')
  try {
    await client.query(`set local role ${pg.escapeIdentifier(role)}`)
    await client.query(`select set_config('request.jwt.claims', $1, true)`, [
      JSON.stringify({ ...claims, role }),
    ])
    const result = await work(client)
    await client.query(commit ? 'commit' : 'rollback')
    return result
  } catch (error) {
    await client.query('rollback')
    throw error
  }
}
