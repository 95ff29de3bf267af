/**
 * Events of one connection in lanes. Within a lane the order of the recording counts. Between lanes it does not, because
 * processes of the real server race there: channels with each other, presence with replies, changes with both.
 */

import { isRecord } from '../../../functions-shared/unknown.ts'
import { parseJson } from '../protocol/serializer.ts'
import { BINARY_KIND } from '../protocol/wire.ts'
import type { RecordedFrame } from './recording.ts'
import { shortenedTo } from './translate.ts'

export type ConnectionEvent =
  | { kind: 'open' }
  | { kind: 'refused'; status: number; body: string; contentType: string | undefined }
  | { kind: 'close'; code: number; reason: string }
  | { kind: 'frame'; frame: RecordedFrame }

const CONNECTION_LANE = 'connection'

export function laneOf(event: ConnectionEvent): string {
  if (event.kind !== 'frame') return CONNECTION_LANE
  const { topic, name, extension } = headOf(event.frame)
  if (name.startsWith('presence_')) return `${topic} presence`
  if (name === 'postgres_changes') return `${topic} changes`
  if (name === 'system' && extension === 'postgres_changes') return `${topic} subscription`
  return topic
}

/** The content that is compared: text frames as JSON, binary frames as their fields. */
export function contentOf(event: ConnectionEvent): unknown {
  if (event.kind !== 'frame') return event
  const { frame } = event
  if (frame.kind === 'binary') return userBroadcastOf(frame.data) ?? { base64: frame.data.toString('base64') }
  const length = shortenedTo(frame.text)
  if (length !== undefined) return { bytes: length }
  return parseJson(frame.text) ?? frame.text
}

export function eventOf(frame: RecordedFrame): string {
  return headOf(frame).name
}

interface Head {
  topic: string
  name: string
  extension: unknown
}

function headOf(frame: RecordedFrame): Head {
  if (frame.kind === 'binary') {
    const message = userBroadcastOf(frame.data)
    return { topic: message?.topic ?? '', name: 'broadcast', extension: undefined }
  }
  const value = parseJson(frame.text)
  if (Array.isArray(value)) return head(value[2], value[3], value[4])
  if (isRecord(value)) return head(value.topic, value.event, value.payload)
  // The beginning of a shortened text still contains topic and event.
  const topic = /"topic":"([^"]*)"/.exec(frame.text)?.[1]
  const name = /"event":"([^"]*)"/.exec(frame.text)?.[1]
  return head(topic, name, undefined)
}

function head(topic: unknown, name: unknown, payload: unknown): Head {
  return {
    topic: typeof topic === 'string' ? topic : JSON.stringify(topic),
    name: typeof name === 'string' ? name : '',
    extension: isRecord(payload) ? payload.extension : undefined,
  }
}

/** The fields of kind 4. */
function userBroadcastOf(data: Buffer) {
  if (data.length < 5 || data[0] !== BINARY_KIND.userBroadcast) return undefined
  let offset = 5
  const field = (size: number) => {
    const text = data.toString('utf8', offset, offset + size)
    offset += size
    return text
  }
  const topic = field(data.readUInt8(1))
  const event = field(data.readUInt8(2))
  const metadata = field(data.readUInt8(3))
  const isJson = data.readUInt8(4) === 1
  const payload = data.subarray(offset)
  return {
    kind: BINARY_KIND.userBroadcast,
    topic,
    event,
    metadata: metadata === '' ? null : parseJson(metadata),
    encoding: isJson ? 'json' : 'binary',
    payload: isJson ? parseJson(payload.toString()) : payload.toString('base64'),
  }
}
