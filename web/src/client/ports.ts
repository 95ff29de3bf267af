/**
 * What the client needs of the world, as small interfaces. The defaults are built on supabase-js and on the
 * page (`supabase-*.ts`, `page-events.ts`); tests pass their own.
 */

import type { ClientErrorCode } from '../../../functions-shared/client-error-codes.ts'
import type { DownReason } from './connection-state.ts'
import type { Head } from './sequencer.ts'

/** The fast path: one private channel on a socket that may lose messages. */
export interface Transport {
  /** Begins to join; everything that follows is reported to `handlers`, until `leave()`. */
  join(topic: string, handlers: TransportHandlers, options?: JoinOptions): Subscription
  /** Closes a socket that nobody here needs: another tab has one for all. */
  rest?(): void
}

export interface JoinOptions {
  /** Shows the others on the topic that this user is there, and asks who else is. */
  presentAs?: string
}

export interface Subscription {
  /**
   * Ends the subscription; no handler is called afterwards. Safe to call twice.
   *
   * @param next `rejoin`: another attempt follows, so a socket that works may stay; `end`: nothing follows.
   */
  leave(next: 'rejoin' | 'end'): void
  /** Asks for a sign of life; ends in `alive` or in `down('heartbeat-timeout')`. */
  ping(): void
}

export interface TransportHandlers {
  joined(): void
  /** The stream behind the channel flows; can come after `joined`, or never. */
  flowing(): void
  message(payload: unknown, event?: string): void
  /** Ids of the users who are there, sorted; where presence was asked for. */
  presence?(userIds: string[]): void
  /** The server answered a heartbeat after so many milliseconds. */
  alive(latencyMs: number): void
  down(reason: DownReason, cause?: unknown): void
  refused(code: ClientErrorCode, cause?: unknown): void
}

/** The truth: the user's notifications in the table. Both reject with an AppError. */
export interface NotificationSource {
  readHead(userId: string, signal: AbortSignal): Promise<Head>
  /** Rows with `seq > after`, ascending, at most `limit`. */
  readPage(userId: string, after: number, limit: number, signal: AbortSignal): Promise<NotificationRow[]>
}

export interface NotificationRow {
  seq: number
  /** The message as it was broadcast; not yet checked. */
  payload: unknown
}

/** How many notifications are unseen and unread, as of a place in the sequence. */
export interface CountsAsOf {
  epoch: string | null
  seq: number
  unseen: number
  unread: number
}

/** Which notifications: those listed, or all up to a number. */
export type MarkTarget = readonly number[] | { upTo: number }

/** What is read implies seen. */
export interface Mark {
  seen?: boolean
  read?: boolean
}

/** What the user has seen and read, on all devices. Both reject with an AppError. */
export interface Inbox {
  counts(userId: string, signal: AbortSignal): Promise<CountsAsOf>
  /** @returns how many notifications changed. */
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
  /** Rises with every change that people are told of. */
  revision: number
}

export interface QueueSource {
  /** @throws AppError `history_unavailable`. */
  readJobs(queueId: string, signal: AbortSignal): Promise<QueueJob[]>
}

/** Messages of people. All reject with an AppError: `rate_limited`, `topic_forbidden`, `message_too_large` and so on. */
export interface Sender {
  send(topic: string, event: string, payload: Readonly<Record<string, unknown>>): Promise<void>
  /** At most every 2 s for an incident; calls between do nothing. */
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

/** This browser profile among the user's devices. All reject with an AppError. */
export interface Devices {
  readonly deviceId: string
  /**
   * @param displace a device that has to give way.
   * @returns milliseconds of silence after which a device loses its place.
   * @throws AppError `too_many_connections` with `details.devices`.
   */
  register(displace?: string): Promise<{ silenceLimitMs: number }>
  heartbeat(): Promise<'live' | 'displaced' | 'unregistered'>
  unregister(): Promise<void>
}

/** Who is signed in. */
export interface Identity {
  /**
   * Null when nobody is. Refreshes a token that has expired.
   *
   * @throws AppError `connection_lost` when it takes a network to tell and there is none.
   */
  currentUserId(): Promise<string | null>
  /** Calls back on sign-in, refresh and sign-out. @returns the way to stop. */
  onChange(listener: (userId: string | null) => void): () => void
}

/** Makes the signed URLs of replayed messages work again. */
export interface UrlSigner {
  /** @returns for each given URL a fresh one (the same where it still works), or null where none can be had. */
  signAgain(urls: readonly string[]): Promise<ReadonlyMap<string, string | null>>
}

/** What tells a page that its connection may have changed. */
export type PageEvent = 'wake' | 'online' | 'offline' | 'suspend'

export type PageEvents = (listener: (event: PageEvent) => void) => () => void

/** Milliseconds since the epoch. */
export type Clock = () => number

export interface Timers {
  set(callback: () => void, delayMs: number): unknown
  clear(handle: unknown): void
}

/** Gives the page a turn: input, rendering, other messages. */
export type Pause = () => Promise<void>

export interface ClientLogger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
}

/** The part of `Storage` that the client uses. */
export interface KeyValueStorage {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
}
