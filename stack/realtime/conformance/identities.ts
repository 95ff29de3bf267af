/**
 * Sets identity columns to their values at the time of the recording, so that rows that the database numbers get the same
 * numbers again.
 */

import { isRecord } from '../../../functions-shared/unknown.ts'
import { parseJson } from '../protocol/serializer.ts'
import type { Recording } from './recording.ts'
import { actionOf } from './scenes.ts'
import type { Target } from './target.ts'

export async function alignIdentities(recording: Recording, target: Target): Promise<void> {
  for (const [table, id] of firstIds(recording)) {
    await target.sql?.(
      'postgres',
      `select setval(pg_get_serial_sequence($1, 'id'), $2::bigint, false) where pg_get_serial_sequence($1, 'id') is not null`,
      [table, id],
    )
  }
}

/** The first number that each table gave to a row; numbers that the recording sent are left out. */
function firstIds(recording: Recording): Map<string, number> {
  const actions = JSON.stringify(recording.steps.map(actionOf))
  const first = new Map<string, number>()
  for (const step of recording.steps) {
    if (step.dir !== 'recv' || step.frame.kind !== 'text') continue
    const change = insertOf(parseJson(step.frame.text))
    if (!change) continue
    const { schema, table, id } = change
    const name = `${schema}.${table}`
    const wasGiven = new RegExp(`[^\\d"]${id}\\b`).test(actions)
    if (!wasGiven) first.set(name, Math.min(id, first.get(name) ?? id))
  }
  return first
}

function insertOf(message: unknown): { schema: string; table: string; id: number } | undefined {
  const payload = Array.isArray(message) ? message[4] : isRecord(message) ? message.payload : undefined
  if (!isRecord(payload)) return undefined
  const data = isRecord(payload.data) ? payload.data : payload
  const { type, schema, table, record } = data
  if (type !== 'INSERT' || typeof schema !== 'string' || typeof table !== 'string') return undefined
  if (!isRecord(record) || !Number.isInteger(record.id)) return undefined
  return { schema, table, id: Number(record.id) }
}
