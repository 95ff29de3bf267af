/**
 * The library's PostgreSQL connection over a pool of `pg`. The library's own driver ends the process when a connection is
 * lost during a write, and never reconnects.
 */

import type { IPostgresConnectionConfig, PostgresConnection } from '@supabase/lite/postgres'
import { Kysely, PostgresDialect } from 'kysely'
import type { Pool } from 'pg'
import type { LiteModules } from './lite.ts'

export type PooledConnection = new (config: IPostgresConnectionConfig, pool: Pool) => PostgresConnection

/** A class whose queries go through `pool`. The caller ends the pool. */
export function pooledConnection(lite: LiteModules): PooledConnection {
  return class extends lite.PostgresConnection {
    constructor(config: IPostgresConnectionConfig, pool: Pool) {
      // Its own driver would connect with the first query, and gets none.
      super(config)
      this.kysely = new Kysely({ dialect: new PostgresDialect({ pool }) })
    }
  }
}
