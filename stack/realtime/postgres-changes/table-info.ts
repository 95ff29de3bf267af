/** Facts about a table from the catalog: key, row level security, types, and columns that a role may read. */

import type { Pgoutput } from 'pg-logical-replication'
import type { Database } from '../database.ts'
import { kindOf, type TypeRow, type ValueKind } from './values.ts'

export interface ColumnInfo {
  name: string
  /** As in `pg_type`, e.g. `int8`. */
  typeName: string
  /** As in SQL, with its length. */
  sqlType: string
  kind: ValueKind
}

export interface TableInfo {
  oid: number
  schema: string
  name: string
  rowSecurity: boolean
  primaryKey: ReadonlySet<string>
  columns: ReadonlyMap<string, ColumnInfo>
}

interface ColumnRow {
  name: string
  type: number
  sql_type: string
  is_key: boolean
}

const COLUMNS = `
  select a.attname as name, a.atttypid::integer as type, format_type(a.atttypid, a.atttypmod) as sql_type,
    coalesce(a.attnum = any (i.indkey), false) as is_key
  from pg_catalog.pg_attribute a
  left join pg_catalog.pg_index i on i.indrelid = a.attrelid and i.indisprimary
  where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped
  order by a.attnum`

const TYPES = `
  select t.oid::integer, t.typname, t.typtype, t.typcategory, t.typelem::integer, t.typbasetype::integer, t.typdelim,
    exists (
      select from pg_catalog.pg_cast c where c.castsource = t.oid and c.casttarget = 'json'::regtype and c.castfunc <> 0
    ) as json_cast
  from pg_catalog.pg_type t`

export class Catalog {
  readonly #database: Database
  #types: Map<number, TypeRow> | undefined
  readonly #tables = new Map<number, Promise<TableInfo>>()
  readonly #readable = new Map<string, Promise<ReadonlySet<string>>>()

  constructor(database: Database) {
    this.#database = database
  }

  /** Called when the stream describes a table again: its definition or privileges may have changed. */
  forget(oid: number): void {
    this.#tables.delete(oid)
    for (const key of this.#readable.keys()) if (key.startsWith(`${oid} `)) this.#readable.delete(key)
  }

  /** @param xids transactions of the changes: the definition is read after they have become visible */
  table(relation: Pgoutput.MessageRelation, xids: number[]): Promise<TableInfo> {
    return remembered(this.#tables, relation.relationOid, async () => {
      await this.#database.query('select realtime.await_visibility($1::bigint[])', [xids])
      return this.#readTable(relation)
    })
  }

  /** Names of the columns that a role may select. */
  readable(table: TableInfo, role: string): Promise<ReadonlySet<string>> {
    return remembered(this.#readable, `${table.oid} ${role}`, async () => {
      const rows = await this.#database.query<{ name: string }>(
        `select a.attname as name from pg_catalog.pg_attribute a, pg_catalog.pg_roles r
         where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped and r.rolname = $2
           and has_column_privilege(r.oid, a.attrelid, a.attnum, 'select')`,
        [table.oid, role],
      )
      return new Set(rows.map((row) => row.name))
    })
  }

  async #readTable(relation: Pgoutput.MessageRelation): Promise<TableInfo> {
    const oid = relation.relationOid
    const [rows, [table]] = await Promise.all([
      this.#database.query<ColumnRow>(COLUMNS, [oid]),
      this.#database.query<{ security: boolean }>(
        'select relrowsecurity as security from pg_catalog.pg_class where oid = $1',
        [oid],
      ),
    ])
    const types = await this.#typesFor(rows.map((row) => row.type))
    const columns = new Map<string, ColumnInfo>()
    for (const { name, type, sql_type } of rows) {
      const typeName = types.get(type)?.typname ?? sql_type
      columns.set(name, { name, typeName, sqlType: sql_type, kind: kindOf(type, types) })
    }
    return {
      oid,
      schema: relation.schema,
      name: relation.name,
      rowSecurity: table?.security ?? false,
      primaryKey: new Set(rows.filter((row) => row.is_key).map((row) => row.name)),
      columns,
    }
  }

  async #typesFor(oids: number[]): Promise<ReadonlyMap<number, TypeRow>> {
    if (!this.#types || oids.some((oid) => !this.#types?.has(oid))) {
      const rows = await this.#database.query<TypeRow>(TYPES, [])
      this.#types = new Map(rows.map((row) => [row.oid, row]))
    }
    return this.#types
  }
}

/** Reads a value once per key. A failed read is tried again by the next caller. */
function remembered<Key, Value>(
  known: Map<Key, Promise<Value>>,
  key: Key,
  read: () => Promise<Value>,
): Promise<Value> {
  const before = known.get(key)
  if (before) return before
  const value = read()
  known.set(key, value)
  value.catch(() => known.delete(key))
  return value
}
