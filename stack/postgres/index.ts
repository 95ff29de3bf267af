/** The embedded PostgreSQL: a server with everything that hosted Supabase has before any migration. */

import pg from 'pg'
import type { DatabaseUrls, Logger, StackKeys } from '../types.ts'
import { applyBootstrap } from './bootstrap.ts'
import { databaseUrls, withClient } from './connection.ts'
import { LaunchedServer } from './launcher.ts'
import type { PostgresExit } from './postmaster.ts'

export { databaseUrls, withClient } from './connection.ts'
export { removeCluster } from './launcher.ts'
export { applyMigrations } from './migrations.ts'

export interface StartPostgresOptions {
  /** Folder of the cluster, kept between starts; made when missing. Holds nothing else. */
  dataDir: string
  /** Preferred port; when taken, a warning and the next free one. 0 (default) picks any free port. */
  port?: number
  keys: Pick<StackKeys, 'dbPassword' | 'vaultKey'>
  logger: Logger
  /** False for tests: faster, and nothing survives a crash of the machine. Default true. */
  durable?: boolean
  /** Empties the cluster first. Default false. */
  fresh?: boolean
  /** Removes `dataDir` when the server ends, also when this process is killed. Default false. */
  ephemeral?: boolean
}

/** A running server. `await using` stops it. */
export interface PostgresHandle extends AsyncDisposable {
  /** Database `postgres`. */
  readonly urls: DatabaseUrls
  readonly port: number
  readonly dataDir: string
  /** The server's main process; changes with `restart()`. */
  readonly pid: number
  /** Resolves when the current main process ends, by a stop or by a crash. */
  readonly exited: Promise<PostgresExit>
  /** Calls the listener at each end of the server; `requested` is false for a crash. Returns an unsubscribe function. */
  onExit(listener: (exit: PostgresExit) => void): () => void
  /** Stops the server if it runs and starts it again on the same port; connections are cut. */
  restart(): Promise<void>
  /** Ends the server; safe to call twice. */
  stop(): Promise<void>
}

/**
 * @throws AppError `data_dir_in_use`, `data_dir_unusable`, `platform_unsupported`, `no_free_port`,
 * `postgres_start_failed`, `bootstrap_failed`; nothing is left running then.
 */
export async function startPostgres(options: StartPostgresOptions): Promise<PostgresHandle> {
  const { dbPassword, vaultKey } = options.keys
  const server = await LaunchedServer.launch({
    dataDir: options.dataDir,
    port: options.port ?? 0,
    password: dbPassword,
    durable: options.durable ?? true,
    fresh: options.fresh ?? false,
    ephemeral: options.ephemeral ?? false,
    logger: options.logger,
  })
  try {
    const urls = databaseUrls(server.port, 'postgres', dbPassword)
    await acceptPassword(server, urls.admin)
    await withClient(urls.admin, (client) => applyBootstrap(client, { dbPassword, vaultKey }))
    return {
      urls,
      get port() {
        return server.port
      },
      get dataDir() {
        return server.dataDir
      },
      get pid() {
        return server.pid
      },
      get exited() {
        return server.exited
      },
      onExit: (listener) => server.onExit(listener),
      restart: () => server.restart(),
      stop: () => server.stop(),
      [Symbol.asyncDispose]: () => server.stop(),
    }
  } catch (error) {
    await server.stop()
    throw error
  }
}

/** Resets the password of a cluster that is older than the keys: the key file was removed, and the data folder was not. */
async function acceptPassword(server: LaunchedServer, adminUrl: string): Promise<void> {
  try {
    await withClient(adminUrl, () => Promise.resolve())
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== INVALID_PASSWORD) throw error
    await server.resetPassword()
  }
}

const INVALID_PASSWORD = '28P01'
