/** Values that only PostgreSQL can convert to JSON (see `values.ts`), converted in one query per column of a batch. */

import type { Database } from '../database.ts'
import type { Change } from './change.ts'
import type { TableInfo } from './table-info.ts'
import { toJson } from './values.ts'

/** @returns JSON text of a column's value */
export type ToJson = (column: string, text: string | null) => string

/** @throws when the database is away or no longer knows a type */
export async function converterFor(
  database: Database,
  table: TableInfo,
  changes: readonly Change[],
): Promise<ToJson> {
  const converted = new Map<string, ReadonlyMap<string, string>>()
  for (const { name, kind, sqlType } of table.columns.values()) {
    if (kind.kind === 'database') converted.set(name, await ask(database, sqlType, textsOf(changes, name)))
  }
  return (column, text) => {
    const json = text === null ? undefined : converted.get(column)?.get(text)
    return json ?? toJson(text, table.columns.get(column)?.kind ?? { kind: 'text' })
  }
}

function textsOf(changes: readonly Change[], column: string): Set<string> {
  const texts = new Set<string>()
  for (const { row, old } of changes) {
    for (const value of [row[column], old[column]]) if (typeof value === 'string') texts.add(value)
  }
  return texts
}

async function ask(
  database: Database,
  sqlType: string,
  texts: ReadonlySet<string>,
): Promise<ReadonlyMap<string, string>> {
  if (texts.size === 0) return new Map()
  const rows = await database.query<{ text: string; json: string }>(
    `select v.text, to_jsonb(v.text::${sqlType})::text as json from unnest($1::text[]) as v (text)`,
    [[...texts]],
  )
  return new Map(rows.map(({ text, json }) => [text, json]))
}
