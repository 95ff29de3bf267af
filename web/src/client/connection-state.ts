/**
 * The connection as a pure function: (state, event, now) -> { state, effects }.
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
 * - `live`: joined, and the head of the table was reached at most one check interval ago.
 * - `stale`: joined and delivering, but it cannot be told whether something is missing.
 * - `offline`: not joined; waits for `retryAt`, a wake event or a person.
 * - `error`: the server said no; tried again all the same, since policies and tokens change.
 *
 * Nothing here reads a clock, draws a random number or touches a socket: `settings.random` is passed in, times
 * are milliseconds of the caller's clock, and what has to happen is returned as effects.
 */

import type { ClientErrorCode } from '../../../functions-shared/client-error-codes.ts'

export type ConnectionState =
  | { name: 'idle' }
  /** `failures`: attempts since the last connection that lasted. */
  | { name: 'connecting'; failures: number }
  | { name: 'catching-up'; failures: number; joinedAt: number }
  /** `confirmedAt`: the moment as of which the head of the table is known to have been reached. */
  | { name: 'live'; failures: number; joinedAt: number; confirmedAt: number }
  /** `retryAt` is null while a read is on its way. */
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
 * Why there is no connection. `network`: the device itself says that it has none; `session`: the token has expired
 * and could not be renewed; `suspended`: the page was put aside (back/forward cache) and gave its connection up.
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
  /** A catch-up reached the head. `asOf`: when the head was asked for; what came later may be missing. */
  | { name: 'caught-up'; asOf: number }
  /** A head check found nothing missing. */
  | { name: 'confirmed'; asOf: number }
  /** The table could not be read. */
  | { name: 'unreadable' }
  /** Time for a head check. */
  | { name: 'check-due' }
  /** The stream behind the channel has only now begun to flow: what came before it was not broadcast. */
  | { name: 'flowing' }
  | { name: 'retry-due' }
  /** The page became visible, came back from the back/forward cache, or was resumed. */
  | { name: 'wake' }
  | { name: 'online' }
  | { name: 'offline' }
  | { name: 'retry-now' }
  | { name: 'close'; reason: CloseReason }

export type ConnectionEventName = ConnectionEvent['name']
