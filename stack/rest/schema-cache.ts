/**
 * What the exposed schema holds, read as the superuser: `authenticator` inherits nothing and would see no table.
 * Read once, then again whenever somebody says `notify pgrst`.
 */

import pg from 'pg'
import { createPool } from '../database-pool.ts'
import type { Logger } from '../types.ts'
import { RestFailure, schemaCacheUnavailable } from './errors.ts'
import type { Introspection, LiteModules } from './lite.ts'
import { pooledConnection } from './pooled-connection.ts'
import { type ArrayTypes, typesConfig } from './types.ts'

const CHANNEL = 'pgrst'
const CONNECT_TIMEOUT_MS = 5_000
const RECONNECT_DELAY_MS = 1_000

interface Schema {
  introspection: Introspection
  /** Settings of each role, such as `statement_timeout`, which apply to requests under it. */
  roleSettings: ReadonlyMap<string, ReadonlyMap<string, string>>
}

export interface SchemaCache {
  /** @throws RestFailure with status 503 while the database cannot be asked. */
  get(): Promise<Schema>
  /** The next {@link SchemaCache.get} reads afresh. */
  invalidate(): void
  /** As of the last reading. */
  arrayTypes(): ArrayTypes
  close(): Promise<void>
}

/** Settings that are applied; others could change what a request means. */
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
  const pool = createPool({
    url: databaseUrl,
    name: 'rest',
    size: 1,
    logger,
    types: typesConfig(() => arrayTypes),
  })
  const listener = listen(databaseUrl, logger, () => {
    current = undefined
  })

  const read = async (): Promise<Schema> => {
    await listener.ready()
    const roleSettings = await readRoleSettings(pool)
    // Needed for reading what follows.
    arrayTypes = await readArrayTypes(pool)
    const connection = new (pooledConnection(lite))({ url: databaseUrl }, pool)
    const found = await connection.introspect({ useCache: false })
    // It swallows errors and returns an empty schema, recognisable by what is missing.
    if (found.timezones === undefined) throw new Error('the introspection failed')
    return { introspection: onlySchema(found, schema), roleSettings }
  }

  return {
    async get() {
      current ??= read()
      const attempt = current
      try {
        return await attempt
      } catch (error) {
        if (current === attempt) current = undefined
        logger.warn('rest', 'the schema could not be read', { error })
        throw new RestFailure(schemaCacheUnavailable(), error)
      }
    },
    invalidate() {
      current = undefined
    },
    arrayTypes: () => arrayTypes,
    async close() {
      await Promise.all([listener.close(), pool.end()])
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
  const { rows } = await pool.query<{ oid: number; element: number }>(
    `select oid::int as oid, typelem::int as element from pg_catalog.pg_type where typcategory = 'A' and typelem <> 0`,
  )
  return new Map(rows.map((row) => [row.oid, row.element]))
}

interface Listener {
  /** Resolves once notifications arrive; tries once more if they do not. */
  ready(): Promise<void>
  close(): Promise<void>
}

/** Keeps one connection that hears `notify pgrst`; whatever it may have missed counts as a change. */
function listen(databaseUrl: string, logger: Logger, onChange: () => void): Listener {
  let connected: Promise<pg.Client> | undefined
  let closed = false
  let timer: NodeJS.Timeout | undefined

  const connect = async (): Promise<pg.Client> => {
    const client = new pg.Client({
      connectionString: databaseUrl,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      application_name: 'rest (schema changes)',
    })
    client.on('notification', () => {
      logger.debug('rest', 'the schema has changed')
      onChange()
    })
    client.on('error', (error) =>
      logger.warn('rest', 'the connection for schema changes was lost', { error }),
    )
    client.on('end', () => {
      connected = undefined
      onChange()
      if (!closed) timer = setTimeout(() => void ready().catch(() => undefined), RECONNECT_DELAY_MS)
    })
    await client.connect()
    await client.query(`listen ${CHANNEL}`)
    return client
  }

  const ready = async (): Promise<void> => {
    if (closed) throw new Error('the service has stopped')
    connected ??= connect()
    const attempt = connected
    try {
      await attempt
    } catch (error) {
      if (connected === attempt) connected = undefined
      throw error
    }
  }

  return {
    ready,
    async close() {
      closed = true
      clearTimeout(timer)
      const client = await connected?.catch(() => undefined)
      await client?.end()
    },
  }
}
