/** What the client tells of itself. */

import { type ConnectionState, type ConnectionStateName, IDLE, isJoined } from './connection-state.ts'
import type { DisconnectedEvent } from './events.ts'
import type { UserSession } from './user-session.ts'

export interface ClientState {
  state: ConnectionStateName
  /** Joined to the user's channel, whether or not everything has been read. */
  isConnected: boolean
  userId: string | null
  /** The place in the user's sequence up to which listeners have been told. */
  lastSeq: number
  /** False once something was missed that could not be delivered one by one. */
  recovered: boolean
  /** Milliseconds of the last heartbeat's round trip; null before the first. */
  latencyMs: number | null
  /** Notifications that nobody has read (seen) on any device; null while that is not known. */
  unreadCount: number | null
  unseenCount: number | null
  /** Attempts since the last connection that lasted. */
  reconnectAttempts: number
  /** Milliseconds of the clock when the next attempt is made; null when none is planned. */
  retryAt: number | null
  /** Why it is offline, in error or closed. */
  reason: string | null
}

export function clientState(userSession: UserSession | null, latencyMs: number | null): ClientState {
  const state = userSession?.state ?? IDLE
  const session = userSession?.session
  return {
    state: state.name,
    isConnected: isJoined(state),
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

/** What `disconnected` gives as the reason. */
export function lossOf(state: ConnectionState): DisconnectedEvent['reason'] {
  if (state.name === 'offline' || state.name === 'closed') return state.reason
  return state.name === 'error' ? 'refused' : 'takeover'
}

function reasonOf(state: ConnectionState): string | null {
  if (state.name === 'error') return state.code
  return 'reason' in state ? state.reason : null
}
