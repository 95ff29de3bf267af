/**
 * The client of a page: typed events, one connection for the user who is signed in, and nothing lost.
 *
 * ```ts
 * const client = new DashboardWebSocketClient({ supabase })
 * client.on('image_processed', (message) => show(message.documentId))
 * await client.connect(userId)
 * ```
 */

import type { SupabaseClient } from '@supabase/supabase-js'
import { AppError } from '../../../functions-shared/app-error.ts'
import type { JobMessage } from '../../../functions-shared/message-types.ts'
import type { ConnectionSettings, ConnectionState, ConnectionStateName } from './connection-state.ts'
import { IDLE } from './connection-state.ts'
import { type CursorStore, createCursorStore } from './cursor-store.ts'
import { Emitter, type Listener } from './emitter.ts'
import type { ClientEvents, Delivery, DisconnectedEvent } from './events.ts'
import { pageEvents } from './page-events.ts'
import { pause } from './pause.ts'
import type {
  ClientLogger,
  Clock,
  Identity,
  KeyValueStorage,
  NotificationSource,
  PageEvents,
  Pause,
  Timers,
  Transport,
  UrlSigner,
} from './ports.ts'
import { Session, type SessionListener } from './session.ts'
import { createSupabaseIdentity } from './supabase-identity.ts'
import { createSupabaseSource } from './supabase-source.ts'
import { createSupabaseTransport } from './supabase-transport.ts'
import { type AttentionSource, pageAttention } from './tabs/attention.ts'
import { openBrowserTabs } from './tabs/browser-tabs.ts'
import type { OpenTabGroup } from './tabs/tab-group.ts'
import { createSupabaseSigner } from './url-signer.ts'

export interface DashboardWebSocketClientOptions {
  supabase: SupabaseClient
  /** Logs every transition to `logger`. Default false. */
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
  signer?: UrlSigner
  /** How this tab finds the others; null for a connection of its own. Default: Web Locks and BroadcastChannel. */
  tabs?: OpenTabGroup | null
  attention?: AttentionSource
}

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
  /** Attempts since the last connection that lasted. */
  reconnectAttempts: number
  /** Milliseconds of the clock when the next attempt is made; null when none is planned. */
  retryAt: number | null
  /** Why it is offline, in error or closed. */
  reason: string | null
}

const DEFAULTS = {
  reconnectDelay: 1_000,
  maxReconnectDelay: 30_000,
  heartbeatInterval: 30_000,
  heartbeatTimeout: 10_000,
  pageSize: 500,
} as const

/** A connection that held this long starts the back-off afresh. Milliseconds. */
const STABLE_AFTER = 10_000

/** The stream can begin to flow a little after the channel says that it is joined. Milliseconds. */
const FIRST_CHECK_DELAY = 3_000

const JOINED: Record<ConnectionStateName, boolean> = {
  idle: false,
  connecting: false,
  'catching-up': true,
  live: true,
  stale: true,
  offline: false,
  error: false,
  closed: false,
}

export class DashboardWebSocketClient {
  readonly #emitter: Emitter<ClientEvents>
  readonly #identity: Identity
  readonly #transport: Transport
  readonly #source: NotificationSource
  readonly #signer: UrlSigner
  readonly #cursors: CursorStore
  readonly #pageEvents: PageEvents
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #pause: Pause
  readonly #openTabs: OpenTabGroup
  readonly #attention: AttentionSource
  readonly #tabId = randomId()
  readonly #settings: ConnectionSettings
  readonly #pageSize: number
  readonly #logger: ClientLogger
  readonly #debug: boolean
  #session: Session | null = null
  #generation = 0
  #latencyMs: number | null = null

