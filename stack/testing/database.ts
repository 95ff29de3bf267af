/**
 * Databases for tests: each is a clone of the run's template, with the bootstrap and every migration applied.
 *
 *   await using database = await createTestDatabase()
 *   await withClient(database.urls.admin, async (client) => { ... })
 */

import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { databaseUrls, withClient } from '../postgres/index.ts'
import type { DatabaseUrls } from '../types.ts'
import { MAINTENANCE_DATABASE, type TestClusterInfo } from './cluster.ts'

export { withClient } from '../postgres/index.ts'

export interface TestDatabase extends AsyncDisposable {
  readonly name: string
  readonly urls: DatabaseUrls
}

export interface TestDatabaseOptions {
  /** False: only what hosted Supabase has before any migration. Default true. */
  migrations?: boolean
}

/** A database of its own, dropped on disposal with whatever is still connected to it. */
export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  return cloneTemplate(inject('testCluster'), options)
}

async function cloneTemplate(
  { port, dbPassword, migrationFailure }: TestClusterInfo,
  { migrations = true }: TestDatabaseOptions,
): Promise<TestDatabase> {
  if (migrations && migrationFailure !== null) throw new Error(migrationFailure)
  const template = migrations ? 'migrated_template' : 'bootstrap_template'
  const name = `test_${randomUUID().replaceAll('-', '')}`
  const maintenance = databaseUrls(port, MAINTENANCE_DATABASE, dbPassword).admin
  await withClient(maintenance, (client) =>
    client.query(`create database ${name} template ${template} owner postgres`),
  )
  return {
    name,
    urls: databaseUrls(port, name, dbPassword),
    [Symbol.asyncDispose]: () => withClient(maintenance, (client) => dropDatabase(client, name)),
  }
}

/** Replication slots hold on to their database, and connections to both. */
async function dropDatabase(client: pg.Client, name: string): Promise<void> {
  await client.query(`alter database ${name} with allow_connections false`)
  await client.query('select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = $1', [
    name,
  ])
  await client.query(
    'select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = $1',
    [name],
  )
  await client.query(`drop database ${name} with (force)`)
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
