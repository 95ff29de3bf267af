/** Row level security: which subscribers may see which changed rows, in one query for a batch. */

import type { Database } from '../database.ts'
import { databaseFailure } from '../database.ts'
import type { Claims } from '../tokens.ts'
import { type Change, xidsOf } from './change.ts'
import type { TableInfo } from './table-info.ts'

const VISIBLE = `
  select subscriber, item, failure from realtime.visible_rows($1::oid::regclass, $2::text[], $3::text[], $4::jsonb, $5::jsonb, $6::bigint[])`

interface Visible {
  /** Positions, from 1. */
  subscriber: number
  item: number | null
  failure: string | null
}

/**
 * @param subscribers distinct claims by key
 * @param onFailure called for policies that raise an error
 * @returns the visible changes by the same keys
 * @throws when the database is away
 */
export async function visibleChanges(
  database: Database,
  table: TableInfo,
  changes: readonly Change[],
  subscribers: ReadonlyMap<string, Claims>,
  onFailure: (message: string) => void,
): Promise<Map<string, Set<Change>>> {
  const rows = changes.filter((change) => change.action !== 'DELETE')
  const keys = [...subscribers.keys()]
  const visible = new Map(keys.map((key) => [key, new Set<Change>()]))
  if (rows.length === 0 || keys.length === 0 || table.primaryKey.size === 0) return visible
  const names = [...table.primaryKey]
  const ask = (asked: string[]) =>
    database.query<Visible>(VISIBLE, [
      table.oid,
      names,
      names.map((name) => table.columns.get(name)?.sqlType ?? 'text'),
      JSON.stringify(rows.map((change) => names.map((name) => change.row[name] ?? null))),
      JSON.stringify(
        asked.map((key) => ({
          role: subscribers.get(key)?.role,
          claims: JSON.stringify(subscribers.get(key)),
        })),
      ),
      xidsOf(rows),
    ])
  const note = (asked: string[], found: Visible[]) => {
    for (const { subscriber, item, failure } of found) {
      if (failure !== null) onFailure(failure)
      const change = item === null ? undefined : rows[item - 1]
      const key = asked[subscriber - 1]
      if (change && key !== undefined) visible.get(key)?.add(change)
    }
  }
  try {
    note(keys, await ask(keys))
  } catch (error) {
    if (databaseFailure(error) === 'unavailable' || keys.length === 1) throw error
    // One subscriber's policy takes too long. Each subscriber is checked alone, and only that one sees nothing.
    for (const key of keys) {
      const found = await ask([key]).catch((failure: unknown) => {
        if (databaseFailure(failure) === 'unavailable') throw failure
        onFailure('a policy takes too long')
        return []
      })
      note([key], found)
    }
  }
  return visible
}
