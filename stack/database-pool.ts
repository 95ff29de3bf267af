/** Connection pools that survive the loss of their connections. */

import pg from 'pg'
import type { Logger } from './types.ts'

export interface PoolOptions {
  url: string
  /** Name in `pg_stat_activity`, and the source in the log. */
  name: string
  /** Connections at most. */
  size: number
  logger: Logger
  /** Longest wait for a new or a free connection, ms. Default 5000. */
  connectTimeoutMs?: number
  /** Settings of every session, e.g. `{ role: 'supabase_auth_admin' }`. Names and values must not contain spaces. */
  settings?: Readonly<Record<string, string>>
  types?: pg.CustomTypesConfig
}

export function createPool(options: PoolOptions): pg.Pool {
  const { name, logger } = options
  const settings = Object.entries(options.settings ?? {})
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.size,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    application_name: name,
    ...(settings.length > 0 && { options: settings.map(([key, value]) => `-c ${key}=${value}`).join(' ') }),
    ...(options.types && { types: options.types }),
  })
  const lost = (error: Error): void => logger.warn(name, 'database_connection_lost', { error })
  // Without a listener, the loss of a connection in use would end the process.
  pool.on('connect', (client) => client.on('error', lost))
  // The listener above also reports the loss of an idle connection.
  pool.on('error', () => undefined)
  return pool
}

/** Whether every connection stayed busy for too long, so that the statement was never sent. */
export function isPoolExhausted(error: unknown): boolean {
  return error instanceof Error && error.message === 'timeout exceeded when trying to connect'
}
