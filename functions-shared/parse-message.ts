/**
 * The boundary where a broadcast or a row of `public.notifications` becomes a typed message.
 *
 * What is not understood is never dropped in silence: an unknown type that has a place in the sequence (written
 * by a newer server, say) still comes back with that place, so that the reader can step over it.
 */

import {
  type BatchUpdateMessage,
  type ImageMessage,
  JOB_MESSAGE_FAMILIES,
  type JobMessage,
  type JobMessageFamily,
  type PdfMessage,
  type StatusUpdateMessage,
  type TranscriptionMessage,
} from './message-types.ts'
import { isRecord } from './unknown.ts'

/** A message as it travelled, with its place in the user's sequence when it has one. */
export type ParsedMessage =
  | { kind: 'message'; message: JobMessage }
  | { kind: 'unrecognised'; seq: number | null; epoch: string | null; type: string | null }

type Fields = Record<string, unknown>

/** Unpacks a broadcast's payload: one message, or the messages of a `batch_update`, in order. */
export function parseBroadcast(payload: unknown): ParsedMessage[] {
  return isBatch(payload) ? payload.messages.map(parseMessage) : [parseMessage(payload)]
}

export function parseMessage(payload: unknown): ParsedMessage {
  if (isJobMessage(payload)) return { kind: 'message', message: payload }
  const fields: Fields = isRecord(payload) ? payload : {}
  return {
    kind: 'unrecognised',
    seq: isSeq(fields.seq) ? fields.seq : null,
    epoch: typeof fields.epoch === 'string' ? fields.epoch : null,
    type: typeof fields.type === 'string' ? fields.type : null,
  }
}

/** Checks the fields without which a listener could not work; further fields pass unchecked. */
export function isJobMessage(value: unknown): value is JobMessage {
  if (!isRecord(value) || typeof value.type !== 'string') return false
  const family = familyOf(value.type)
  return family !== null && hasCommonFields(value) && REQUIRED_FIELDS[family](value)
}

/** The family of a message type, `null` for a type that no job sends. */
export function familyOf(type: string): JobMessageFamily | null {
  return Object.hasOwn(JOB_MESSAGE_FAMILIES, type)
    ? ((JOB_MESSAGE_FAMILIES as Readonly<Record<string, JobMessageFamily>>)[type] ?? null)
    : null
}

const REQUIRED_FIELDS: Record<JobMessageFamily, (fields: Fields) => boolean> = {
  image: (fields) => hasStrings(fields, ['documentId', 'status'] satisfies (keyof ImageMessage)[]),
  pdf: (fields) => hasStrings(fields, ['reportId', 'status'] satisfies (keyof PdfMessage)[]),
  transcription: (fields) =>
    hasStrings(fields, ['transcriptionId', 'status'] satisfies (keyof TranscriptionMessage)[]),
  status: (fields) =>
    hasStrings(fields, ['updateType', 'resource', 'status'] satisfies (keyof StatusUpdateMessage)[]),
}

function hasCommonFields(fields: Fields): boolean {
  const { seq, epoch } = fields
  const volatile = seq === undefined && epoch === undefined
  return hasStrings(fields, ['jobId', 'timestamp']) && (volatile || (isSeq(seq) && typeof epoch === 'string'))
}

function isBatch(value: unknown): value is Omit<BatchUpdateMessage, 'messages'> & { messages: unknown[] } {
  return isRecord(value) && value.type === 'batch_update' && Array.isArray(value.messages)
}

function isSeq(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0
}

function hasStrings(fields: Fields, names: readonly string[]): boolean {
  return names.every((name) => typeof fields[name] === 'string')
}
