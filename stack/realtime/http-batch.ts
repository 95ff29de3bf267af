/** The body of a batch broadcast, checked field by field; the errors are those of the real server. */

import { isRecord } from './protocol/serializer.ts'

export interface BatchMessage {
  topic: string
  event: string
  payload: Record<string, unknown>
  private: boolean
  id: string | undefined
}

type FieldErrors = Record<string, string[]>

export type ParsedBatch =
  | { ok: true; messages: BatchMessage[] }
  | { ok: false; errors: (string | FieldErrors)[] }

const BLANK = "can't be blank"
const INVALID = 'is invalid'
const TOO_LARGE = 'Payload size exceeds tenant limit'

/** @param maxPayloadBytes of one message's payload as JSON */
export function parseBatch(body: Record<string, unknown>, maxPayloadBytes: number): ParsedBatch {
  const { messages } = body
  if (messages === undefined || messages === null) return { ok: false, errors: [BLANK] }
  if (!Array.isArray(messages) || !messages.every(isRecord)) return { ok: false, errors: [INVALID] }
  if (messages.length === 0) return { ok: false, errors: [BLANK] }
  const parsed = messages.map((message) => parseMessage(message, maxPayloadBytes))
  if (parsed.some(({ errors }) => Object.keys(errors).length > 0)) {
    return { ok: false, errors: parsed.map(({ errors }) => errors) }
  }
  return { ok: true, messages: parsed.map(({ message }) => message) }
}

function parseMessage(
  fields: Record<string, unknown>,
  maxPayloadBytes: number,
): { message: BatchMessage; errors: FieldErrors } {
  const errors: FieldErrors = {}
  const text = (name: string): string => {
    const value = fields[name]
    if (value === undefined || value === null) errors[name] = [BLANK]
    else if (typeof value !== 'string') errors[name] = [INVALID]
    else if (value.trim() === '') errors[name] = [BLANK]
    else return value
    return ''
  }
  const topic = text('topic')
  const event = text('event')
  let payload: Record<string, unknown> = {}
  if (fields.payload === undefined || fields.payload === null) errors.payload = [BLANK]
  else if (!isRecord(fields.payload)) errors.payload = [INVALID]
  else payload = fields.payload
  if (Buffer.byteLength(JSON.stringify(payload)) > maxPayloadBytes) errors.payload = [TOO_LARGE]
  const isPrivate = flag(fields.private)
  if (isPrivate === undefined) errors.private = [INVALID]
  const id = typeof fields.id === 'string' && fields.id !== '' ? fields.id : undefined
  return { message: { topic, event, payload, private: isPrivate === true, id }, errors }
}

/** @returns undefined for anything that is no boolean */
function flag(value: unknown): boolean | undefined {
  if (value === undefined || value === null || value === '') return false
  if (value === true || value === 'true' || value === '1') return true
  if (value === false || value === 'false' || value === '0') return false
  return undefined
}
