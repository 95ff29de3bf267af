/** Turns the messages of `incident:<id>` into the events of an `IncidentSession`. */

import { isRecord } from '../../../../functions-shared/unknown.ts'
import type { IncidentControl } from './incident-session.ts'
import type { TopicListener } from './topic-events.ts'

/** Bytes of the sender's id at the beginning of a binary message. */
const SENDER_LENGTH = 16

/** @param listen listens to the topic until the signal aborts. */
export function followIncident(
  topic: string,
  control: IncidentControl,
  listen: (listener: TopicListener, signal: AbortSignal) => void,
): void {
  const { lifecycle, emitter } = control

  function hear(event: string, payload: unknown): void {
    if (payload instanceof ArrayBuffer) {
      const message = parseBinary(payload)
      if (message !== null) emitter.emit('binary', { topic, event, ...message })
      return
    }
    if (!isRecord(payload) || typeof payload.userId !== 'string') return
    const { userId, timestamp } = payload
    if (event !== 'user_typing') emitter.emit('message', { event, userId, payload })
    else if (typeof timestamp === 'string') emitter.emit('typing', { userId, timestamp })
  }

  function present(userIds: readonly string[]): void {
    if (userIds.join() === control.userIds.join()) return
    control.userIds = userIds
    emitter.emit('presence', userIds)
  }

  listen((event) => {
    if (event.type === 'joined') lifecycle.setState('live')
    else if (event.type === 'presence') present(event.userIds)
    else if (event.type === 'message') hear(event.event, event.payload)
    else if (event.type === 'refused') {
      lifecycle.setState('refused')
      emitter.emit('error', { code: event.code, cause: null })
    } else {
      if (lifecycle.state !== 'refused') lifecycle.setState('connecting')
      present([])
    }
  }, lifecycle.signal)
}

/** Null for a message that is too short for a sender's id. */
export function parseBinary(buffer: ArrayBuffer): { userId: string; bytes: Uint8Array } | null {
  if (buffer.byteLength < SENDER_LENGTH) return null
  const hex = Array.from(new Uint8Array(buffer, 0, SENDER_LENGTH), (byte) =>
    byte.toString(16).padStart(2, '0'),
  )
  const userId = hex.join('').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  return { userId, bytes: new Uint8Array(buffer.slice(SENDER_LENGTH)) }
}
