/** The auth server's access to its tables, always as `supabase_auth_admin`. */

import pg from 'pg'
import type { Logger } from '../types.ts'

/** Runs statements: the pool for single ones, a transaction's client for several. */
export type Queryable = Pick<pg.ClientBase, 'query'>

export interface AuthDatabase {
  /** One connection for the whole of `work`; commits when it returns, rolls back when it throws. */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>
  readonly pool: Queryable
  close(): Promise<void>
}

const POOL_SIZE = 6
const CONNECT_TIMEOUT_MS = 5_000
const STATEMENT_TIMEOUT_MS = 10_000

export function openAuthDatabase(url: string, logger: Logger): AuthDatabase {
  const pool = new pg.Pool({
    connectionString: url,
    max: POOL_SIZE,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: 30_000,
    application_name: 'auth',
    // Triggers of the application on auth.users run as they do on hosted Supabase: with few rights.
    options: `-c role=supabase_auth_admin -c search_path=auth -c statement_timeout=${STATEMENT_TIMEOUT_MS}`,
  })
  pool.on('error', (error) => logger.warn('auth', 'an idle database connection was lost', { error }))
  return {
    pool,
    async transaction(work) {
      const client = await pool.connect()
      let broken: Error | undefined
      try {
        await client.query('begin')
        const result = await work(client)
        await client.query('commit')
        return result
      } catch (error) {
        try {
          await client.query('rollback')
        } catch (rollbackError) {
          broken = rollbackError instanceof Error ? rollbackError : new Error('rollback failed')
        }
        throw error
      } finally {
        client.release(broken)
      }
    },
    close: () => pool.end(),
  }
}
