/** Earlier messages for a private channel: the newest 25 at most, sent oldest first. */

import { isRecord } from '../../functions-shared/unknown.ts'
import type { Database } from './database.ts'
import { broadcastPayload, userBroadcastMessage } from './protocol/outgoing.ts'
import { encodeText, type ProtocolVersion, type Ref } from './protocol/serializer.ts'
import { EVENT, TOPIC_PREFIX } from './protocol/wire.ts'
import { textFrame, type WireFrame } from './protocol/ws-frame.ts'

export interface ReplayRequest {
  /** Milliseconds since 1970, inclusive. */
  since: number
  /** 1 to {@link REPLAY_MAX}. */
  limit: number
}

export interface ReplayedMessage {
  id: string
  event: string
  /** JSON text, or null for a binary message. */
  payload: string | null
  binaryPayload: Buffer | null
}

export const REPLAY_MAX = 25

/** The last millisecond of the year 9999. */
const LATEST_SINCE_MS = 253_402_300_799_999

/** @returns 'none' without a replay request, 'invalid' for parameters that the real server refuses */
export function parseReplay(replay: unknown): ReplayRequest | 'none' | 'invalid' {
  if (!isRecord(replay)) return 'none'
  const { since } = replay
  const limit = replay.limit ?? REPLAY_MAX
  if (!isInteger(since) || !isInteger(limit) || Math.abs(since) > LATEST_SINCE_MS) return 'invalid'
  return { since, limit: Math.min(REPLAY_MAX, Math.max(1, limit)) }
}

export async function readReplay(
  database: Database,
  topic: string,
  request: ReplayRequest,
): Promise<ReplayedMessage[]> {
  // Messages of one transaction have the same time; `ctid` keeps their order.
  const rows = await database.query<ReplayedMessage>(
    `select id, event, payload::text as payload, binary_payload as "binaryPayload"
     from realtime.messages
     where topic = $1 and private and extension = 'broadcast' and event is not null
       and (payload is not null or binary_payload is not null)
       and inserted_at >= to_timestamp($2::double precision / 1000) at time zone 'utc'
     order by inserted_at desc, ctid desc
     limit $3`,
    [topic, request.since, request.limit],
  )
  return rows.reverse()
}

/** @returns undefined for bytes on protocol 1.0.0, which cannot carry them */
export function replayFrame(
  version: ProtocolVersion,
  topic: string,
  joinRef: Ref,
  message: ReplayedMessage,
): WireFrame | undefined {
  const meta = JSON.stringify({ id: message.id, replayed: true })
  if (message.binaryPayload) {
    const { event, binaryPayload } = message
    return userBroadcastMessage(topic, {
      event,
      encoding: 'binary',
      metadata: meta,
      payload: binaryPayload,
    }).frame(version)
  }
  const payload = broadcastPayload(message.event, message.payload ?? 'null', meta)
  return textFrame(encodeText(version, joinRef, null, TOPIC_PREFIX + topic, EVENT.broadcast, payload))
}

function isInteger(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value)
}
