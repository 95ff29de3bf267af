/**
 * Subscriptions in groups: same table, same filters, same columns, same claims. Filters and row level security are
 * decided once for each group, however many channels it has.
 */

import type { Claims } from '../tokens.ts'
import type { BindingParams } from './params.ts'

/** Receives changes. */
export interface ChangeListener {
  /** @param ids of the bindings that matched, as in the reply to the join */
  postgresChange(change: OutgoingChange, ids: number[]): void
  /** The stream flows again after it was lost. Changes committed in between were not seen. */
  streamResumed(): void
}

/** A change as one group of listeners sees it; encoded once for each topic and version. */
export interface OutgoingChange {
  type: string
  /** JSON text. */
  data: string
  frames: Map<string, Buffer>
}

export interface Group {
  params: BindingParams
  filterKey: string
  selectKey: string
  claims: Claims
  claimsKey: string
  /** Ids of each listener's bindings; a channel may have the same binding twice. */
  members: Map<ChangeListener, number[]>
}

export interface Binding {
  /** As in the reply to the join. */
  id: number
  params: BindingParams
}

export class SubscriptionRegistry {
  /** By schema and table, where either may be `*`. */
  readonly #tables = new Map<string, Map<string, Group>>()
  readonly #joined = new Map<ChangeListener, { tableKey: string; groupKey: string }[]>()

  get size(): number {
    return this.#joined.size
  }

  get listeners(): Iterable<ChangeListener> {
    return this.#joined.keys()
  }

  add(listener: ChangeListener, bindings: Binding[], claims: Claims): void {
    const claimsKey = JSON.stringify(claims)
    const joined = this.#joined.get(listener) ?? []
    this.#joined.set(listener, joined)
    for (const { id, params } of bindings) {
      const tableKey = keyOf(params.schema, params.table)
      const filterKey = JSON.stringify(params.filters)
      const selectKey = JSON.stringify(params.select ?? null)
      const groupKey = [params.action, filterKey, selectKey, claimsKey].join('\n')
      const groups = this.#tables.get(tableKey) ?? new Map<string, Group>()
      this.#tables.set(tableKey, groups)
      const group = groups.get(groupKey) ?? {
        params,
        filterKey,
        selectKey,
        claims,
        claimsKey,
        members: new Map<ChangeListener, number[]>(),
      }
      groups.set(groupKey, group)
      const ids = group.members.get(listener)
      if (ids) ids.push(id)
      else group.members.set(listener, [id])
      joined.push({ tableKey, groupKey })
    }
  }

  remove(listener: ChangeListener): void {
    for (const { tableKey, groupKey } of this.#joined.get(listener) ?? []) {
      const groups = this.#tables.get(tableKey)
      const group = groups?.get(groupKey)
      group?.members.delete(listener)
      if (groups && group?.members.size === 0) groups.delete(groupKey)
      if (groups?.size === 0) this.#tables.delete(tableKey)
    }
    this.#joined.delete(listener)
  }

  /** Groups that listen to a table, by its name or by a wildcard. */
  groupsFor(schema: string, table: string): Group[] {
    const groups: Group[] = []
    for (const key of [keyOf(schema, table), keyOf(schema, '*'), keyOf('*', table), keyOf('*', '*')]) {
      for (const group of this.#tables.get(key)?.values() ?? []) groups.push(group)
    }
    return groups
  }

  concerns(schema: string, table: string): boolean {
    if (this.#tables.size === 0) return false
    return (
      this.#tables.has(keyOf(schema, table)) ||
      this.#tables.has(keyOf(schema, '*')) ||
      this.#tables.has(keyOf('*', table)) ||
      this.#tables.has(keyOf('*', '*'))
    )
  }
}

/** NUL cannot occur in a name. */
function keyOf(schema: string, table: string): string {
  return `${schema}\0${table}`
}
