/** The service's own pool of connections and what its failures mean for a client. */

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
      // The pool's own listener does not know what it was used for.
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

export type DatabaseFailure = 'unavailable' | 'canceled' | 'query'

/** Whether the database is away, gave up on the query, or refused it (a policy that raises, for one). */
export function databaseFailure(error: unknown): DatabaseFailure {
  if (!(error instanceof pg.DatabaseError)) return 'unavailable'
  const code = error.code ?? ''
  if (code === '57014') return 'canceled'
  // connection exceptions, insufficient resources, operator intervention, internal errors
  if (/^(08|53|57|58|XX)/.test(code)) return 'unavailable'
  return 'query'
}
