/** What the parts of one running Realtime server share. */

import type { Logger } from '../types.ts'
import type { Authorizer } from './authorize.ts'
import type { Database } from './database.ts'
import type { DropLog } from './drop-log.ts'
import type { EventBudgets } from './event-budgets.ts'
import type { Hub } from './hub.ts'
import type { RateCounter } from './limits.ts'
import type { ChangeEngine } from './postgres-changes/engine.ts'
import type { PresenceRegistry } from './presence.ts'
import type { RealtimeSettings } from './settings.ts'
import type { TokenVerifier } from './tokens.ts'

export interface RealtimeContext {
  /** Can change while the server runs. */
  settings: RealtimeSettings
  /** The server is about to end: joins and upgrades are refused. */
  stopping: boolean
  readonly logger: Logger
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly tokens: TokenVerifier
  readonly database: Database
  readonly authorizer: Authorizer
  readonly hub: Hub
  readonly presence: PresenceRegistry
  readonly replication: ReplicationState
  readonly changes: ChangeEngine
  readonly budgets: EventBudgets
  readonly rates: { joins: RateCounter; presence: RateCounter }
  readonly drops: DropLog
  /** Open sockets. */
  readonly sockets: Set<Connection>
  /** Sockets that have joined a channel. Their number is limited by `maxConcurrentUsers`. */
  readonly users: Set<Connection>
}

/** What the server does with a socket, whatever is joined on it. */
export interface Connection {
  /** @param now milliseconds, {@link performance.now} */
  closeIfIdle(now: number): void
  /** Tells every channel that the server wants a reconnect, then closes the socket. */
  askToReconnect(): void
  /**
   * Answers the frames received so far, then closes the socket.
   * @returns when the connection has ended, at the latest after `graceMs`
   */
  drain(graceMs: number): Promise<void>
}

export interface ReplicationState {
  /** Whether the replication connection streams. */
  readonly connected: boolean
  /** Resolves to true once the connection streams, or to false after `timeoutMs`. */
  whenConnected(timeoutMs: number): Promise<boolean>
}
