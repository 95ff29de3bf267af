/**
 * Interfaces between the client and its environment. The defaults use supabase-js and the page (`supabase-*.ts`,
 * `page-events.ts`); tests pass their own.
 */

import type { ClientErrorCode } from '../../../functions-shared/client-error-codes.ts'
import type { DownReason } from './connection-state.ts'
import type { Head } from './sequencer.ts'

/** Realtime: private channels on a socket that may lose messages. */
export interface Transport {
  /** Begins to join a channel. Results and messages go to `handlers` until `leave()`. */
  join(topic: string, handlers: TransportHandlers, options?: JoinOptions): Subscription
  /** Closes a socket without channels, because another tab holds the socket. */
  rest?(): void
}

export interface JoinOptions {
  /** Joins the topic's presence as this user. */
  presentAs?: string
}

export interface Subscription {
  /**
   * Ends the subscription; no handler is called afterwards. Safe to call twice.
   *
   * @param next `rejoin`: another join follows, so a working socket may stay open; `end`: no join follows.
   */
  leave(next: 'rejoin' | 'end'): void
  /** Sends a heartbeat; ends in `alive` or in `down('heartbeat-timeout')`. */
  ping(): void
}

export interface TransportHandlers {
  joined(): void
  /** The server's replication stream has started. Called after `joined`, or never. */
  flowing(): void
  /** Messages may have been missed: the topic has another channel. `joined`, `refused` or `down` follows. */
  moved?(): void
  message(payload: unknown, event?: string): void
  /** Sorted ids of the users who are present, for a join with `presentAs`. */
  presence?(userIds: string[]): void
  /** The server answered a heartbeat. */
  alive(latencyMs: number): void
  down(reason: DownReason, cause?: unknown): void
  refused(code: ClientErrorCode, cause?: unknown): void
}

/** The user's rows in the table `notifications`. All functions reject with an AppError. */
export interface NotificationSource {
  readHead(userId: string, signal: AbortSignal): Promise<Head>
  /** Rows with `seq > after`, ascending, at most `limit`. */
  readPage(userId: string, after: number, limit: number, signal: AbortSignal): Promise<NotificationRow[]>
  /**
   * Asks the database for a broadcast on the user's topic, which shows whether broadcasts arrive. Without this function a
   * page whose broadcasts were lost waits for the next message.
   */
  requestPong?(signal: AbortSignal): Promise<void>
}

export interface NotificationRow {
  seq: number
  /** The message as it was broadcast, not yet parsed. */
  payload: unknown
}

/** Numbers of unseen and unread notifications as of one `seq`. */
export interface CountsAsOf {
  epoch: string | null
  seq: number
  unseen: number
  unread: number
}

/** The listed `seq`, or all up to one `seq`. */
export type MarkTarget = readonly number[] | { upTo: number }

/** `done: true` also marks as read, `read: true` as seen; `read: false` also takes `done` back. */
export interface Mark {
  seen?: boolean
  read?: boolean
  done?: boolean
}

/** Seen and read marks, shared by all of the user's devices. Both functions reject with an AppError. */
export interface Inbox {
  counts(userId: string, signal: AbortSignal): Promise<CountsAsOf>
  /** @returns the number of notifications that changed. */
  mark(userId: string, target: MarkTarget, mark: Mark): Promise<number>
}

/** A job as the members of its queue see it. */
export interface QueueJob {
  jobId: string
  status: 'queued' | 'processing' | 'completed' | 'failed'
  /** 0 to 100. */
  progress: number
  stage: string | null
  error: string | null
  errorCode: string | null
  /** Rises with every change that is broadcast. */
  revision: number
}

export interface QueueSource {
  /** @throws AppError `history_unavailable`. */
  readJobs(queueId: string, signal: AbortSignal): Promise<QueueJob[]>
}

/** Where the members of an incident hear each other. */
export interface IncidentTopics {
  /**
   * The topic to join now. Null when the user does not see the incident.
   *
   * @throws AppError `database_unavailable`.
   */
  topicOf(incidentId: string, signal: AbortSignal): Promise<string | null>
}

/** Messages from one member to the others. All functions reject with an AppError: `rate_limited`, `topic_forbidden`, `message_too_large` and so on. */
export interface Sender {
  send(topic: string, event: string, payload: Readonly<Record<string, unknown>>): Promise<void>
  /** Sends at most every 2 s per incident; calls in between do nothing. */
  sendTyping(incidentId: string): Promise<void>
  /** At most 64 KB. */
  sendBinary(topic: string, event: string, bytes: Uint8Array): Promise<void>
}

/** One of the user's devices. Times are ISO 8601. */
export interface Device {
  deviceId: string
  label: string | null
  registeredAt: string
  lastSeenAt: string
}

/** This browser profile as one of the user's devices. All functions reject with an AppError. */
export interface Devices {
  readonly deviceId: string
  /**
   * @param displace id of the device whose place this device takes.
   * @returns milliseconds of silence after which a device loses its place.
   * @throws AppError `too_many_connections` with `details.devices`.
   */
  register(displace?: string): Promise<{ silenceLimitMs: number }>
  heartbeat(): Promise<'live' | 'displaced' | 'unregistered'>
  unregister(): Promise<void>
}

/** The signed-in user. */
export interface Identity {
  /**
   * Null without a session. Renews a token that has expired.
   *
   * @throws AppError `connection_lost` when the token has expired and cannot be renewed without a network.
   */
  currentUserId(): Promise<string | null>
  /** Calls back on sign-in, token refresh and sign-out. @returns a function that stops the calls. */
  onChange(listener: (userId: string | null) => void): () => void
  /** Ends the session of this browser, whose account was deleted. Without this function the page keeps the session. */
  forget?(): void
}

/** Signs the expired URLs of replayed messages again. */
export interface UrlSigner {
  /** @returns for each given URL a valid one (the same URL while it is valid), or null when signing failed. */
  signAgain(urls: readonly string[]): Promise<ReadonlyMap<string, string | null>>
}

/** Events of the page after which the connection may have changed. */
export type PageEvent = 'wake' | 'online' | 'offline' | 'suspend'

export type PageEvents = (listener: (event: PageEvent) => void) => () => void

/** Milliseconds since the epoch. */
export type Clock = () => number

export interface Timers {
  set(callback: () => void, delayMs: number): unknown
  clear(handle: unknown): void
}

/** Lets the page handle input, rendering and other tasks. */
export type Pause = () => Promise<void>

export interface ClientLogger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
}

/** The part of `Storage` that the client uses. */
export interface KeyValueStorage {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem?(key: string): void
}
