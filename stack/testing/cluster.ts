/**
 * A temporary cluster for tests and tools, with two templates to clone: one as a hosted project before any migration, one
 * with the migrations. The cluster ends with its process, also when that is killed.
 */

import { randomBytes } from 'node:crypto'
import { readdir, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '../../functions-shared/app-error.ts'
import { applyMigrations, databaseUrls, removeCluster, startPostgres, withClient } from '../postgres/index.ts'
import type { Logger } from '../types.ts'
import {
  cloneTemplate,
  MAINTENANCE_DATABASE,
  TEMPLATES,
  type TestClusterInfo,
  type TestDatabase,
  type TestDatabaseOptions,
} from './clone.ts'
import { TEMPORARY_PARENTS, TEST_FOLDER_PREFIX, temporaryDataFolder } from './temporary-folder.ts'

export interface TestCluster extends AsyncDisposable {
  readonly info: TestClusterInfo
  createDatabase(options?: TestDatabaseOptions): Promise<TestDatabase>
  stop(): Promise<void>
}

/** A younger folder may belong to a run that is between two servers, ms. */
const YOUNG_MS = 3_600_000

/** Warnings and errors only. */
const quietLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (source, message, fields) => console.warn(`[${source}] ${message}`, fields ?? ''),
  error: (source, message, fields) => console.error(`[${source}] ${message}`, fields ?? ''),
}

export async function startTestCluster(): Promise<TestCluster> {
  await removeLeftovers()
  const dbPassword = randomBytes(16).toString('hex')
  const vaultKey = randomBytes(32).toString('hex')
  const server = await startPostgres({
    dataDir: await temporaryDataFolder(TEST_FOLDER_PREFIX),
    keys: { dbPassword, vaultKey },
    logger: quietLogger,
    durable: false,
    ephemeral: true,
  })
  const admin = databaseUrls(server.port, MAINTENANCE_DATABASE, dbPassword).admin
  try {
    await withClient(admin, async (client) => {
      await client.query(`alter database postgres rename to ${TEMPLATES.bootstrap}`)
      await client.query(
        `create database ${TEMPLATES.migrated} template ${TEMPLATES.bootstrap} owner postgres`,
      )
    })
    const migrationFailure = await migrate(databaseUrls(server.port, TEMPLATES.migrated, dbPassword).postgres)
    await withClient(admin, async (client) => {
      for (const template of Object.values(TEMPLATES)) {
        await client.query(`alter database ${template} with allow_connections false is_template true`)
      }
    })
    const info = { port: server.port, dbPassword, vaultKey, migrationFailure }
    return {
      info,
      createDatabase: (options = {}) => cloneTemplate(info, options),
      stop: () => server.stop(),
      [Symbol.asyncDispose]: () => server.stop(),
    }
  } catch (error) {
    await server.stop()
    throw error
  }
}

/** A broken migration fails only the tests that need migrations, with the reason. */
async function migrate(url: string): Promise<string | null> {
  try {
    await applyMigrations({ url, logger: quietLogger, seed: false })
    return null
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'migration_failed') throw error
    return [error.message, ...Object.values(error.details)].join('\n')
  }
}

/** Removes folders of runs that were killed together with their watchdog. */
async function removeLeftovers(): Promise<void> {
  for (const parent of TEMPORARY_PARENTS) {
    const names = await readdir(parent).catch(() => [])
    for (const name of names) {
      if (name.startsWith(TEST_FOLDER_PREFIX)) await removeLeftover(path.join(parent, name))
    }
  }
}

async function removeLeftover(folder: string): Promise<void> {
  const info = await stat(folder).catch(() => null)
  if (info === null || info.uid !== process.getuid?.() || Date.now() - info.mtimeMs < YOUNG_MS) return
  try {
    await removeCluster(folder, quietLogger)
    await rm(folder, { recursive: true, force: true })
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'data_dir_in_use') throw error
  }
}
