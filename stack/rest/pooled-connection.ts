/**
 * The library's PostgreSQL connection over a pool of `pg`. Its own driver ends the process when a connection is lost
 * while it writes, and never finds back.
 */

import type { IPostgresConnectionConfig, PostgresConnection } from '@supabase/lite/postgres'
import { Kysely, PostgresDialect } from 'kysely'
import type { Pool } from 'pg'
import type { LiteModules } from './lite.ts'

export type PooledConnection = new (config: IPostgresConnectionConfig, pool: Pool) => PostgresConnection

/** A class whose queries go through `pool`; the pool stays the caller's to end. */
export function pooledConnection(lite: LiteModules): PooledConnection {
  return class extends lite.PostgresConnection {
    constructor(config: IPostgresConnectionConfig, pool: Pool) {
      // Connects on its first query only, and never gets one.
      super(config)
      this.kysely = new Kysely({ dialect: new PostgresDialect({ pool }) })
    }
  }
}
