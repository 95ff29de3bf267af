/** Realtime's pool of database connections, and how its failures are told apart. */

import pg from 'pg'
import { createPool } from '../database-pool.ts'
import type { Logger } from '../types.ts'
import type { RealtimeSettings } from './settings.ts'

export interface Database {
  /** Runs `work` in a transaction that is always rolled back. */
  probe<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T>
  query<Row extends pg.QueryResultRow>(text: string, values: unknown[]): Promise<Row[]>
  stop(): Promise<void>
}

export function openDatabase(url: string, settings: RealtimeSettings, logger: Logger): Database {
  const pool = createPool({
    url,
    name: 'realtime',
    size: settings.databasePoolSize,
    logger,
    connectTimeoutMs: settings.statementTimeoutMs,
    settings: { statement_timeout: String(settings.statementTimeoutMs) },
  })
  return {
    async probe(work) {
      const client = await pool.connect()
      let broken: Error | undefined
      const onError = (error: Error) => {
        broken = error
      }
      // A connection that breaks while idle in `work` must not go back into the pool.
      client.on('error', onError)
      try {
        return await work(client)
      } finally {
        try {
          await client.query('rollback')
        } catch (error) {
          broken = error instanceof Error ? error : new Error('rollback failed', { cause: error })
        }
        client.off('error', onError)
        client.release(broken)
      }
    },
    async query<Row extends pg.QueryResultRow>(text: string, values: unknown[]): Promise<Row[]> {
      return (await pool.query<Row>(text, values)).rows
    },
    stop: () => pool.end(),
  }
}

/**
 * `unavailable`: the database is away. `canceled`: the query took too long. `query`: the database refused the query, for
 * example because a policy raised an error.
 */
export type DatabaseFailure = 'unavailable' | 'canceled' | 'query'

export function databaseFailure(error: unknown): DatabaseFailure {
  if (!(error instanceof pg.DatabaseError)) return 'unavailable'
  const code = error.code ?? ''
  if (code === '57014') return 'canceled'
  // connection exceptions, insufficient resources, operator intervention, internal errors
  if (/^(08|53|57|58|XX)/.test(code)) return 'unavailable'
  return 'query'
}