  constructor(options: DashboardWebSocketClientOptions) {
    const { supabase } = options
    const heartbeatTimeout = options.heartbeatTimeout ?? DEFAULTS.heartbeatTimeout
    this.#timers = options.timers ?? pageTimers
    this.#identity = options.identity ?? createSupabaseIdentity(supabase)
    this.#transport =
      options.transport ?? createSupabaseTransport({ supabase, timers: this.#timers, heartbeatTimeout })
    this.#source = options.source ?? createSupabaseSource(supabase, this.#identity)
    this.#signer = options.signer ?? createSupabaseSigner(supabase)
    this.#cursors = createCursorStore(...(options.storage === undefined ? [] : [options.storage]))
    this.#pageEvents = options.pageEvents ?? pageEvents
    this.#clock = options.clock ?? Date.now
    this.#pause = options.pause ?? pause
    this.#openTabs = options.tabs === null ? () => null : (options.tabs ?? openBrowserTabs)
    this.#attention = options.attention ?? pageAttention(this.#clock)
    this.#settings = {
      reconnectDelay: options.reconnectDelay ?? DEFAULTS.reconnectDelay,
      maxReconnectDelay: options.maxReconnectDelay ?? DEFAULTS.maxReconnectDelay,
      checkInterval: options.heartbeatInterval ?? DEFAULTS.heartbeatInterval,
      firstCheckDelay: Math.min(FIRST_CHECK_DELAY, options.heartbeatInterval ?? DEFAULTS.heartbeatInterval),
      stableAfter: STABLE_AFTER,
      random: options.random ?? Math.random,
    }
    this.#pageSize = options.pageSize ?? DEFAULTS.pageSize
    this.#logger = options.logger ?? consoleLogger
    this.#debug = options.debug ?? false
    this.#emitter = new Emitter((event, cause) => this.#listenerFailed(event, cause))
  }

  /**
   * Connects for the user who is signed in and keeps reconnecting until `disconnect()` or sign-out. Connecting
   * again for the same user changes nothing.
   *
   * @returns when everything missed has been delivered and the connection is live for the first time, or when
   *   it was closed before that.
   * @throws AppError `not_signed_in`, or `user_mismatch` when `userId` is not the session's user.
   */
  async connect(userId: string): Promise<void> {
    if (this.#session?.userId === userId && !this.#session.closed) return this.#untilLive(this.#session)
    this.disconnect()
    const generation = ++this.#generation
    const signedIn = await this.#identity.currentUserId()
    if (generation !== this.#generation) return
    if (signedIn === null) throw new AppError('not_signed_in')
    if (signedIn !== userId) throw new AppError('user_mismatch')

    const session = this.#open(userId)
    session.start()
    await this.#untilLive(session)
  }

  /** Final for this connection: nothing is delivered afterwards, nothing reconnects. Listeners stay. */
  disconnect(): void {
    this.#generation += 1
    this.#session?.close('disconnect')
  }

  /** Tries at once instead of waiting for the back-off. */
  retryNow(): void {
    this.#session?.retryNow()
  }

  /** Asks the server for a sign of life; the answer comes as `pong`. */
  ping(): void {
    this.#session?.ping()
  }

  /** @returns the way to remove the listener. */
  on<Name extends keyof ClientEvents>(event: Name, listener: Listener<ClientEvents[Name]>): () => void {
    return this.#emitter.on(event, listener)
  }

  /** Like `on`, for the next occurrence only. */
  once<Name extends keyof ClientEvents>(event: Name, listener: Listener<ClientEvents[Name]>): () => void {
    const off = this.#emitter.on(event, (...args) => {
      off()
      listener(...args)
    })
    return off
  }

  off<Name extends keyof ClientEvents>(event: Name, listener: Listener<ClientEvents[Name]>): void {
    this.#emitter.off(event, listener)
  }

  getState(): ClientState {
    const session = this.#session
    const state = session?.state ?? IDLE
    return {
      state: state.name,
      isConnected: JOINED[state.name],
      userId: session?.userId ?? null,
      lastSeq: session?.lastSeq ?? 0,
      recovered: session?.recovered ?? true,
      latencyMs: this.#latencyMs,
      reconnectAttempts: 'failures' in state ? state.failures : 0,
      retryAt: 'retryAt' in state ? state.retryAt : null,
      reason: reasonOf(state),
    }
  }

  #open(userId: string): Session {
    let everLive = false
    let announced = false
    const listener: SessionListener = {
      state: ({ old, new: state, reason }) => {
        if (this.#debug) this.#logger.debug(`${old.name} -> ${state.name}`, { event: reason, ...state })
        this.#emitter.emit('state', { old: old.name, new: state.name, reason, state })
        if (state.name === 'live' && !announced) {
          const { recovered, lastSeq } = session
          this.#emitter.emit('connected', { userId, recovered, lastSeq, reconnected: everLive })
          announced = everLive = true
        }
        if (announced && !JOINED[state.name]) {
          announced = false
          this.#emitter.emit('disconnected', {
            reason: lossOf(state),
            retryAt: 'retryAt' in state ? state.retryAt : null,
          })
        }
        if (state.name === 'closed') stop()
      },
      message: (message, delivery) => this.#deliver(message, delivery),
      lost: (reason) => this.#emitter.emit('reload', { reason }),
      alive: (latencyMs) => {
        this.#latencyMs = latencyMs
        this.#emitter.emit('pong', { latencyMs })
      },
      error: (error) => this.#fail(error),
    }
    const session = new Session(
      {
        userId,
        settings: this.#settings,
        pageSize: this.#pageSize,
        transport: this.#transport,
        source: this.#source,
        signer: this.#signer,
        cursors: this.#cursors,
        clock: this.#clock,
        timers: this.#timers,
        pause: this.#pause,
        openTabs: this.#openTabs,
        attention: this.#attention,
        tabId: this.#tabId,
      },
      listener,
    )
    const stopPage = this.#pageEvents((event) => session.page(event))
    const stopIdentity = this.#identity.onChange((current) => {
      if (current !== userId) session.close(current === null ? 'signed-out' : 'user-changed')
    })
    const stop = (): void => {
      stopPage()
      stopIdentity()
    }
    this.#session = session
    this.#latencyMs = null
    return session
  }

  #deliver(message: JobMessage, delivery: Delivery): void {
    if ('documentId' in message) this.#emitter.emit(message.type, message, delivery)
    else if ('reportId' in message) this.#emitter.emit(message.type, message, delivery)
    else if ('transcriptionId' in message) this.#emitter.emit(message.type, message, delivery)
    else this.#emitter.emit(message.type, message, delivery)
    this.#emitter.emit('message', message, delivery)
  }

  async #untilLive(session: Session): Promise<void> {
    if (session.state.name === 'live' || session.closed) return
    await new Promise<void>((resolve) => {
      const off = this.#emitter.on('state', (change) => {
        if (this.#session === session && change.new !== 'live' && change.new !== 'closed') return
        off()
        resolve()
      })
    })
  }

  #fail(error: AppError): void {
    if (this.#debug)
      this.#logger.warn(error.message, { code: error.code, cause: error.cause, ...error.details })
    this.#emitter.emit('error', error)
  }

  #listenerFailed(event: keyof ClientEvents, cause: unknown): void {
    const error = new AppError('listener_failed', { cause, details: { event } })
    // A failing error listener must not be told about itself for ever.
    if (event === 'error') this.#logger.warn(error.message, { cause })
    else {
      this.#logger.warn(error.message, { event, cause })
      this.#emitter.emit('error', error)
    }
  }
}

function lossOf(state: ConnectionState): DisconnectedEvent['reason'] {
  if (state.name === 'offline' || state.name === 'closed') return state.reason
  return state.name === 'error' ? 'refused' : 'takeover'
}

/** Unlike `crypto.randomUUID`, also for pages that came over plain HTTP. */
function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join('')
}

function reasonOf(state: ConnectionState): string | null {
  if (state.name === 'error') return state.code
  return 'reason' in state ? state.reason : null
}

const pageTimers: Timers = {
  set: (callback, delayMs) => setTimeout(callback, delayMs),
  clear: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
}

const consoleLogger: ClientLogger = {
  debug: (message, fields) => console.debug(`[live] ${message}`, fields ?? ''),
  warn: (message, fields) => console.warn(`[live] ${message}`, fields ?? ''),
}
