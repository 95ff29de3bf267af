/** Access to the tables of Auth, always as `supabase_auth_admin`. */

import type pg from 'pg'
import { createPool } from '../database-pool.ts'
import type { Logger } from '../types.ts'

/** Runs statements: the pool for a single statement, a transaction's client for several. */
export type Queryable = Pick<pg.ClientBase, 'query'>

export interface AuthDatabase {
  /** Commits when `work` returns, rolls back when it throws. */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>
  readonly pool: Queryable
  close(): Promise<void>
}

const POOL_SIZE = 6

export function openAuthDatabase(url: string, logger: Logger): AuthDatabase {
  const pool = createPool({
    url,
    name: 'auth',
    size: POOL_SIZE,
    logger,
    settings: {
      // Triggers on auth.users run with this role's rights, as on hosted Supabase.
      role: 'supabase_auth_admin',
      search_path: 'auth',
      statement_timeout: '10s',
    },
  })
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
