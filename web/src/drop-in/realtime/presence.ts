/**
 * Presence of a topic: one state, then changes. Changes that arrive before the state are applied after it. An update is a join
 * and a leave in one change. Each entry has a `phx_ref` of its own.
 *
 *   {"<key>": {"metas": [{"phx_ref": "F1", "userId": "…"}]}}
 */

import { isRecord } from '../../../../functions-shared/unknown.ts'
import { distinctUserIds } from '../../client/channel-messages.ts'

export class Presence {
  /** By reference. */
  readonly #metas = new Map<unknown, unknown>()
  #early: Readonly<Record<string, unknown>>[] | null = []

  /** @returns sorted ids of the present users. */
  replace(state: unknown): string[] {
    this.#metas.clear()
    this.#add(state)
    for (const diff of this.#early ?? []) this.#apply(diff)
    this.#early = null
    return this.#userIds()
  }

  /** @returns null before the state has arrived. */
  change(diff: Readonly<Record<string, unknown>>): string[] | null {
    if (this.#early !== null) {
      this.#early.push(diff)
      return null
    }
    this.#apply(diff)
    return this.#userIds()
  }

  #apply({ joins, leaves }: Readonly<Record<string, unknown>>): void {
    this.#add(joins)
    for (const { phx_ref } of metasOf(leaves)) this.#metas.delete(phx_ref)
  }

  #add(presences: unknown): void {
    for (const meta of metasOf(presences)) this.#metas.set(meta.phx_ref, meta)
  }

  #userIds(): string[] {
    return distinctUserIds([...this.#metas.values()])
  }
}

function metasOf(presences: unknown): Record<string, unknown>[] {
  const entries = isRecord(presences) ? Object.values(presences) : []
  return entries.flatMap((entry) =>
    isRecord(entry) && Array.isArray(entry.metas) ? entry.metas.filter(isRecord) : [],
  )
}
