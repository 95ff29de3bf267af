/**
 * The exposed schema, read as the superuser: `authenticator` inherits no rights and would see no table. The schema is
 * kept until a `notify pgrst`, or until the connection that listens for it is lost.
 */

import type pg from 'pg'
import { DatabaseListener } from '../database-listener.ts'
import { createPool } from '../database-pool.ts'
import type { Logger } from '../types.ts'
import { RestFailure, schemaCacheUnavailable } from './errors.ts'
import type { Introspection, LiteModules } from './lite.ts'
import { pooledConnection } from './pooled-connection.ts'
import { type ArrayTypes, typesConfig } from './types.ts'

interface Schema {
  introspection: Introspection
  /** Settings by role, such as `statement_timeout`, that apply to requests of that role. */
  roleSettings: ReadonlyMap<string, ReadonlyMap<string, string>>
}

export interface SchemaCache {
  /** @throws RestFailure with status 503 while the database is away */
  get(): Promise<Schema>
  /** Makes the next {@link SchemaCache.get} read the schema. */
  invalidate(): void
  /** As of the last reading. */
  arrayTypes(): ArrayTypes
  close(): Promise<void>
}

/** Settings of roles that are applied. Other settings could change the meaning of a request. */
const ROLE_SETTINGS: readonly string[] = [
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
]

export function createSchemaCache(options: {
  lite: LiteModules
  databaseUrl: string
  schema: string
  logger: Logger
}): SchemaCache {
  const { lite, databaseUrl, schema, logger } = options
  let current: Promise<Schema> | undefined
  let arrayTypes: ArrayTypes = new Map()
  const invalidate = (): void => {
    current = undefined
  }
  const pool = createPool({
    url: databaseUrl,
    name: 'rest',
    size: 1,
    logger,
    types: typesConfig(() => arrayTypes),
  })
  const listener = new DatabaseListener({
    databaseUrl,
    channel: 'pgrst',
    name: 'rest (schema changes)',
    logger,
    onConnected: invalidate,
    onNotification: invalidate,
  })

  const read = async (): Promise<Schema> => {
    const roleSettings = await readRoleSettings(pool)
    // The queries below need the types of arrays.
    arrayTypes = await readArrayTypes(pool)
    const connection = new (pooledConnection(lite))({ url: databaseUrl }, pool)
    const found = await connection.introspect({ useCache: false })
    // The library returns a schema without time zones instead of an error.
    if (found.timezones === undefined) throw new Error('the introspection failed')
    return { introspection: onlySchema(found, schema), roleSettings }
  }

  return {
    async get() {
      current ??= read()
      const attempt = current
      // Without the listener, a change could pass unnoticed.
      let keep = listener.listening
      try {
        return await attempt
      } catch (error) {
        keep = false
        logger.warn('rest', 'schema_not_read', { error })
        throw new RestFailure(schemaCacheUnavailable(), error)
      } finally {
        if (!keep && current === attempt) current = undefined
      }
    },
    invalidate,
    arrayTypes: () => arrayTypes,
    async close() {
      await Promise.all([listener.stop(), pool.end()])
    },
  }
}

function onlySchema(found: Introspection, schema: string): Introspection {
  const exposed = <Item extends { schema?: string | undefined }>(items: Item[]): Item[] =>
    items.filter((item) => item.schema === schema)
  return {
    ...found,
    tables: exposed(found.tables),
    columns: exposed(found.columns),
    views: exposed(found.views),
    ...(found.functions && { functions: exposed(found.functions) }),
  }
}

async function readRoleSettings(pool: pg.Pool): Promise<Schema['roleSettings']> {
  const { rows } = await pool.query<{ role: string; name: string; value: string }>(
    `select r.rolname as role, split_part(s.setting, '=', 1) as name,
            substr(s.setting, strpos(s.setting, '=') + 1) as value
       from pg_catalog.pg_db_role_setting d
       join pg_catalog.pg_roles r on r.oid = d.setrole
      cross join lateral unnest(d.setconfig) as s (setting)
      where d.setdatabase in (0, (select oid from pg_catalog.pg_database where datname = current_database()))
        and r.rolname in ('anon', 'authenticated', 'service_role')
      order by d.setdatabase`,
  )
  const settings = new Map<string, Map<string, string>>()
  for (const { role, name, value } of rows) {
    if (!ROLE_SETTINGS.includes(name)) continue
    settings.set(role, (settings.get(role) ?? new Map<string, string>()).set(name, value))
  }
  return settings
}

async function readArrayTypes(pool: pg.Pool): Promise<ArrayTypes> {
  const { rows } = await pool.query<{ oid: number; element: number; delimiter: string }>(
    `select a.oid::int as oid, e.oid::int as element, e.typdelim as delimiter
       from pg_catalog.pg_type a join pg_catalog.pg_type e on e.oid = a.typelem where a.typcategory = 'A'`,
  )
  return new Map(rows.map(({ oid, element, delimiter }) => [oid, { element, delimiter }]))
}
