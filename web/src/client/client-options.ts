/** Client options, and the defaults that the page's bundle needs before the engine chunk has loaded. */

import type { Backend, DataBackend } from './backend.ts'
import { pageEvents } from './page-events.ts'
import type {
  ClientLogger,
  Clock,
  Devices,
  Identity,
  Inbox,
  IncidentTopics,
  KeyValueStorage,
  NotificationSource,
  PageEvents,
  Pause,
  QueueSource,
  Sender,
  Timers,
  Transport,
  UrlSigner,
} from './ports.ts'
import { createSupabaseIdentity } from './supabase-identity.ts'
import type { AttentionSource } from './tabs/attention.ts'
import type { OpenTabGroup } from './tabs/tab-group.ts'

export interface DashboardWebSocketClientOptions {
  supabase: Backend
  /** Logs every transition, every frame and every error to `logger`. Default false. */
  debug?: boolean
  /** Milliseconds; ceiling of the first reconnect delay, doubled with each attempt. Default 1000. */
  reconnectDelay?: number
  /** Milliseconds; no delay is longer. Default 30000. */
  maxReconnectDelay?: number
  /** Milliseconds; the longest time between two heartbeats, and between two comparisons with the table's head. Default 30000. */
  heartbeatInterval?: number
  /** Milliseconds within which a heartbeat has to be answered. Default 10000. */
  heartbeatTimeout?: number
  /** Notifications read at once while catching up. Default 500. */
  pageSize?: number
  /** Storage of the cursor; null keeps the cursor in the page's memory. Default `localStorage`, memory where that is blocked. */
  storage?: KeyValueStorage | null
  /** Replacements for tests and other environments. The defaults use the browser or Node. */
  clock?: Clock
  timers?: Timers
  pause?: Pause
  /** A uniform draw in [0, 1). */
  random?: () => number
  logger?: ClientLogger
  pageEvents?: PageEvents
  transport?: Transport
  source?: NotificationSource
  identity?: Identity
  inbox?: Inbox
  queues?: QueueSource
  incidentTopics?: IncidentTopics
  sender?: Sender
  /** This browser profile as one of the user's devices; null does not register. Default: by the database. */
  devices?: Devices | null
  signer?: UrlSigner
  /** How this tab finds the user's other tabs; null opens a connection per tab. Default: Web Locks and BroadcastChannel. */
  tabs?: OpenTabGroup | null
  attention?: AttentionSource
}

/** Options of a page without supabase-js, which passes its own transport. */
export interface LeanClientOptions extends Omit<DashboardWebSocketClientOptions, 'supabase'> {
  supabase: DataBackend
  transport: Transport
}

export type ClientOptions = DashboardWebSocketClientOptions | LeanClientOptions

/** Dependencies that the page's bundle and the engine share. */
export interface PageDependencies {
  clock: Clock
  timers: Timers
  identity: Identity
  pageEvents: PageEvents
  logger: ClientLogger
}

export function createPageDependencies(options: ClientOptions): PageDependencies {
  return {
    clock: options.clock ?? Date.now,
    timers: options.timers ?? pageTimers,
    identity: options.identity ?? createSupabaseIdentity(options.supabase),
    pageEvents: options.pageEvents ?? pageEvents,
    logger: options.logger ?? consoleLogger,
  }
}

const pageTimers: Timers = {
  set: (callback, delayMs) => setTimeout(callback, delayMs),
  clear: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
}

const consoleLogger: ClientLogger = {
  debug: (message, fields) => console.debug(`[live] ${message}`, fields ?? ''),
  warn: (message, fields) => console.warn(`[live] ${message}`, fields ?? ''),
}
