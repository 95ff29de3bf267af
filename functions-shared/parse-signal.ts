/**
 * Parses the messages of a user's own topic that are never stored: marks of notifications, changes of lists, displaced
 * devices.
 */

import type {
  ConnectionDisplacedMessage,
  NotificationReadMessage,
  RealtimeUpdateMessage,
} from './message-types.ts'
import { isRecord } from './unknown.ts'

export type Signal = NotificationReadMessage | RealtimeUpdateMessage | ConnectionDisplacedMessage

/** Whether a payload is the broadcast that the client asked for by `send_pong()`. */
export function isPong(payload: unknown): boolean {
  return isRecord(payload) && payload.type === 'pong'
}

/** @returns null for another payload. */
export function parseSignal(payload: unknown): Signal | null {
  if (!isRecord(payload)) return null
  if (isNotificationRead(payload) || isRealtimeUpdate(payload)) return payload
  return isConnectionDisplaced(payload) ? payload : null
}

function isNotificationRead(
  value: Record<string, unknown>,
): value is Record<string, unknown> & NotificationReadMessage {
  return (
    value.type === 'notification_read' &&
    [value.unseenCount, value.unreadCount, value.headSeq].every(isCount) &&
    typeof value.epoch === 'string' &&
    typeof value.timestamp === 'string' &&
    (value.upTo === undefined || isCount(value.upTo)) &&
    (value.seqs === undefined || (Array.isArray(value.seqs) && value.seqs.every(isCount))) &&
    [value.seen, value.read, value.done].every((mark) => mark === undefined || typeof mark === 'boolean')
  )
}

function isRealtimeUpdate(
  value: Record<string, unknown>,
): value is Record<string, unknown> & RealtimeUpdateMessage {
  return (
    value.type === 'realtime_update' &&
    ['table', 'incidentId', 'timestamp'].every((field) => typeof value[field] === 'string')
  )
}

function isConnectionDisplaced(
  value: Record<string, unknown>,
): value is Record<string, unknown> & ConnectionDisplacedMessage {
  return (
    value.type === 'error' &&
    value.code === 'connection_displaced' &&
    ['message', 'deviceId', 'displacedBy', 'timestamp'].every((field) => typeof value[field] === 'string')
  )
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
