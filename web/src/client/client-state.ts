/** The result of `getState()`. */

import {
  type ConnectionState,
  type ConnectionStateName,
  IDLE,
  isJoined,
  isReading,
} from './connection-state.ts'
import type { DisconnectedEvent } from './events.ts'
import type { UserSession } from './user-session.ts'

export interface ClientState {
  state: ConnectionStateName
  /** Joined to the user's channel, also while catching up. */
  isConnected: boolean
  /**
   * Messages come from reading the table every few seconds, because no socket can be opened, sockets break off at once, or
   * the server drops broadcasts. Each durable message still arrives once and in order. Never true while `live`.
   */
  isReading: boolean
  userId: string | null
  /** The last `seq` that was delivered to listeners. */
  lastSeq: number
  /** False once missed messages could not be delivered one by one. */
  recovered: boolean
  /** Milliseconds of the last heartbeat's round trip; null before the first. */
  latencyMs: number | null
  /** Notifications that were read (seen) on no device; null while the number is unknown. */
  unreadCount: number | null
  unseenCount: number | null
  /** Attempts since the last connection that carried a heartbeat after its first half second, or lasted for 10 s. */
  reconnectAttempts: number
  /** Clock time of the next attempt in milliseconds; null when none is planned. */
  retryAt: number | null
  /** Why the client is offline, in error or closed. */
  reason: string | null
}

export function clientState(userSession: UserSession | null, latencyMs: number | null): ClientState {
  const state = userSession?.state ?? IDLE
  const session = userSession?.session
  return {
    state: state.name,
    isConnected: isJoined(state),
    isReading: isReading(state),
    userId: userSession?.userId ?? null,
    lastSeq: session?.lastSeq ?? 0,
    recovered: session?.recovered ?? true,
    latencyMs,
    unreadCount: session?.unread?.unreadCount ?? null,
    unseenCount: session?.unread?.unseenCount ?? null,
    reconnectAttempts: 'failures' in state ? state.failures : 0,
    retryAt: 'retryAt' in state ? state.retryAt : null,
    reason: reasonOf(state),
  }
}

/** The reason in the event `disconnected`. */
export function lossOf(state: ConnectionState): DisconnectedEvent['reason'] {
  if (state.name === 'offline' || state.name === 'closed') return state.reason
  return state.name === 'error' ? 'refused' : 'takeover'
}

function reasonOf(state: ConnectionState): string | null {
  if (state.name === 'error') return state.code
  return 'reason' in state ? state.reason : null
}
