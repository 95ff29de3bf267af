/**
 * A server, a network and a clock in memory, behind the client's ports. A row written to a user's table is broadcast to all
 * subscriptions, unless the test loses the broadcast.
 */

import type { ClientErrorCode } from '../../../../functions-shared/client-error-codes.ts'
import type { ImageMessage } from '../../../../functions-shared/message-types.ts'
import { ClientError } from '../client-error.ts'
import type { DownReason } from '../connection-state.ts'
import { engineModule } from '../engine-module.ts'
import type {
  CountsAsOf,
  Identity,
  Inbox,
  Mark,
  MarkTarget,
  NotificationRow,
  NotificationSource,
  PageEvent,
  PageEvents,
  Subscription,
  Timers,
  Transport,
  TransportHandlers,
} from '../ports.ts'
import type { AttentionSource } from '../tabs/attention.ts'
import type { Attention } from '../tabs/tab-messages.ts'

// The engine is loaded before the tests, as in a page that has connected before.
await engineModule.ready()

export const START = Date.parse('2026-11-23T10:00:00.000Z')

export class FakeClock implements Timers {
  now = START
  #next = 1
  readonly #timers = new Map<number, { at: number; callback: () => void }>()

  set(callback: () => void, delayMs: number): unknown {
    const handle = this.#next++
    this.#timers.set(handle, { at: this.now + delayMs, callback })
    return handle
  }

  clear(handle: unknown): void {
    if (typeof handle === 'number') this.#timers.delete(handle)
  }

  get running(): number {
    return this.#timers.size
  }

  /** Runs every timer that falls due, in order, and lets promises settle in between. */
  async advance(ms: number): Promise<void> {
    const end = this.now + ms
    await settled()
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0]
      if (due === undefined) break
      const [handle, { at, callback }] = due
      this.#timers.delete(handle)
      this.now = Math.max(this.now, at)
      callback()
      await settled()
    }
    this.now = end
  }

  /** Time passes without any timer running, as while a laptop sleeps. */
  sleep(ms: number): void {
    this.now += ms
  }
}

/** Waits so many turns that every pending promise of these fakes has settled. */
export async function settled(): Promise<void> {
  await turns(300)
}

/** The turns that a request takes. */
async function roundTrip(): Promise<void> {
  await turns(5)
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve()
}

interface UserTable {
  epoch: string | null
  floor: number
  seq: number
  rows: NotificationRow[]
  readonly seen: Set<number>
  readonly read: Set<number>
}

class FakeSubscription implements Subscription {
  left = false
  pings = 0
  readonly topic: string
  readonly handlers: TransportHandlers
  readonly #answer: () => boolean

  /** @param answer whether the server answers heartbeats. */
  constructor(topic: string, handlers: TransportHandlers, answer: () => boolean) {
    this.topic = topic
    this.handlers = handlers
    this.#answer = answer
  }

  leave(): void {
    this.left = true
  }

  ping(): void {
    this.pings += 1
    void roundTrip().then(() => {
      if (!this.left && this.#answer()) this.handlers.alive(1)
    })
  }
}

export class FakeServer implements Transport, NotificationSource, Inbox, Identity {
  readonly clock = new FakeClock()
  readonly subscriptions: FakeSubscription[] = []
  readonly tables = new Map<string, UserTable>()
  /** Result of each join. */
  joins: 'succeed' | 'fail' | 'refuse' | 'hang' = 'succeed'
  readable = true
  /** Whether `currentUserId` answers; false as while a token cannot be renewed. */
  identifiable = true
  answersHeartbeats = true
  /** Rows of the largest page that arrives, as on a slow line. */
  largestPage = Number.POSITIVE_INFINITY
  /** Whether broadcasts are lost. */
  deaf = false
  /** Topics of incidents other than `incident:<id>`; null for an incident that the user does not see. */
  readonly incidentTopics = new Map<string, string | null>()
  headReads = 0
  countReads = 0
  pongs = 0
  /** How the page is seen and used. Default: nobody watches, so only the check interval counts. */
  readonly attention = new FakeAttention(false)
  pageReads = 0
  /** Called when a head has been read and is on its way. */
  onHead: () => void = () => undefined
  /** Called before each page is answered. */
  onPage: () => void = () => undefined
  #user: string | null
  readonly #identityListeners = new Set<(userId: string | null) => void>()
  readonly #pageListeners = new Set<(event: PageEvent) => void>()

