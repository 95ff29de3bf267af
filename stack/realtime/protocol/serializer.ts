/**
 * Phoenix messages as text and binary frames.
 *
 *   1.0.0  {"topic", "event", "payload", "ref", "join_ref"}          text only; replies carry no join_ref
 *   2.0.0  [join_ref, ref, topic, event, payload]                    text
 *          kind 3 (client to server) and 4 (server to client)        binary, broadcasts with any payload
 *          kind 0 (client to server) and 2 (server to client)        binary, Phoenix's own: any event, bytes only
 */

import { isRecord } from '../../../functions-shared/unknown.ts'
import { parseJson as parseText } from '../../json.ts'
import { BINARY_KIND, ENCODING, EVENT } from './wire.ts'

export type ProtocolVersion = 1 | 2

/** A client's number for a message or a join; the answer repeats it. */
export type Ref = string | number | null

/** A broadcast whose payload is bytes or verbatim JSON text; `metadata` is JSON text or empty. */
export interface UserBroadcast {
  event: string
  encoding: 'json' | 'binary'
  metadata: string
  payload: Buffer
}

/** A client's message. `payload` may be any JSON value. */
export interface Inbound {
  joinRef: Ref
  ref: Ref
  topic: string
  event: string
  payload: unknown
  /** Set for binary broadcasts; `payload` is undefined then. */
  userBroadcast?: UserBroadcast
  /** Set for kind 0; `payload` is undefined then. */
  bytes?: Buffer
}

/** @returns undefined for a frame that is no message of this version; the server ignores it. */
export function decodeText(version: ProtocolVersion, text: string): Inbound | undefined {
  const value = parseJson(text)
  if (version === 2) {
    if (!Array.isArray(value) || value.length < 5) return undefined
    const [joinRef, ref, topic, event, payload]: unknown[] = value
    return inbound(joinRef, ref, topic, event, payload)
  }
  if (!isRecord(value)) return undefined
  for (const key of ['topic', 'event', 'payload', 'ref']) if (!Object.hasOwn(value, key)) return undefined
  return inbound(value.join_ref ?? null, value.ref, value.topic, value.event, value.payload)
}

/** @returns undefined where an answer could not repeat a field as Phoenix clients expect it. */
function inbound(
  joinRef: unknown,
  ref: unknown,
  topic: unknown,
  event: unknown,
  payload: unknown,
): Inbound | undefined {
  if (typeof topic !== 'string' || typeof event !== 'string' || !isRef(joinRef) || !isRef(ref))
    return undefined
  return { joinRef, ref, topic, event, payload }
}

function isRef(value: unknown): value is Ref {
  return typeof value === 'string' || value === null || typeof value === 'number'
}

/** @returns undefined for a frame that is no message of this version; the server ignores it. */
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
  const [joinRef = '', ref = '', topic = '', event = ''] = fields.texts
  return { joinRef, ref, topic, event, payload: undefined, bytes: fields.rest }
}

/**
 * Kind 3: `3, join_ref size, ref size, topic size, event size, metadata size, encoding`, then the fields in
 * this order, then the payload to the end.
 */
function decodeUserBroadcast(data: Buffer): Inbound | undefined {
  const fields = fieldsOf(data, 7, [1, 2, 3, 4, 5])
  if (!fields) return undefined
  const [joinRef = '', ref = '', topic = '', event = '', metadata = ''] = fields.texts
  if (metadata !== '' && parseJson(metadata) === undefined) return undefined
  const encoding = data[6] === ENCODING.binary ? 'binary' : 'json'
  const userBroadcast: UserBroadcast = { event, metadata, encoding, payload: fields.rest }
  return { joinRef, ref, topic, event: EVENT.broadcast, payload: undefined, userBroadcast }
}

/** @param sizesAt offsets of the fields' sizes @returns undefined when the frame is shorter than its sizes say */
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

/** @param payload JSON text, sent verbatim */
export function encodeText(
  version: ProtocolVersion,
  joinRef: Ref,
  ref: Ref,
  topic: string,
  event: string,
  payload: string,
): string {
  if (version === 1) {
    return `{"ref":${json(ref)},"event":${json(event)},"topic":${json(topic)},"payload":${payload}}`
  }
  return `[${json(joinRef)},${json(ref)},${json(topic)},${json(event)},${payload}]`
}

/** Kind 4: `4, topic size, event size, metadata size, encoding`, then the fields; the payload follows the head. */
export function userBroadcastHead(
  topic: string,
  { event, metadata, encoding }: UserBroadcast,
): Buffer | undefined {
  const flags = [encoding === 'json' ? ENCODING.json : ENCODING.binary]
  return binaryHead(BINARY_KIND.userBroadcast, [topic, event, metadata], flags)
}

/** Kind 2: `2, topic size, event size`, then the fields; the bytes follow the head. */
export function broadcastHead(topic: string, event: string): Buffer | undefined {
  return binaryHead(BINARY_KIND.broadcast, [topic, event], [])
}

/** Longest field of a binary frame, in bytes: its size is one byte. */
const FIELD_MAX = 255

/** @returns undefined when a field is longer than {@link FIELD_MAX} bytes */
function binaryHead(kind: number, fields: readonly string[], flags: readonly number[]): Buffer | undefined {
  const sizes = fields.map((field) => Buffer.byteLength(field))
  if (sizes.some((size) => size > FIELD_MAX)) return undefined
  return Buffer.concat([
    Buffer.from([kind, ...sizes, ...flags]),
    ...fields.map((field) => Buffer.from(field)),
  ])
}

/** @returns undefined when the text is not JSON, or nested too deeply. */
export function parseJson(text: string): unknown {
  try {
    return parseText(text)
  } catch {
    return undefined
  }
}

function json(value: Ref): string {
  return JSON.stringify(value)
}
