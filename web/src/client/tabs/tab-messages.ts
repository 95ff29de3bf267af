/**
 * Messages between the tabs of one browser profile. All tabs of a group run the same version of this file, because the
 * version is part of the group's name. A malformed message is ignored.
 *
 *   leader ──> all     state (on change, on confirmation, on request), messages, volatile, signal, topic, alive, refresh
 *   others ──> leader  ask, retry, ping, recount, topics, attention
 */

import { isClientErrorCode } from '../../../../functions-shared/client-error-codes.ts'
import type { UserMessage } from '../../../../functions-shared/message-types.ts'
import { parseMessage } from '../../../../functions-shared/parse-message.ts'
import { parseSignal, type Signal } from '../../../../functions-shared/parse-signal.ts'
import { isRecord } from '../../../../functions-shared/unknown.ts'
import type { ConnectionState, ConnectionStateName } from '../connection-state.ts'
import type { FeedEntry } from '../feed.ts'
import type { CountsAsOf } from '../ports.ts'
import { isPosition, type Position } from '../sequencer.ts'
import type { TopicEvent } from '../topics/topic-events.ts'

/** Whether a tab is visible, and when it was focused and used last. Milliseconds since the epoch; 0 for never. */
export interface Attention {
  visible: boolean
  focusedAt: number
  usedAt: number
}

export interface LeaderState {
  kind: 'state'
  state: ConnectionState
  /** Cursor up to which all messages have been relayed. */
  position: Position | null
  counts: CountsAsOf | null
}

export type LeaderMessage =
  | LeaderState
  /** Durable messages, in order. `visibleTabId`: the tab that shows each message once. */
  | { kind: 'messages'; entries: FeedEntry[]; visibleTabId: string }
  | { kind: 'volatile'; message: UserMessage; visibleTabId: string }
  | { kind: 'signal'; signal: Signal }
  | { kind: 'topic'; topic: string; event: TopicEvent }
  | { kind: 'alive'; latencyMs: number }
  /** Broadcasts were lost and arrive again. */
  | { kind: 'refresh' }

export type FollowerMessage =
  /** Asks for the state. `look`: check the connection first. */
  | { kind: 'ask'; look: boolean }
  | { kind: 'retry' }
  | { kind: 'ping' }
  /** Notifications were marked, but no `notification_read` was heard. */
  | { kind: 'recount' }
  /** All queue and incident topics that the tab follows. */
  | { kind: 'topics'; topics: string[] }
  | { kind: 'attention'; attention: Attention }

export type TabMessage = { from: string } & (LeaderMessage | FollowerMessage)

/** Null for a malformed message. */
export function parseTabMessage(data: unknown): TabMessage | null {
  if (!isRecord(data) || typeof data.from !== 'string') return null
  const { from } = data
  switch (data.kind) {
    case 'state':
      if (!isConnectionState(data.state) || !(data.position === null || isPosition(data.position)))
        return null
      return {
        from,
        kind: 'state',
        state: data.state,
        position: data.position,
        counts: isCounts(data.counts) ? data.counts : null,
      }
    case 'messages': {
      if (!Array.isArray(data.entries) || typeof data.visibleTabId !== 'string') return null
      const entries = data.entries.flatMap((entry: unknown) => parseEntry(entry) ?? [])
      return { from, kind: 'messages', entries, visibleTabId: data.visibleTabId }
    }
    case 'volatile': {
      const message = parseMessage(data.message)
      if (message.kind !== 'message' || typeof data.visibleTabId !== 'string') return null
      return { from, kind: 'volatile', message: message.message, visibleTabId: data.visibleTabId }
    }
    case 'signal': {
      const signal = parseSignal(data.signal)
      return signal === null ? null : { from, kind: 'signal', signal }
    }
    case 'topic': {
      const event = parseTopicEvent(data.event)
      return event === null || typeof data.topic !== 'string'
        ? null
        : { from, kind: 'topic', topic: data.topic, event }
    }
    case 'topics':
      return isTexts(data.topics) ? { from, kind: 'topics', topics: data.topics } : null
    case 'alive':
      return typeof data.latencyMs === 'number' ? { from, kind: 'alive', latencyMs: data.latencyMs } : null
    case 'ask':
      return { from, kind: 'ask', look: data.look === true }
    case 'retry':
    case 'ping':
    case 'recount':
    case 'refresh':
      return { from, kind: data.kind }
    case 'attention': {
      const { attention } = data
      if (!isRecord(attention)) return null
      const { visible, focusedAt, usedAt } = attention
      if (typeof focusedAt !== 'number' || typeof usedAt !== 'number') return null
      return { from, kind: 'attention', attention: { visible: visible === true, focusedAt, usedAt } }
    }
    default:
      return null
  }
}

function parseEntry(value: unknown): FeedEntry | null {
  if (!isPosition(value) || value.epoch === null || !isRecord(value)) return null
  const parsed = parseMessage(value.message)
  return {
    seq: value.seq,
    epoch: value.epoch,
    message: parsed.kind === 'message' ? parsed.message : null,
    replayed: value.replayed === true,
  }
}

function parseTopicEvent(value: unknown): TopicEvent | null {
  if (!isRecord(value)) return null
  const { type } = value
  if (type === 'joined' || type === 'left') return { type }
  if (type === 'refused') return isClientErrorCode(value.code) ? { type, code: value.code } : null
  if (type === 'presence') return isTexts(value.userIds) ? { type, userIds: value.userIds } : null
  if (type !== 'message' || typeof value.event !== 'string') return null
  return { type, event: value.event, payload: value.payload }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

function isCounts(value: unknown): value is CountsAsOf {
  return (
    isPosition(value) && isRecord(value) && [value.unseen, value.unread].every((n) => typeof n === 'number')
  )
}

/** Numeric fields of each state, which are checked. */
const STATE_FIELDS: Record<ConnectionStateName, readonly string[]> = {
  idle: [],
  connecting: ['failures', 'breaks', 'emptyReads'],
  'catching-up': ['failures', 'breaks', 'joinedAt'],
  live: ['failures', 'breaks', 'joinedAt', 'confirmedAt'],
  stale: ['failures', 'breaks', 'joinedAt', 'reads'],
  offline: ['failures', 'breaks', 'retryAt', 'emptyReads'],
  error: ['failures', 'breaks', 'retryAt'],
  closed: [],
}

function isConnectionState(value: unknown): value is ConnectionState {
  if (!isRecord(value) || typeof value.name !== 'string' || !Object.hasOwn(STATE_FIELDS, value.name))
    return false
  const numbers = Object.entries(STATE_FIELDS).find(([name]) => name === value.name)?.[1] ?? []
  return numbers.every((field) => typeof value[field] === 'number')
}
