/**
 * States and events of the connection; `connection-transition.ts` has the transitions.
 *
 *            connect             joined               caught-up
 *   idle ───────────> connecting ──────> catching-up ──────────> live ──┐ confirmed
 *                      ^   │  │              │   ^  behind ───────┘ │ <─┘
 *          retry-due   │   │  │ refused      │   │                  │ unreadable, overdue
 *          wake, online│   │  └─> error      │   └───── stale <─────┘
 *                      │   │ down   │        │ unreadable ─^
 *                   offline <───────┴────────┴── down, offline
 *
 *   any state ── close ──> closed (final)
 *
 * - `live`: joined, and the table's head was reached at most one check interval ago.
 * - `stale`: joined and delivering, but the client does not know whether a message is missing.
 * - `offline`: not joined; the next attempt is at `retryAt`, at a wake event, or when a person asks for it.
 * - `error`: the server refused the join. Retried with back-off, because policies and tokens change.
 */

import type { ClientErrorCode } from '../../../functions-shared/client-error-codes.ts'

export type ConnectionState =
  | { name: 'idle' }
  /** `failures`: attempts since the last connection that lasted long enough. */
  | { name: 'connecting'; failures: number }
  | { name: 'catching-up'; failures: number; joinedAt: number }
  /** `confirmedAt`: when the table's head was asked for that the client has reached. */
  | { name: 'live'; failures: number; joinedAt: number; confirmedAt: number }
  /** `retryAt` is null while a read of the table is running. */
  | { name: 'stale'; failures: number; joinedAt: number; reads: number; retryAt: number | null }
  | { name: 'offline'; failures: number; retryAt: number; reason: DownReason }
  | { name: 'error'; failures: number; retryAt: number; code: ClientErrorCode }
  | { name: 'closed'; reason: CloseReason }

export type ConnectionStateName = ConnectionState['name']

/** The state before `connect()`. */
export const IDLE: ConnectionState = { name: 'idle' }

/** Whether the user's channel is joined. */
export function isJoined(state: ConnectionState): boolean {
  return 'joinedAt' in state
}

/**
 * Why there is no connection. `network`: the device reports that it is offline. `session`: the token has expired and could
 * not be renewed. `suspended`: the page is frozen or in the back/forward cache and has closed its connection.
 */
export type DownReason =
  | 'network'
  | 'socket'
  | 'join-timeout'
  | 'heartbeat-timeout'
  | 'channel-closed'
  | 'session'
  | 'suspended'

export type CloseReason = 'disconnect' | 'signed-out' | 'user-changed'

export type ConnectionEvent =
  | { name: 'connect' }
  | { name: 'joined' }
  | { name: 'refused'; code: ClientErrorCode }
  | { name: 'down'; reason: DownReason }
  /** A message is missing, or the table's head is ahead of the cursor. */
  | { name: 'behind' }
  /** A catch-up reached the head. `asOf`: when the head was asked for; later messages may be missing. */
  | { name: 'caught-up'; asOf: number }
  /** A head check found nothing missing. */
  | { name: 'confirmed'; asOf: number }
  /** The table could not be read. */
  | { name: 'unreadable' }
  /** Time for a head check. */
  | { name: 'check-due' }
  /** The server's replication stream has started. Messages committed before that were not broadcast. */
  | { name: 'flowing' }
  | { name: 'retry-due' }
  /** The page became visible, came back from the back/forward cache, or was resumed. */
  | { name: 'wake' }
  | { name: 'online' }
  | { name: 'offline' }
  | { name: 'retry-now' }
  | { name: 'close'; reason: CloseReason }

export type ConnectionEventName = ConnectionEvent['name']
