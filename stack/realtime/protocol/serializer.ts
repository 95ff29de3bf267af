/**
 * Phoenix messages as text and binary frames.
 *
 *   1.0.0  {"topic", "event", "payload", "ref", "join_ref"}          text only; replies carry no join_ref
 *   2.0.0  [join_ref, ref, topic, event, payload]                    text
 *          kind 3 (client to server) and 4 (server to client)        binary, broadcasts with any payload
 *          kind 0 (client to server) and 2 (server to client)        binary, Phoenix's own: any event, bytes only
 */

import { BINARY_KIND, ENCODING, EVENT } from './wire.ts'

export type ProtocolVersion = 1 | 2

/** A broadcast whose payload is bytes or verbatim JSON text; `metadata` is JSON text or empty. */
export interface UserBroadcast {
  event: string
  encoding: 'json' | 'binary'
  metadata: string
  payload: Buffer
}

/** What a client sent. Nothing is checked but the envelope: every field may be any JSON value. */
export interface Inbound {
  joinRef: unknown
  ref: unknown
  topic: unknown
  event: unknown
  payload: unknown
  /** Set for binary broadcasts; `payload` is undefined then. */
  userBroadcast?: UserBroadcast
  /** Set for kind 0; `payload` is undefined then. */
  bytes?: Buffer
}

/** @returns undefined for anything that is not a message of this version: it is ignored. */
export function decodeText(version: ProtocolVersion, text: string): Inbound | undefined {
  const value = parseJson(text)
  if (version === 2) {
    if (!Array.isArray(value) || value.length < 5) return undefined
    const [joinRef, ref, topic, event, payload]: unknown[] = value
    return { joinRef, ref, topic, event, payload }
  }
  if (!isRecord(value)) return undefined
  for (const key of ['topic', 'event', 'payload', 'ref']) if (!Object.hasOwn(value, key)) return undefined
  return {
    joinRef: value.join_ref ?? null,
    ref: value.ref,
    topic: value.topic,
    event: value.event,
    payload: value.payload,
  }
}

/** @returns undefined for anything that is not a message of this version: it is ignored. */
export function decodeBinary(version: ProtocolVersion, data: Buffer): Inbound | undefined {
  if (version !== 2) return undefined
  switch (data[0]) {
    case BINARY_KIND.push:
      return decodePush(data)
    case BINARY_KIND.userBroadcastPush:
      return decodeUserBroadcast(data)
    default:
      return undefined
  }
}

/** Kind 0: `0, join_ref size, ref size, topic size, event size`, then the fields in this order, then the bytes. */
function decodePush(data: Buffer): Inbound | undefined {
  const fields = fieldsOf(data, 5, [1, 2, 3, 4])
  if (!fields) return undefined
  const [joinRef, ref, topic, event] = fields.texts
  return { joinRef, ref, topic, event, payload: undefined, bytes: fields.rest }
}

/**
 * Kind 3: `3, join_ref size, ref size, topic size, event size, metadata size, encoding`, then the fields in
 * this order, then the payload to the end.
 */
function decodeUserBroadcast(data: Buffer): Inbound | undefined {
  const fields = fieldsOf(data, 7, [1, 2, 3, 4, 5])
  if (!fields) return undefined
  const [joinRef, ref, topic, event = '', metadata = ''] = fields.texts
  if (metadata !== '' && parseJson(metadata) === undefined) return undefined
  const encoding = data[6] === ENCODING.binary ? 'binary' : 'json'
  const userBroadcast: UserBroadcast = { event, metadata, encoding, payload: fields.rest }
  return { joinRef, ref, topic, event: EVENT.broadcast, payload: undefined, userBroadcast }
}

/** @param sizesAt where the sizes of the fields stand @returns undefined when the frame is shorter than it says */
function fieldsOf(
  data: Buffer,
  head: number,
  sizesAt: readonly number[],
): { texts: string[]; rest: Buffer } | undefined {
  if (data.length < head) return undefined
  let offset = head
  const texts: string[] = []
  for (const at of sizesAt) {
    const end = offset + data.readUInt8(at)
    if (end > data.length) return undefined
    texts.push(data.toString('utf8', offset, end))
    offset = end
  }
  return { texts, rest: data.subarray(offset) }
}

/** @param payload JSON text, sent verbatim. */
export function encodeText(
  version: ProtocolVersion,
  joinRef: unknown,
  ref: unknown,
  topic: unknown,
  event: string,
  payload: string,
): string {
  if (version === 1) {
    return `{"ref":${json(ref)},"event":${json(event)},"topic":${json(topic)},"payload":${payload}}`
  }
  return `[${json(joinRef)},${json(ref)},${json(topic)},${json(event)},${payload}]`
}

/** Longest topic, event and metadata that kind 4 can carry, in bytes. */
export const BINARY_FIELD_MAX = 255

/**
 * Head of kind 4: `4, topic size, event size, metadata size, encoding`, then the fields; the payload follows.
 * @returns undefined when a field is longer than {@link BINARY_FIELD_MAX} bytes.
 */
export function userBroadcastHead(topic: string, message: UserBroadcast): Buffer | undefined {
  const topicSize = Buffer.byteLength(topic)
  const eventSize = Buffer.byteLength(message.event)
  const metadataSize = Buffer.byteLength(message.metadata)
  if (Math.max(topicSize, eventSize, metadataSize) > BINARY_FIELD_MAX) return undefined
  const head = Buffer.allocUnsafe(5 + topicSize + eventSize + metadataSize)
  head[0] = BINARY_KIND.userBroadcast
  head[1] = topicSize
  head[2] = eventSize
  head[3] = metadataSize
  head[4] = message.encoding === 'json' ? ENCODING.json : ENCODING.binary
  head.write(topic, 5)
  head.write(message.event, 5 + topicSize)
  head.write(message.metadata, 5 + topicSize + eventSize)
  return head
}

/** Head of kind 2: `2, topic size, event size`, then the fields; the bytes follow. */
export function broadcastHead(topic: string, event: string): Buffer | undefined {
  const topicSize = Buffer.byteLength(topic)
  const eventSize = Buffer.byteLength(event)
  if (Math.max(topicSize, eventSize) > BINARY_FIELD_MAX) return undefined
  const head = Buffer.allocUnsafe(3 + topicSize + eventSize)
  head[0] = BINARY_KIND.broadcast
  head[1] = topicSize
  head[2] = eventSize
  head.write(topic, 3)
  head.write(event, 3 + topicSize)
  return head
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @returns undefined when the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch {
    return undefined
  }
}

function json(value: unknown): string {
  return value === undefined ? 'null' : JSON.stringify(value)
}
