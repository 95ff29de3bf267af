/** What every part of one running server shares. */

import type { Logger } from '../types.ts'
import type { Authorizer } from './authorize.ts'
import type { Hub } from './broadcast.ts'
import type { Database } from './database.ts'
import type { RateCounter } from './limits.ts'
import type { ChangeEngine } from './postgres-changes/engine.ts'
import type { PresenceRegistry } from './presence.ts'
import type { RealtimeSettings } from './settings.ts'
import type { RealtimeSocket } from './socket.ts'
import type { TokenVerifier } from './tokens.ts'

export interface RealtimeContext {
  /** Can change while the server runs. */
  settings: RealtimeSettings
  /** The server is about to end: nobody joins any more. */
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
  readonly rates: { events: RateCounter; joins: RateCounter; presence: RateCounter }
  /** Open sockets. */
  readonly sockets: Set<RealtimeSocket>
  /** Sockets that have joined a channel: the users that are counted. */
  readonly users: Set<RealtimeSocket>
}

export interface ReplicationState {
  /** Whether broadcasts from the database flow now. */
  readonly connected: boolean
  /** Resolves to true once they do, or to false after `timeoutMs`. */
  whenConnected(timeoutMs: number): Promise<boolean>
}
