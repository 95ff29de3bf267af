/** The custody log of an incident, recomputed here: the database that is being verified is not asked for its own opinion. */

import { createHash } from 'node:crypto'
import type { Database } from '../../functions-shared/database.types.ts'

export type CustodyEvent = Database['public']['Tables']['custody_events']['Row']

const FORM = 'claimwire-custody-1'
export const FIRST_HASH = '0'.repeat(64)
const TIMESTAMP = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?(?:\+00:00|Z)$/

/** The canonical text of a row, see `docs/evidence.md`. @throws RangeError for a time that is not in UTC. */
function canonicalText(event: CustodyEvent): string {
  return [
    FORM,
    event.previous_hash,
    event.incident_id,
    event.number,
    event.event,
    event.document_id ?? '',
    event.report_id ?? '',
    event.sha256 ?? '',
    event.byte_size ?? '',
    event.actor,
    event.actor_id ?? '',
    event.note ?? '',
    inMicroseconds(event.occurred_at),
  ].join('\n')
}

/** `2026-11-30T09:21:13.120000Z`, as the canonical text has it, from what the REST API answers. */
function inMicroseconds(timestamp: string): string {
  const [, day, time, fraction = ''] = TIMESTAMP.exec(timestamp) ?? []
  if (day === undefined) throw new RangeError(`"${timestamp}" is not a time in UTC`)
  return `${day}T${time}.${fraction.padEnd(6, '0')}Z`
}

export function hashOf(event: CustodyEvent): string {
  return createHash('sha256').update(canonicalText(event)).digest('hex')
}

export interface ChainFinding {
  problem: 'event_missing' | 'event_not_linked' | 'event_changed'
  number: number
}

/** The first row that does not fit the rows before; null for an intact chain. @param events by number. */
export function checkChain(events: readonly CustodyEvent[]): ChainFinding | null {
  let previous = { number: 0, hash: FIRST_HASH }
  for (const event of events) {
    const { number } = event
    if (number !== previous.number + 1) return { problem: 'event_missing', number }
    if (event.previous_hash !== previous.hash) return { problem: 'event_not_linked', number }
    if (hashOf(event) !== event.hash) return { problem: 'event_changed', number }
    previous = event
  }
  return null
}
