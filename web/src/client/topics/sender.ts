/** Sends a member's messages to the other members of an incident. The database adds the sender and limits the rate. */

import { incidentTopic } from '../../../../functions-shared/topics.ts'
import type { Backend } from '../backend.ts'
import { ClientError } from '../client-error.ts'
import type { Clock, Sender } from '../ports.ts'
import { call } from '../request.ts'

/** Bytes of a binary message, at most. */
const LARGEST_BINARY = 65_536

/** Milliseconds between two `user_typing` messages of one incident. */
const TYPING_INTERVAL = 2_000

export function createSupabaseSender(supabase: Pick<Backend, 'rpc'>, clock: Clock): Sender {
  const typedAt = new Map<string, number>()
  return {
    async send(topic, event, payload) {
      await call(
        supabase.rpc('send_to_topic', { p_topic: topic, p_event: event, p_payload: payload }),
        'database_unavailable',
      )
    },
    async sendTyping(incidentId) {
      const last = typedAt.get(incidentId)
      if (last !== undefined && clock() - last < TYPING_INTERVAL) return
      typedAt.set(incidentId, clock())
      await this.send(incidentTopic(incidentId), 'user_typing', {})
    },
    async sendBinary(topic, event, bytes) {
      if (bytes.byteLength > LARGEST_BINARY) {
        throw new ClientError('message_too_large', {
          details: { bytes: bytes.byteLength, limit: LARGEST_BINARY },
        })
      }
      await call(
        supabase.rpc('send_binary_to_topic', { p_topic: topic, p_event: event, p_base64: toBase64(bytes) }),
        'database_unavailable',
      )
    },
  }
}

/** Encodes in pieces, because a call takes a limited number of arguments. */
export function toBase64(bytes: Uint8Array): string {
  const pieces: string[] = []
  for (let start = 0; start < bytes.length; start += 8_192) {
    pieces.push(String.fromCharCode(...bytes.subarray(start, start + 8_192)))
  }
  return btoa(pieces.join(''))
}