  constructor(user: string | null) {
    this.#user = user
  }

  // the page's side

  join(topic: string, handlers: TransportHandlers): Subscription {
    const subscription = new FakeSubscription(topic, handlers, () => this.answersHeartbeats)
    this.subscriptions.push(subscription)
    void Promise.resolve().then(() => {
      if (subscription.left || this.joins === 'hang') return
      if (this.joins === 'succeed') handlers.joined()
      else if (this.joins === 'refuse') handlers.refused('join_refused')
      else handlers.down('socket')
    })
    return subscription
  }

  async readHead(
    userId: string,
    signal: AbortSignal,
  ): Promise<{ epoch: string | null; seq: number; floor: number }> {
    this.headReads += 1
    await roundTrip()
    const { epoch, seq, floor } = this.table(userId)
    this.onHead()
    // The answer takes time, too: it has no rows that are written meanwhile.
    await roundTrip()
    signal.throwIfAborted()
    if (!this.readable) throw new Error('unreachable')
    return { epoch, seq, floor }
  }

  async readPage(
    userId: string,
    after: number,
    limit: number,
    signal: AbortSignal,
  ): Promise<NotificationRow[]> {
    this.pageReads += 1
    const rows = this.table(userId).rows.filter((row) => row.seq > after)
    this.onPage()
    await roundTrip()
    signal.throwIfAborted()
    const page = rows.slice(0, limit)
    if (!this.readable || page.length > this.largestPage) throw new Error('unreachable')
    return page
  }

  async requestPong(signal: AbortSignal): Promise<void> {
    this.pongs += 1
    await roundTrip()
    signal.throwIfAborted()
    if (this.#user !== null) this.broadcast(this.#user, { type: 'pong' })
  }

  async counts(userId: string, signal: AbortSignal): Promise<CountsAsOf> {
    this.countReads += 1
    await roundTrip()
    const counts = this.#countsOf(userId)
    await roundTrip()
    signal.throwIfAborted()
    if (!this.readable) throw new Error('unreachable')
    return counts
  }

  async mark(userId: string, target: MarkTarget, { seen, read }: Mark): Promise<number> {
    await roundTrip()
    if (!this.readable) throw new Error('unreachable')
    const table = this.table(userId)
    const marked = table.rows
      .map(({ seq }) => seq)
      .filter((seq) => ('upTo' in target ? seq <= target.upTo : target.includes(seq)))
      .filter((seq) => (read === undefined ? !table.seen.has(seq) : table.read.has(seq) !== read))
    for (const seq of marked) {
      if (seen === true || read === true) table.seen.add(seq)
      if (read === true) table.read.add(seq)
      else if (read === false) table.read.delete(seq)
    }
    const { epoch, seq: headSeq, unseen: unseenCount, unread: unreadCount } = this.#countsOf(userId)
    const at = { unseenCount, unreadCount, headSeq, epoch, timestamp: new Date(START).toISOString() }
    if (marked.length > 0) {
      this.broadcast(userId, { type: 'notification_read', seqs: marked, seen: true, read, ...at })
    }
    return marked.length
  }

  #countsOf(userId: string): CountsAsOf {
    const { epoch, seq, rows, seen, read } = this.table(userId)
    return { epoch, seq, unseen: rows.length - seen.size, unread: rows.length - read.size }
  }

  async currentUserId(): Promise<string | null> {
    if (!this.identifiable) throw new ClientError('connection_lost')
    return this.#user
  }

  onChange(listener: (userId: string | null) => void): () => void {
    this.#identityListeners.add(listener)
    return () => this.#identityListeners.delete(listener)
  }

  readonly pageEvents: PageEvents = (listener) => {
    this.#pageListeners.add(listener)
    return () => this.#pageListeners.delete(listener)
  }

  // the test's side

  /** Options of a client that is connected to this server. */
  clientOptions() {
    return {
      transport: this,
      source: this,
      inbox: this,
      devices: null,
      identity: this,
      signer: { signAgain: async () => new Map<string, string | null>() },
      pageEvents: this.pageEvents,
      attention: this.attention,
      clock: () => this.clock.now,
      timers: this.clock,
      random: () => 0.5,
      storage: new FakeStorage(),
      incidentTopics: {
        topicOf: async (incidentId: string, signal: AbortSignal) => {
          await roundTrip()
          signal.throwIfAborted()
          if (!this.readable) throw new ClientError('database_unavailable')
          const topic = this.incidentTopics.get(incidentId)
          return topic === undefined ? `incident:${incidentId}` : topic
        },
      },
    }
  }

