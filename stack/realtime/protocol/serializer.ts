/**
 * Phoenix messages as text and binary frames.
 *
 *   1.0.0  {"topic", "event", "payload", "ref", "join_ref"}          text only; replies carry no join_ref
 *   2.0.0  [join_ref, ref, topic, event, payload]                    text
 *          kind 3 (client to server) and 4 (server to client)        binary, broadcasts with any payload
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
}

/** @returns undefined for anything that is not a message of this version: it is ignored. */
export function decodeText(version: ProtocolVersion, text: string): Inbound | undefined {
  const value = parseJson(text)
  if (version === 2) {
    if (!Array.isArray(value) || value.length !== 5) return undefined
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

/**
 * Kind 3: `3, join_ref size, ref size, topic size, event size, metadata size, encoding`, then the fields in
 * this order, then the payload to the end.
 */
export function decodeBinary(version: ProtocolVersion, data: Buffer): Inbound | undefined {
  if (version !== 2 || data.length < 7 || data[0] !== BINARY_KIND.userBroadcastPush) return undefined
  const encoding = data[6]
  if (encoding !== ENCODING.json && encoding !== ENCODING.binary) return undefined
  let offset = 7
  const field = (size: number): string | undefined => {
    const end = offset + size
    if (end > data.length) return undefined
    const text = data.toString('utf8', offset, end)
    offset = end
    return text
  }
  const joinRef = field(data.readUInt8(1))
  const ref = field(data.readUInt8(2))
  const topic = field(data.readUInt8(3))
  const event = field(data.readUInt8(4))
  const metadata = field(data.readUInt8(5))
  if (joinRef === undefined || ref === undefined || topic === undefined) return undefined
  if (event === undefined || metadata === undefined) return undefined
  const userBroadcast: UserBroadcast = {
    event,
    metadata,
    encoding: encoding === ENCODING.json ? 'json' : 'binary',
    payload: data.subarray(offset),
  }
  return {
    joinRef: joinRef === '' ? null : joinRef,
    ref: ref === '' ? null : ref,
    topic,
    event: EVENT.broadcast,
    payload: undefined,
    userBroadcast,
  }
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
