/** What a client's broadcast carries, as the message that its topic's subscribers get. */

import { bytesMessage, jsonMessage, type Outgoing, userBroadcastMessage } from './protocol/outgoing.ts'
import { type Inbound, isRecord } from './protocol/serializer.ts'
import { EVENT } from './protocol/wire.ts'

export interface Content {
  /** Of the payload, in bytes. */
  size: number
  /** Undefined for a payload that is no object: it cannot be encoded. */
  outgoing: Outgoing | undefined
}

export function contentOf(topic: string, message: Inbound): Content {
  const { userBroadcast, bytes, payload } = message
  if (userBroadcast) {
    const outgoing = userBroadcastMessage(topic, { ...userBroadcast, metadata: '' })
    return { size: userBroadcast.payload.length, outgoing }
  }
  if (bytes) return { size: bytes.length, outgoing: bytesMessage(topic, EVENT.broadcast, bytes) }
  const text = JSON.stringify(payload ?? null)
  const outgoing = isRecord(payload) ? jsonMessage(topic, EVENT.broadcast, text) : undefined
  return { size: Buffer.byteLength(text), outgoing }
}
