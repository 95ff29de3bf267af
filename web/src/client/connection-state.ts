/**
 * States and events of the connection; `connection-transition.ts` has the transitions.
 *
 *            connect             joined               caught-up
 *   idle ───────────> connecting ──────> catching-up ──────────> live ──┐ confirmed
 *                      ^   │  │              │   ^  behind ───────┘ │ <─┘
 *          retry-due   │   │  │ refused      │   │                  │ unreadable, overdue, lost
 *          wake, online│   │  └─> error      │   └───── stale <─────┘
 *                      │   │ down   │        │ unreadable ─^
 *                   offline <───────┴────────┴── down, offline
 *
 *   any state ── close ──> closed (final)
 *
 * - `live`: joined, the socket is trusted, and the table's head was reached at most one check interval ago.
 * - `stale`: joined, but the socket is not enough: the table could not be read, broadcasts are being lost, or the last
 *   connections broke off at once. The table is read again and again.
 * - `offline`: not joined; the next attempt is at `retryAt`, at a wake event, or when a person asks for it. Meanwhile the
 *   table is read at growing distances.
 * - `error`: the server refused the join. Retried with back-off, because policies and tokens change.
 *
 * `reading` says that the page gets its messages by reading the table: the last read reached the head, and another one
 * follows within seconds.
 */

import type { ClientErrorCode } from '../../../functions-shared/client-error-codes.ts'

export type ConnectionState =
  | { name: 'idle' }
  | ({ name: 'connecting' } & Unjoined)
  | ({ name: 'catching-up'; reading: boolean; loss: Loss | null } & Joined)
  /** `confirmedAt`: when the table's head was asked for that the client has reached. */
  | ({ name: 'live'; confirmedAt: number } & Joined)
  /** `retryAt`: time of the next read; null while a read of the table is running. `reads`: reads in a row that failed. */
  | ({ name: 'stale'; reads: number; retryAt: number | null; reading: boolean; loss: Loss | null } & Joined)
  | ({ name: 'offline'; retryAt: number; reason: DownReason } & Unjoined)
  | ({ name: 'error'; retryAt: number; code: ClientErrorCode } & Attempts)
  | { name: 'closed'; reason: CloseReason }

/** Since the last good connection, which carried a heartbeat or lasted for 10 s. */
export interface Attempts {
  /** Attempts that failed and connections that were lost. */
  failures: number
  /** The connections among them: joined, and lost. */
  breaks: number
}

export interface Joined extends Attempts {
  joinedAt: number
}

/** Without a socket. `emptyReads`: reads of the table in a row that found no message, or failed. */
export interface Unjoined extends Attempts {
  reading: boolean
  emptyReads: number
}

/** Broadcasts that were lost although the channel is joined. */
export interface Loss {
  /** True until a later broadcast has been heard. */
  ongoing: boolean
  /** Broadcasts that were asked for to test the way from the database, and the time of the next one. */
  probes: number
  probeAt: number
}

export type ConnectionStateName = ConnectionState['name']

/** The state before `connect()`. */
export const IDLE: ConnectionState = { name: 'idle' }

/** No attempt has failed, and nothing has been read. */
export const UNTRIED: Unjoined = { failures: 0, breaks: 0, reading: false, emptyReads: 0 }

/** The first state after `connect()`. */
export const CONNECTING: ConnectionState = { name: 'connecting', ...UNTRIED }

/** Whether the user's channel is joined. */
export function isJoined(state: ConnectionState): boolean {
  return 'joinedAt' in state
}

/** Whether messages come from reading the table every few seconds, and all up to the last read have been delivered. */
export function isReading(state: ConnectionState): boolean {
  return 'reading' in state && state.reading
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

/** `account-deleted`: the session of this browser was ended as well. */
export type CloseReason = 'disconnect' | 'signed-out' | 'user-changed' | 'account-deleted'

export type ConnectionEvent =
  | { name: 'connect' }
  | { name: 'joined' }
  | { name: 'refused'; code: ClientErrorCode }
  | { name: 'down'; reason: DownReason }
  /** The table has to be read. `isGap`: a broadcast has shown that an earlier one is missing. */
  | { name: 'behind'; isGap: boolean }
  /** A head check found messages whose broadcasts have not arrived. */
  | { name: 'lost' }
  /** A broadcast arrived. Dispatched only while broadcasts are being lost. */
  | { name: 'heard' }
  /** A heartbeat was answered. */
  | { name: 'alive' }
  /** Time for the heartbeat that shows whether the connection lasts. */
  | { name: 'prove-due' }
  /**
   * A catch-up reached the head. `asOf`: when the head was asked for; later messages may be missing. `found`: whether a
   * message was missing.
   */
  | { name: 'caught-up'; asOf: number; found: boolean }
  /** A head check found nothing missing. */
  | { name: 'confirmed'; asOf: number }
  /** The table could not be read. */
  | { name: 'unreadable' }
  /** Time for a head check or, without a socket, for a read. */
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
