/** Messages to many subscribers: each is encoded at most once per protocol version, on first need. */

import {
  broadcastHead,
  encodeText,
  type ProtocolVersion,
  parseJson,
  type UserBroadcast,
  userBroadcastHead,
} from './serializer.ts'
import { EVENT, TOPIC_PREFIX } from './wire.ts'
import { binaryFrame, textFrame, type WireFrame } from './ws-frame.ts'

export interface Outgoing {
  /** @returns undefined when this protocol version cannot express the message */
  frame(version: ProtocolVersion): WireFrame | undefined
}

/** A message with the same JSON payload in both versions: `[null, null, topic, event, payload]`. */
export function jsonMessage(topic: string, event: string, payload: string): Outgoing {
  const full = TOPIC_PREFIX + topic
  return lazily((version) => textFrame(encodeText(version, null, null, full, event, payload)))
}

/** Bytes as kind 2; 1.0.0 cannot express them. */
export function bytesMessage(topic: string, event: string, bytes: Buffer): Outgoing {
  const full = TOPIC_PREFIX + topic
  return lazily((version) => {
    const head = version === 2 ? broadcastHead(full, event) : undefined
    return head && binaryFrame(head, bytes)
  })
}

/**
 * A broadcast as kind 4 for 2.0.0 and as `{"event", "meta"?, "payload", "type":"broadcast"}` for 1.0.0. Clients of
 * 1.0.0 get neither binary payloads nor payloads that claim to be JSON and cannot be parsed.
 */
export function userBroadcastMessage(topic: string, message: UserBroadcast, meta?: string): Outgoing {
  const full = TOPIC_PREFIX + topic
  return lazily((version) => {
    if (version === 2) {
      const head = userBroadcastHead(full, message)
      if (head) return binaryFrame(head, message.payload)
    }
    if (message.encoding === 'binary') return undefined
    const text = message.payload.toString()
    if (parseJson(text) === undefined) return undefined
    const payload = broadcastPayload(message.event, text, meta)
    return textFrame(encodeText(version, null, null, full, EVENT.broadcast, payload))
  })
}

/** @param payload and meta: JSON text */
export function broadcastPayload(event: string, payload: string, meta?: string): string {
  const withMeta = meta ? `,"meta":${meta}` : ''
  return `{"event":${JSON.stringify(event)}${withMeta},"payload":${payload},"type":"broadcast"}`
}

function lazily(encode: (version: ProtocolVersion) => WireFrame | undefined): Outgoing {
  const frames = new Map<ProtocolVersion, WireFrame | undefined>()
  return {
    frame(version) {
      if (!frames.has(version)) frames.set(version, encode(version))
      return frames.get(version)
    },
  }
}
