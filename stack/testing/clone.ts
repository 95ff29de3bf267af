/** Clones of a test cluster's templates. */

import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { databaseUrls, withClient } from '../postgres/index.ts'
import type { DatabaseUrls } from '../types.ts'

/** Plain data, because the run's main process sends it to the workers. */
export interface TestClusterInfo {
  port: number
  dbPassword: string
  vaultKey: string
  /** Why the template with migrations is missing; null when it exists. */
  migrationFailure: string | null
}

/** Connections to these two are refused, because a database in use cannot be cloned. */
export const TEMPLATES = { bootstrap: 'bootstrap_template', migrated: 'migrated_template' } as const

/** Administrative statements run here, so that they connect to no database that is cloned or dropped. */
export const MAINTENANCE_DATABASE = 'template1'

export interface TestDatabaseOptions {
  /** False: the state of hosted Supabase before any migration. Default true. */
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

/** A database cannot be dropped while it has connections or replication slots. */
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
