/**
 * The boundary where a broadcast or a row of `public.notifications` becomes a typed message.
 *
 * A message of an unknown type is not dropped in silence. Where it has a place in the sequence (a newer server wrote
 * it), the place comes back, so that the reader can step over it.
 *
 * The checks are a table of required fields instead of the definitions' schemas: see `docs/adr/0007-own-code.md`.
 */

import {
  type DurableMessage,
  INCIDENT_MESSAGE_FIELDS,
  type IncidentMessage,
  JOB_MESSAGE_FAMILIES,
  type JobMessage,
  type JobMessageFamily,
  REQUIRED_FIELDS,
  type UserMessage,
} from './message-types.ts'
import { isRecord } from './unknown.ts'

/** A message as it travelled, with its place in the user's sequence when it has one. */
export type ParsedMessage =
  | { kind: 'message'; message: UserMessage }
  | { kind: 'unrecognised'; seq: number | null; epoch: string | null; type: string | null }

type Fields = Record<string, unknown>

/** Fields of type string that every message about a job has. */
const COMMON_FIELDS = ['jobId', 'timestamp', 'status']

/** Unpacks a broadcast's payload: one message, or the messages of a `batch_update`, in order. */
export function parseBroadcast(payload: unknown): ParsedMessage[] {
  return isRecord(payload) && payload.type === 'batch_update' && Array.isArray(payload.messages)
    ? payload.messages.map(parseMessage)
    : [parseMessage(payload)]
}

export function parseMessage(payload: unknown): ParsedMessage {
  if (isJobMessage(payload) || isIncidentMessage(payload)) return { kind: 'message', message: payload }
  const fields: Fields = isRecord(payload) ? payload : {}
  return {
    kind: 'unrecognised',
    seq: isSeq(fields.seq) ? fields.seq : null,
    epoch: typeof fields.epoch === 'string' ? fields.epoch : null,
    type: typeof fields.type === 'string' ? fields.type : null,
  }
}

/** Checks the fields without which a listener cannot work. Other fields pass unchecked. */
export function isJobMessage(value: unknown): value is JobMessage {
  if (!isRecord(value) || typeof value.type !== 'string') return false
  const family = familyOf(value.type)
  return (
    family !== null &&
    [...COMMON_FIELDS, ...REQUIRED_FIELDS[family]].every((name) => typeof value[name] === 'string') &&
    hasPlaceOrNone(value)
  )
}

/** Checks the fields without which a listener cannot work. Other fields pass unchecked. */
export function isIncidentMessage(value: unknown): value is IncidentMessage {
  if (!isRecord(value) || typeof value.type !== 'string') return false
  const required = Object.hasOwn(INCIDENT_MESSAGE_FIELDS, value.type)
    ? (INCIDENT_MESSAGE_FIELDS as Readonly<Record<string, readonly string[]>>)[value.type]
    : undefined
  return required?.every((name) => typeof value[name] === 'string') === true && hasPlaceOrNone(value)
}

/** Whether a message is about a job, and not about an incident alone. */
export function isAboutJob(message: UserMessage): message is JobMessage {
  return Object.hasOwn(JOB_MESSAGE_FAMILIES, message.type)
}

/** The kind of job that a message type belongs to, `null` for a type that no job sends. */
export function familyOf(type: string): JobMessageFamily | null {
  return Object.hasOwn(JOB_MESSAGE_FAMILIES, type)
    ? ((JOB_MESSAGE_FAMILIES as Readonly<Record<string, JobMessageFamily>>)[type] ?? null)
    : null
}

export function isDurable(message: UserMessage): message is DurableMessage {
  return message.seq !== undefined && message.epoch !== undefined
}

/** `seq` and `epoch` are both there, or neither is. */
function hasPlaceOrNone({ seq, epoch }: Fields): boolean {
  return seq === undefined && epoch === undefined ? true : isSeq(seq) && typeof epoch === 'string'
}

function isSeq(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0
}