  get listeners(): number {
    return this.#identityListeners.size + this.#pageListeners.size
  }

  get current(): FakeSubscription | undefined {
    return this.subscriptions.findLast((subscription) => !subscription.left)
  }

  table(userId: string): UserTable {
    const table = this.tables.get(userId) ?? {
      epoch: null,
      floor: 0,
      seq: 0,
      rows: [],
      seen: new Set(),
      read: new Set(),
    }
    this.tables.set(userId, table)
    return table
  }

  /** A durable status change: row and broadcast. */
  write(userId: string, fields: Partial<ImageMessage> = {}): ImageMessage {
    const table = this.table(userId)
    table.epoch ??= 'epoch-1'
    table.seq += 1
    const message = imageMessage({ seq: table.seq, epoch: table.epoch, ...fields })
    table.rows.push({ seq: table.seq, payload: message })
    this.broadcast(userId, message)
    return message
  }

  /** A row whose broadcast is lost. */
  writeUnheard(userId: string, fields: Partial<ImageMessage> = {}): ImageMessage {
    const deaf = this.deaf
    this.deaf = true
    const message = this.write(userId, fields)
    this.deaf = deaf
    return message
  }

  broadcast(userId: string, payload: unknown): void {
    if (this.deaf) return
    for (const { left, topic, handlers } of this.subscriptions) {
      if (!left && topic === `user:${userId}`) handlers.message(payload)
    }
  }

  /** A message on a queue or incident topic. */
  send(topic: string, payload: unknown, event = 'message'): void {
    const name =
      typeof payload === 'object' && payload !== null && 'type' in payload ? String(payload.type) : event
    for (const { left, topic: joined, handlers } of this.subscriptions) {
      if (!left && joined === topic) handlers.message(payload, name)
    }
  }

  present(topic: string, userIds: string[]): void {
    for (const { left, topic: joined, handlers } of this.subscriptions) {
      if (!left && joined === topic) handlers.presence?.(userIds)
    }
  }

  drop(reason: DownReason = 'socket'): void {
    this.current?.handlers.down(reason)
  }

  refuse(code: ClientErrorCode): void {
    this.current?.handlers.refused(code)
  }

  signIn(userId: string | null): void {
    this.#user = userId
    for (const listener of [...this.#identityListeners]) listener(userId)
  }

  page(event: PageEvent): void {
    for (const listener of [...this.#pageListeners]) listener(event)
  }
}

export function imageMessage(fields: Partial<ImageMessage> = {}): ImageMessage {
  return {
    type: 'image_processed',
    jobId: 'job-1',
    incidentId: 'incident-1',
    documentId: 'document-1',
    documentType: 'photo',
    status: 'completed',
    timestamp: '2026-11-23T10:00:00.000Z',
    ...fields,
  }
}

/** A tab as a person sees and uses it. */
export class FakeAttention implements AttentionSource {
  attention: Attention
  readonly #watchers = new Set<() => void>()

  constructor(visible: boolean) {
    this.attention = { visible, focusedAt: START, usedAt: START }
  }

  current(): Attention {
    return this.attention
  }

  watch(changed: () => void): () => void {
    this.#watchers.add(changed)
    return () => this.#watchers.delete(changed)
  }

  set(attention: Partial<Attention>): void {
    this.attention = { ...this.attention, ...attention }
    for (const changed of [...this.#watchers]) changed()
  }
}

/** A Storage of strings that can be told to fail. */
export class FakeStorage {
  readonly values = new Map<string, string>()
  blocked = false

  getItem(key: string): string | null {
    if (this.blocked) throw new DOMException('blocked', 'SecurityError')
    return this.values.get(key) ?? null
  }

  setItem(key: string, value: string): void {
    if (this.blocked) throw new DOMException('blocked', 'SecurityError')
    this.values.set(key, value)
  }

  removeItem(key: string): void {
    if (this.blocked) throw new DOMException('blocked', 'SecurityError')
    this.values.delete(key)
  }
}
