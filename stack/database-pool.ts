/** Connection pools that outlive the loss of their connections. */

import pg from 'pg'
import type { Logger } from './types.ts'

export interface PoolOptions {
  url: string
  /** Who speaks, for the log and for `pg_stat_activity`. */
  name: string
  /** Connections at most. */
  size: number
  logger: Logger
  /** Milliseconds for a new connection, and for the wait for a free one. Default 5000. */
  connectTimeoutMs?: number
  /** Settings of every session, e.g. `{ role: 'supabase_auth_admin' }`. Names and values hold no spaces. */
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
  const lost = (error: Error): void => logger.warn(name, 'a database connection was lost', { error })
  // A client in use has no other listener: without this one its loss would end the process.
  pool.on('connect', (client) => client.on('error', lost))
  // An idle one tells its own listener as well.
  pool.on('error', () => undefined)
  return pool
}

/** Every connection stayed busy for too long; the statement was never sent. */
export function isPoolExhausted(error: unknown): boolean {
  return error instanceof Error && error.message === 'timeout exceeded when trying to connect'
}
