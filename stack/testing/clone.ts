/** Clones of a test cluster's templates. */

import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { databaseUrls, withClient } from '../postgres/index.ts'
import type { DatabaseUrls } from '../types.ts'

/** Plain data: it travels from the run's main process to the workers. */
export interface TestClusterInfo {
  port: number
  dbPassword: string
  vaultKey: string
  /** Why there is no template with migrations; null when there is. */
  migrationFailure: string | null
}

/** Nobody may connect to these two, which keeps them free to clone. */
export const TEMPLATES = { bootstrap: 'bootstrap_template', migrated: 'migrated_template' } as const

/** Where administrative statements run, so that they keep no other database busy. */
export const MAINTENANCE_DATABASE = 'template1'

export interface TestDatabaseOptions {
  /** False: only what hosted Supabase has before any migration. Default true. */
  migrations?: boolean
}

export interface TestDatabase extends AsyncDisposable {
  readonly name: string
  readonly urls: DatabaseUrls
}

/** @throws Error with the reason when the migrations could not be applied. */
export async function cloneTemplate(
  { port, dbPassword, migrationFailure }: TestClusterInfo,
  { migrations = true }: TestDatabaseOptions,
): Promise<TestDatabase> {
  if (migrations && migrationFailure !== null) throw new Error(migrationFailure)
  const template = migrations ? TEMPLATES.migrated : TEMPLATES.bootstrap
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
