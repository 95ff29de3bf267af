/**
 * Who is on a topic: a state once, then what changes. Changes that come before the state belong to it; an update is a
 * join and a leave in one. Each entry has a reference of its own, whoever it is of.
 *
 *   {"<key>": {"metas": [{"phx_ref": "F1", "userId": "…"}]}}
 */

import { isRecord } from '../../../../functions-shared/unknown.ts'
import { distinctUserIds } from '../../client/channel-messages.ts'

export class Presence {
  /** By reference. */
  readonly #metas = new Map<unknown, unknown>()
  #early: Readonly<Record<string, unknown>>[] | null = []

  /** @returns the users who are there, sorted. */
  replace(state: unknown): string[] {
    this.#metas.clear()
    this.#add(state)
    for (const diff of this.#early ?? []) this.#apply(diff)
    this.#early = null
    return this.#userIds()
  }

  /** @returns null as long as there is no state. */
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
