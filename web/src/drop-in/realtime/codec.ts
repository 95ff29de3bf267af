/**
 * Encodes and decodes messages of Phoenix's protocol 2.0.0 as Realtime uses it (docs/protocol.md):
 *
 *   text      [join_ref, ref, topic, event, payload]
 *   kind 4    4, sizes of topic, event and metadata, encoding; these fields; the payload of a broadcast
 *
 * Clients send text alone: they do not broadcast over the socket (docs/adr/0004-limits-in-the-database.md).
 */

import { BINARY_KIND, ENCODING, EVENT } from '../../../../functions-shared/realtime-protocol.ts'
import { isRecord } from '../../../../functions-shared/unknown.ts'

export const PROTOCOL_VERSION = '2.0.0'

export interface Message {
  /** The join that the message belongs to; null for a message to all subscribers of the topic. */
  joinRef: string | null
  /** The message that a reply answers. */
  ref: string | null
  topic: string
  event: string
  payload: Readonly<Record<string, unknown>>
}

/** Bytes before the fields of kind 4. */
const HEAD = 5

export function encode({ joinRef, ref, topic, event, payload }: Message): string {
  return JSON.stringify([joinRef, ref, topic, event, payload])
}

/** @param frame data of a WebSocket message. @returns null for a malformed frame. */
export function decode(frame: unknown): Message | null {
  try {
    if (typeof frame === 'string') return fromText(JSON.parse(frame))
    return frame instanceof ArrayBuffer ? fromBinary(new Uint8Array(frame)) : null
  } catch (cause) {
    // Malformed JSON.
    if (cause instanceof SyntaxError) return null
    throw cause
  }
}

function fromText(value: unknown): Message | null {
  if (!Array.isArray(value)) return null
  const [joinRef, ref, topic, event, payload]: unknown[] = value
  if (typeof topic !== 'string' || typeof event !== 'string' || !isRecord(payload)) return null
  return { joinRef: refOf(joinRef), ref: refOf(ref), topic, event, payload }
}

function refOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function fromBinary(bytes: Uint8Array<ArrayBuffer>): Message | null {
  const [kind, topicSize = 0, eventSize = 0, metadataSize = 0, encoding] = bytes
  const topicEnd = HEAD + topicSize
  const eventEnd = topicEnd + eventSize
  const payloadAt = eventEnd + metadataSize
  if (kind !== BINARY_KIND.userBroadcast || payloadAt > bytes.length) return null
  const text = (from: number, to?: number): string => new TextDecoder().decode(bytes.subarray(from, to))
  const payload: unknown =
    encoding === ENCODING.json ? JSON.parse(text(payloadAt)) : bytes.slice(payloadAt).buffer
  return {
    joinRef: null,
    ref: null,
    topic: text(HEAD, topicEnd),
    event: EVENT.broadcast,
    payload: { event: text(topicEnd, eventEnd), payload },
  }
}
