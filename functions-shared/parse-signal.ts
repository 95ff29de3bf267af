/** Parses the messages of a user's own topic that are not about a job: marks of notifications, displaced devices. */

import type { ConnectionDisplacedMessage, NotificationReadMessage } from './message-types.ts'
import { isRecord } from './unknown.ts'

export type Signal = NotificationReadMessage | ConnectionDisplacedMessage

/** @returns null for a payload that is neither. */
export function parseSignal(payload: unknown): Signal | null {
  if (!isRecord(payload)) return null
  if (isNotificationRead(payload)) return payload
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
    [value.seen, value.read].every((mark) => mark === undefined || typeof mark === 'boolean')
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
