/**
 * What tabs of one browser profile tell each other. All of them run this file's version, since the version is part of
 * the group's name; what is malformed all the same is ignored.
 *
 *   leader ──> all     state (on change, on confirmation, on question), messages, volatile, alive
 *   others ──> leader  ask, retry, ping, attention
 */

import { isErrorCode } from '../../../../functions-shared/error-codes.ts'
import type { JobMessage } from '../../../../functions-shared/message-types.ts'
import { parseMessage } from '../../../../functions-shared/parse-message.ts'
import { parseSignal, type Signal } from '../../../../functions-shared/parse-signal.ts'
import type { ConnectionState, ConnectionStateName } from '../connection-state.ts'
import type { Entry } from '../feed.ts'
import type { CountsAsOf } from '../ports.ts'
import type { Position } from '../sequencer.ts'
import type { TopicEvent } from '../topics/topic-events.ts'

/** Part of the group's name: tabs of different versions form groups of their own. */
export const TAB_PROTOCOL = 1

/** How much a tab is looked at; see {@link foremostOf}. */
export interface Attention {
  visible: boolean
  /** Milliseconds since the epoch; 0 for never. */
  focusedAt: number
}

export interface LeaderState {
  kind: 'state'
  state: ConnectionState
  /** Up to where everything has been relayed. */
  position: Position | null
  counts: CountsAsOf | null
}

export type LeaderMessage =
  | LeaderState
  /** Durable ones, in order. `foremost`: the id of the tab that people look at. */
  | { kind: 'messages'; entries: Entry[]; foremost: string }
  | { kind: 'volatile'; message: JobMessage; foremost: string }
  | { kind: 'signal'; signal: Signal }
  | { kind: 'topic'; topic: string; event: TopicEvent }
  | { kind: 'alive'; latencyMs: number }

export type FollowerMessage =
  /** Asks for the state. `look`: and whether it is still true. */
  | { kind: 'ask'; look: boolean }
  | { kind: 'retry' }
  | { kind: 'ping' }
  /** Something was marked, but nothing was heard of it. */
  | { kind: 'recount' }
  /** All topics that the tab wants beside the user's own. */
  | { kind: 'topics'; topics: string[] }
  | { kind: 'attention'; attention: Attention }

export type TabMessage = { from: string } & (LeaderMessage | FollowerMessage)

/** The tab that people look at, or looked at last: of all that are known exactly one. */
export function foremostOf(tabs: ReadonlyMap<string, Attention>): string | null {
  let best: [string, Attention] | null = null
  for (const tab of tabs) if (best === null || isBefore(tab, best)) best = tab
  return best?.[0] ?? null
}

function isBefore([id, a]: [string, Attention], [otherId, b]: [string, Attention]): boolean {
  if (a.visible !== b.visible) return a.visible
  if (a.focusedAt !== b.focusedAt) return a.focusedAt > b.focusedAt
  return id < otherId
}

type Fields = Record<string, unknown>

/** Null for what is none. */
export function parseTabMessage(data: unknown): TabMessage | null {
  if (!isFields(data) || typeof data.from !== 'string') return null
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
      if (!Array.isArray(data.entries) || typeof data.foremost !== 'string') return null
      const entries = data.entries.flatMap((entry: unknown) => parseEntry(entry) ?? [])
      return { from, kind: 'messages', entries, foremost: data.foremost }
    }
    case 'volatile': {
      const message = parseMessage(data.message)
      if (message.kind !== 'message' || typeof data.foremost !== 'string') return null
      return { from, kind: 'volatile', message: message.message, foremost: data.foremost }
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
      return { from, kind: data.kind }
    case 'attention': {
      const { attention } = data
      if (!isFields(attention) || typeof attention.focusedAt !== 'number') return null
      return {
        from,
        kind: 'attention',
        attention: { visible: attention.visible === true, focusedAt: attention.focusedAt },
      }
    }
    default:
      return null
  }
}

function parseEntry(value: unknown): Entry | null {
  if (!isPosition(value) || value.epoch === null || !isFields(value)) return null
  const parsed = parseMessage(value.message)
  return {
    seq: value.seq,
    epoch: value.epoch,
    message: parsed.kind === 'message' ? parsed.message : null,
    replayed: value.replayed === true,
  }
}

function isPosition(value: unknown): value is Position {
  if (!isFields(value)) return false
  const { epoch, seq } = value
  return (epoch === null || typeof epoch === 'string') && typeof seq === 'number' && Number.isSafeInteger(seq)
}

function parseTopicEvent(value: unknown): TopicEvent | null {
  if (!isFields(value)) return null
  const { type } = value
  if (type === 'joined' || type === 'left') return { type }
  if (type === 'refused') return isErrorCode(value.code) ? { type, code: value.code } : null
  if (type === 'presence') return isTexts(value.userIds) ? { type, userIds: value.userIds } : null
  if (type !== 'message' || typeof value.event !== 'string') return null
  return { type, event: value.event, payload: value.payload }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

function isCounts(value: unknown): value is CountsAsOf {
  return (
    isPosition(value) && isFields(value) && [value.unseen, value.unread].every((n) => typeof n === 'number')
  )
}

/** The numbers that each state has; other fields are words. */
const STATE_FIELDS: Record<ConnectionStateName, readonly string[]> = {
  idle: [],
  connecting: ['failures'],
  'catching-up': ['failures', 'joinedAt'],
  live: ['failures', 'joinedAt', 'confirmedAt'],
  stale: ['failures', 'joinedAt', 'reads'],
  offline: ['failures', 'retryAt'],
  error: ['failures', 'retryAt'],
  closed: [],
}

function isConnectionState(value: unknown): value is ConnectionState {
  if (!isFields(value) || typeof value.name !== 'string' || !Object.hasOwn(STATE_FIELDS, value.name))
    return false
  const numbers = Object.entries(STATE_FIELDS).find(([name]) => name === value.name)?.[1] ?? []
  return numbers.every((field) => typeof value[field] === 'number')
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
