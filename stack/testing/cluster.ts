/** A temporary cluster whose two template databases the tests clone (nobody may connect to those, which keeps them free). Ends with its process, however that ends. */

import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { AppError } from '../../functions-shared/app-error.ts'
import { applyMigrations, databaseUrls, startPostgres, withClient } from '../postgres/index.ts'
import type { Logger, StackKeys, Stoppable } from '../types.ts'

/** Plain data: it travels from the run's main process to the workers. */
export interface TestClusterInfo {
  port: number
  dbPassword: string
  /** Why there is no database with migrations; null when there is. */
  migrationFailure: string | null
}

export interface TestCluster extends Stoppable {
  info: TestClusterInfo
}

/** Warnings and errors only: a test run shows what matters. */
const quietLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (source, message, fields) => console.warn(`[${source}] ${message}`, fields ?? ''),
  error: (source, message, fields) => console.error(`[${source}] ${message}`, fields ?? ''),
}

/** The database that administrative statements run in, so that no other one is kept busy by them. */
export const MAINTENANCE_DATABASE = 'template1'

export async function startTestCluster(
  keys: Pick<StackKeys, 'dbPassword' | 'vaultKey'>,
): Promise<TestCluster> {
  const server = await startPostgres({
    dataDir: await mkdtemp(path.join(tmpdir(), 'claimwire-test-')),
    keys,
    logger: quietLogger,
    durable: false,
    ephemeral: true,
  })
  const admin = databaseUrls(server.port, MAINTENANCE_DATABASE, keys.dbPassword).admin
  try {
    await withClient(admin, async (client) => {
      await client.query('alter database postgres rename to bootstrap_template')
      await client.query('create database migrated_template template bootstrap_template owner postgres')
    })
    const migrationFailure = await migrate(server.port, keys.dbPassword)
    await withClient(admin, async (client) => {
      for (const template of ['bootstrap_template', 'migrated_template']) {
        await client.query(`alter database ${template} with allow_connections false is_template true`)
      }
    })
    return {
      info: { port: server.port, dbPassword: keys.dbPassword, migrationFailure },
      stop: () => server.stop(),
    }
  } catch (error) {
    await server.stop()
    throw error
  }
}

/** A broken migration fails the tests that need migrations, with the reason, and no others. */
async function migrate(port: number, dbPassword: string): Promise<string | null> {
  const url = databaseUrls(port, 'migrated_template', dbPassword).postgres
  try {
    await applyMigrations({ url, logger: quietLogger, seed: false })
    return null
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'migration_failed') throw error
    return [error.message, ...Object.values(error.details)].join('\n')
  }
}
