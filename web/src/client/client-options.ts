/** What a page may give the client, and what is used where it gives nothing. */

import type { Backend, DataBackend } from './backend.ts'
import { createCursorStore, pageStorage } from './cursor-store.ts'
import { tapFrames } from './frame-tap.ts'
import { pageEvents } from './page-events.ts'
import { inboxPart } from './parts.ts'
import { pause } from './pause.ts'
import type {
  ClientLogger,
  Clock,
  Devices,
  Identity,
  Inbox,
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
import { randomId } from './random-id.ts'
import { createRegisteredTransport } from './registered-transport.ts'
import type { SessionOptions } from './session.ts'
import { createSupabaseDevices, deviceLabel } from './supabase-devices.ts'
import { createSupabaseIdentity } from './supabase-identity.ts'
import { createSupabaseSource } from './supabase-source.ts'
import { createSupabaseTransport } from './supabase-transport.ts'
import { type AttentionSource, pageAttention } from './tabs/attention.ts'
import { openBrowserTabs } from './tabs/browser-tabs.ts'
import type { OpenTabGroup } from './tabs/tab-group.ts'

export interface DashboardWebSocketClientOptions {
  supabase: Backend
  /** Logs every transition, every frame and every error to `logger`. Default false. */
  debug?: boolean
  /** Milliseconds; ceiling of the first reconnect delay, doubled with each attempt. Default 1000. */
  reconnectDelay?: number
  /** Milliseconds; no delay is longer. Default 30000. */
  maxReconnectDelay?: number
  /** Milliseconds; the longest time between two signs of life and two head comparisons. Default 30000. */
  heartbeatInterval?: number
  /** Milliseconds within which a heartbeat has to be answered. Default 10000. */
  heartbeatTimeout?: number
  /** Notifications read at once while catching up. Default 500. */
  pageSize?: number
  /** Where the cursor is kept; null for the page's memory only. Default `localStorage` where it works. */
  storage?: KeyValueStorage | null
  /** Seams, for tests and for other surroundings; the defaults are the browser's or Node's. */
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
  sender?: Sender
  /** This browser profile as one of the user's devices; null does not register. Default: by the database. */
  devices?: Devices | null
  signer?: UrlSigner
  /** How this tab finds the others; null for a connection of its own. Default: Web Locks and BroadcastChannel. */
  tabs?: OpenTabGroup | null
  attention?: AttentionSource
}

/** Of a page without supabase-js, which brings the socket along. */
export interface LeanClientOptions extends Omit<DashboardWebSocketClientOptions, 'supabase'> {
  supabase: DataBackend
  transport: Transport
}

const DEFAULTS = {
  reconnectDelay: 1_000,
  maxReconnectDelay: 30_000,
  heartbeatInterval: 30_000,
  heartbeatTimeout: 10_000,
  pageSize: 500,
} as const

/**
 * A connection that held this long starts the back-off afresh: on a line that is cut every few seconds a page is not away
 * for longer than it is there. Milliseconds.
 */
const STABLE_AFTER = 2_000

/** The stream can begin to flow a little after the channel says that it is joined. Milliseconds. */
const FIRST_CHECK_DELAY = 3_000

/** Everything that the client works with. */
export interface ClientParts {
  /** What all sessions of a client have in common. */
  session: Omit<SessionOptions, 'userId' | 'registry'>
  supabase: DataBackend
  queues: QueueSource | undefined
  identity: Identity
  pageEvents: PageEvents
  logger: ClientLogger
  debug: boolean
}

export function clientParts(options: DashboardWebSocketClientOptions | LeanClientOptions): ClientParts {
  const { supabase } = options
  const timers = options.timers ?? pageTimers
  const clock = options.clock ?? Date.now
  const identity = options.identity ?? createSupabaseIdentity(supabase)
  const storage = options.storage === undefined ? pageStorage() : options.storage
  const devices =
    options.devices === undefined
      ? createSupabaseDevices(supabase, storage, deviceLabel(globalThis.navigator?.userAgent))
      : options.devices
  const checkInterval = options.heartbeatInterval ?? DEFAULTS.heartbeatInterval
  const logger = options.logger ?? consoleLogger
  const transport = transportOf(options, logger, timers)
  return {
    session: {
      timers,
      clock,
      pause: options.pause ?? pause,
      pageSize: options.pageSize ?? DEFAULTS.pageSize,
      transport: devices === null ? transport : createRegisteredTransport(transport, devices, clock),
      topicTransport: transport,
      devices,
      source: options.source ?? createSupabaseSource(supabase, identity),
      inbox: (part) => options.inbox ?? part.createSupabaseInbox(supabase, identity),
      signer: options.signer ?? {
        signAgain: async (urls) =>
          (await inboxPart.ready()).createSupabaseSigner(supabase, clock).signAgain(urls),
      },
      cursors: createCursorStore(storage),
      openTabs: options.tabs === null ? () => null : (options.tabs ?? openBrowserTabs),
      attention: options.attention ?? pageAttention(clock),
      tabId: randomId(),
      settings: {
        reconnectDelay: options.reconnectDelay ?? DEFAULTS.reconnectDelay,
        maxReconnectDelay: options.maxReconnectDelay ?? DEFAULTS.maxReconnectDelay,
        checkInterval,
        firstCheckDelay: Math.min(FIRST_CHECK_DELAY, checkInterval),
        stableAfter: STABLE_AFTER,
        random: options.random ?? Math.random,
      },
    },
    supabase,
    queues: options.queues,
    identity,
    pageEvents: options.pageEvents ?? pageEvents,
    logger,
    debug: options.debug ?? false,
  }
}

function transportOf(
  options: DashboardWebSocketClientOptions | LeanClientOptions,
  logger: ClientLogger,
  timers: Timers,
): Transport {
  if (isLean(options)) return options.transport
  const { supabase, heartbeatTimeout = DEFAULTS.heartbeatTimeout } = options
  if (options.debug)
    tapFrames(supabase.realtime, (kind, text, data) => logger.debug(`${kind}: ${text}`, { data }))
  return createSupabaseTransport({ supabase, timers, heartbeatTimeout })
}

function isLean(options: DashboardWebSocketClientOptions | LeanClientOptions): options is LeanClientOptions {
  return options.transport !== undefined
}

const pageTimers: Timers = {
  set: (callback, delayMs) => setTimeout(callback, delayMs),
  clear: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
}

const consoleLogger: ClientLogger = {
  debug: (message, fields) => console.debug(`[live] ${message}`, fields ?? ''),
  warn: (message, fields) => console.warn(`[live] ${message}`, fields ?? ''),
}
