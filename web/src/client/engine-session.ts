/**
 * The engine's part of a user's session: one feed of messages, filled according to this tab's role.
 *
 *   leader      Connection: this tab holds the socket, and relays each message to the other tabs. A tab without others leads.
 *   follower    FollowerFeed: this tab hears the leading tab over BroadcastChannel.
 *   none        The page is in the back/forward cache.
 */

import type {
  NotificationReadMessage,
  RealtimeUpdateMessage,
  UserMessage,
} from '../../../functions-shared/message-types.ts'
import { isPong, parseSignal, type Signal } from '../../../functions-shared/parse-signal.ts'
import { ClientError } from './client-error.ts'
import { Connection, type ConnectionOptions, endOf } from './connection.ts'
import {
  type CloseReason,
  CONNECTING,
  type ConnectionState,
  isJoined,
  isReading,
  UNTRIED,
} from './connection-state.ts'
import type { ConnectionSettings } from './connection-transition.ts'
import { type DeliveredMessage, Feed, type FeedOptions } from './feed.ts'
import { readHistory } from './history.ts'
import type { Devices, Inbox, Mark, MarkTarget, PageEvent, Transport } from './ports.ts'
import type { LostReason } from './sequencer.ts'
import { FollowerFeed } from './tabs/follower-feed.ts'
import { TabCoordinator, type TabCoordinatorOptions } from './tabs/tab-coordinator.ts'
import type { FollowerMessage, LeaderMessage } from './tabs/tab-messages.ts'
import { SharedTopics } from './topics/shared-topics.ts'
import type { TopicRegistry } from './topics/topic-registry.ts'
import { UnreadCounter, type UnreadCounts } from './unread-counter.ts'

export interface EngineSessionOptions
  extends FeedOptions,
    Omit<ConnectionOptions, 'feed' | 'receive' | 'source' | 'settings'>,
    TabCoordinatorOptions {
  settings: Omit<ConnectionSettings, 'isWatched' | 'serverInterval'>
  inbox: Inbox
  devices: Devices | null
  /** Joins queue and incident topics. */
  topicTransport: Transport
  /** Null until the page follows a queue or an incident. */
  registry: () => TopicRegistry | null
}

/** Callbacks of a session. None may throw. */
export interface SessionListener {
  state(change: { old: ConnectionState; new: ConnectionState; reason: string }): void
  /** @param foremost whether this is the visible tab; true in one tab only. */
  message(message: UserMessage, delivery: { replayed: boolean; foremost: boolean }): void
  signal(signal: NotificationReadMessage | RealtimeUpdateMessage): void
  unread(counts: UnreadCounts | null): void
  lost(reason: LostReason): void
  /** Broadcasts were lost and arrive again: what is not in the table has to be read anew. */
  refresh(): void
  alive(latencyMs: number): void
  error(error: ClientError): void
}

/** Milliseconds after its last use, and after the last message, for which a visible page counts as watched. */
const WATCHED_FOR = 300_000

/** `waiting`: the browser has not said yet whether another tab leads. */
type Role = 'none' | 'waiting' | 'leader' | 'follower'

export class EngineSession {
  readonly userId: string
  readonly #options: EngineSessionOptions
  readonly #listener: SessionListener
  readonly #feed: Feed
  readonly #tabs: TabCoordinator
  readonly #unread: UnreadCounter
  #role: Role = 'none'
  /** While leading. */
  #connection: Connection | null = null
  /** While leading, from the first queue or incident that a tab follows. */
  #sharedTopics: SharedTopics | null = null
  /** While following. */
  #followerFeed: FollowerFeed | null = null
  /** `UserSession` has already reported this first state. */
  #state: ConnectionState = CONNECTING
  #ended = false
  readonly #abort = new AbortController()
  #toldAt = Number.NEGATIVE_INFINITY
  #relayedAt = Number.NEGATIVE_INFINITY
  /** The page was told to load its state again, and has not been live since. */
  #reloaded = false

  constructor(options: EngineSessionOptions, listener: SessionListener) {
    this.userId = options.userId
    this.#options = options
    this.#listener = listener
    this.#feed = new Feed(options, {
      message: (entry) => this.#deliver(entry),
      told: (entries) => {
        this.#toldAt = options.clock()
        this.#unread.update()
        this.#relay({ kind: 'messages', entries: [...entries], visibleTabId: this.#tabs.visibleTabId })
      },
      volatile: (message) => {
        const { visibleTabId } = this.#tabs
        this.#relay({ kind: 'volatile', message, visibleTabId })
        listener.message(message, { replayed: false, foremost: this.#tabs.isThis(visibleTabId) })
      },
      lost: (reason) => {
        this.#reloaded = true
        listener.lost(reason)
      },
      error: (error) => listener.error(error),
      behind: () => {
        this.#connection?.dispatch({ name: 'behind', isGap: true })
        this.#followerFeed?.behind()
      },
    })
    this.#tabs = new TabCoordinator(options, {
      lead: () => this.#lead(),
      follow: () => this.#follow(),
      asked: (message, from) => this.#handleFollowerMessage(message, from),
      gone: (tabId) => this.#sharedTopics?.removeTab(tabId),
      newLeader: () => {
        options.registry()?.allLeft()
        this.topicsChanged()
      },
      told: (message) => this.#handleLeaderMessage(message),
      attended: () => this.#attended(),
    })
    this.#unread = new UnreadCounter({
      userId: options.userId,
      inbox: options.inbox,
      position: () => this.#feed.position,
      timers: options.timers,
      changed: (counts) => listener.unread(counts),
      counted: () => this.#relayState(),
      delegate: () => {
        if (this.#role === 'follower') this.#tabs.post({ kind: 'recount' })
        return this.#role === 'follower'
      },
    })
  }

  get state(): ConnectionState {
    return this.#state
  }

  get lastSeq(): number {
    return this.#feed.position?.seq ?? 0
  }

  get recovered(): boolean {
    return this.#feed.recovered
  }

  get unread(): UnreadCounts | null {
    return this.#unread.counts
  }

  get closed(): boolean {
    return this.#ended
  }

  /** Joins the user's tabs, and becomes leader or follower. */
  start(): void {
    if (this.#ended || this.#role !== 'none') return
    this.#role = 'waiting'
    this.#setState(CONNECTING, 'connect')
    this.#tabs.open()
  }

  /**
   * Final: no listener is called with a message afterwards.
   *
   * @returns resolves when the device's place is free, or could not be given up. Only `disconnect` gives it up: after the
   *   other reasons the user has no token any more.
   */
  close(reason: CloseReason): Promise<void> {
    if (this.#ended) return Promise.resolve()
    this.#ended = true
    this.#abort.abort()
    this.#feed.close()
    this.#unread.close()
    if (reason === 'account-deleted') this.#options.cursors.forget(this.userId)
    const isLast = reason === 'disconnect' && this.#connection !== null && this.#tabs.alone
    const unregistered = isLast ? this.#unregisterDevice() : Promise.resolve()
    this.#leave(reason)
    this.#tabs.close()
    this.#setState({ name: 'closed', reason }, 'close')
    return unregistered
  }

  page(event: PageEvent): void {
    if (event === 'suspend') this.#suspend()
    else if (event === 'wake' && this.#role === 'none') this.start()
    else {
      this.#connection?.dispatch({ name: event })
      if (event !== 'offline') this.#followerFeed?.wake()
    }
  }

  retryNow(): void {
    this.#connection?.dispatch({ name: 'retry-now' })
    if (this.#role === 'follower') this.#tabs.post({ kind: 'retry' })
    this.#followerFeed?.wake()
  }

  ping(): void {
    if (this.#connection !== null) this.#connection.ping()
    else this.#tabs.post({ kind: 'ping' })
  }

  /** The page follows other queues or incidents than before. */
  topicsChanged(): void {
    const topics = this.#options.registry()?.topics ?? []
    if (this.#role === 'leader') this.#setTopics(this.#options.tabId, topics)
    else if (this.#role === 'follower') this.#tabs.post({ kind: 'topics', topics })
  }

  /** The latest notifications up to the last delivered one, newest first. */
  history(limit: number): Promise<UserMessage[]> {
    return readHistory(this.#options, this.lastSeq, limit, this.#abort.signal)
  }

  /** @returns the number of notifications that changed. */
  async mark(target: MarkTarget, mark: Mark): Promise<number> {
    if (this.#ended) throw new ClientError('not_signed_in')
    return this.#unread.mark(target, mark)
  }

  #lead(): void {
    if (this.#ended || this.#role === 'leader') return
    this.#endRole('disconnect')
    this.#role = 'leader'
    const settings: ConnectionSettings = {
      ...this.#options.settings,
      isWatched: () => this.#isWatched,
      serverInterval: () => this.#feed.serverInterval,
    }
    const connection = new Connection(
      { ...this.#options, settings, feed: this.#feed, receive: (payload) => this.#receive(payload) },
      {
        changed: (state, event) => {
          if (this.#connection !== connection) return
          const old = this.#state
          if (state.name === 'closed') this.close(state.reason)
          else this.#setState(state, event.name)
          if (event.name !== 'confirmed' || this.#isRelayDue) this.#relayState()
          if (this.#sharedTopics !== null) this.#sharedTopics.up = isJoined(this.#state)
          if (state.name === 'live') this.#reloaded = false
          if (state.name === 'live') this.#unread.confirmed(old.name !== 'live')
          else if (event.name === 'caught-up') this.#unread.confirmed(!isReading(old))
        },
        alive: (latencyMs) => {
          this.#listener.alive(latencyMs)
          this.#relay({ kind: 'alive', latencyMs })
        },
        refresh: () => {
          // The page already loads its state again.
          if (this.#reloaded) return
          this.#relay({ kind: 'refresh' })
          this.#sharedTopics?.refresh()
          this.#listener.refresh()
        },
        error: (error) => this.#listener.error(error),
      },
    )
    this.#connection = connection
    this.#options.registry()?.allLeft()
    this.topicsChanged()
    connection.dispatch({ name: 'connect' })
  }

  #follow(): void {
    if (this.#ended || this.#role === 'follower') return
    this.#endRole('disconnect')
    this.#role = 'follower'
    this.#setState(CONNECTING, 'follow')
    this.#options.transport.rest?.()
    this.#followerFeed = new FollowerFeed(
      { ...this.#options, feed: this.#feed, post: (message) => this.#tabs.post(message) },
      {
        changed: (state, reason) => this.#setState(state, reason),
        unreadable: (cause) => this.#unreadable(cause),
        leaderLost: () => this.#tabs.steal(),
      },
    )
    this.#followerFeed.start()
  }

  #suspend(): void {
    if (this.#ended || this.#role === 'none') return
    this.#leave('disconnect')
    const retryAt = this.#options.clock()
    this.#setState({ name: 'offline', ...UNTRIED, retryAt, reason: 'suspended' }, 'suspend')
  }

  /** Ends this tab's role. Another tab may lead now. */
  #leave(reason: CloseReason): void {
    this.#endRole(reason)
    this.#options.registry()?.allLeft()
    this.#tabs.leave()
  }

  #endRole(reason: CloseReason): void {
    this.#role = 'none'
    this.#followerFeed?.close()
    this.#followerFeed = null
    this.#sharedTopics?.close()
    this.#sharedTopics = null
    const connection = this.#connection
    this.#connection = null
    connection?.close(reason)
  }

  /** The only place where the state changes. */
  #setState(state: ConnectionState, reason: string): void {
    const old = this.#state
    if (old.name === 'closed') return
    this.#state = state
    if (state.name !== old.name || isReading(state) !== isReading(old))
      this.#listener.state({ old, new: state, reason })
  }

  #deliver({ message, replayed, isVisibleTab }: DeliveredMessage): void {
    // A message that a following tab read from the table is shown by the leader's choice of tab.
    const leadsVisibly = this.#role === 'leader' && this.#tabs.isThis(this.#tabs.visibleTabId)
    this.#listener.message(message, { replayed, foremost: isVisibleTab ?? leadsVisibly })
  }

  /** Whether a tab is visible, and was used or told something a short time ago. */
  get #isWatched(): boolean {
    const { usedAt } = this.#tabs
    return usedAt !== null && this.#options.clock() - Math.max(usedAt, this.#toldAt) < WATCHED_FOR
  }

  /** Looks at once where the present distance between two looks is that of a page that nobody watches. */
  #attended(): void {
    const { clock, settings } = this.#options
    const { state } = this
    const isDue = state.name === 'live' && clock() - state.confirmedAt > settings.watchInterval
    if (isDue && this.#isWatched) this.#connection?.dispatch({ name: 'check-due' })
  }

  #receive(payload: unknown): void {
    // It shows that broadcasts arrive, as every other message does.
    if (isPong(payload)) return
    const signal = parseSignal(payload)
    if (signal === null) this.#feed.receive(payload)
    else {
      this.#relay({ kind: 'signal', signal })
      this.#signal(signal)
    }
  }

  #signal(signal: Signal): void {
    if (this.#ended) return
    if (signal.type === 'notification_read') {
      this.#unread.hear(signal)
      this.#listener.signal(signal)
    } else if (signal.type === 'realtime_update') {
      this.#listener.signal(signal)
    } else if (signal.deviceId === this.#options.devices?.deviceId && this.#connection !== null) {
      const { displacedBy } = signal
      this.#listener.error(new ClientError(signal.code, { details: { displacedBy } }))
      this.#connection?.dispatch({ name: 'refused', code: signal.code })
    }
  }

  /** Frees the device's place at once. The database would free it after 60 s of silence. */
  async #unregisterDevice(): Promise<void> {
    await this.#options.devices?.unregister().catch(() => undefined)
  }

  #unreadable(cause: unknown): boolean {
    if (this.#ended) return false
    const ending = endOf(cause)
    if (ending !== null) {
      this.close(ending)
      return false
    }
    this.#listener.error(new ClientError('history_unavailable', { cause }))
    return true
  }

  // queues and incidents

  #setTopics(tabId: string, topics: readonly string[]): void {
    if (this.#sharedTopics === null && topics.length > 0) this.#sharedTopics = this.#createSharedTopics()
    this.#sharedTopics?.setTopics(tabId, topics)
  }

  #createSharedTopics(): SharedTopics {
    const sharedTopics = new SharedTopics({
      ...this.#options,
      transport: this.#options.topicTransport,
      happened: (topic, event) => {
        this.#relay({ kind: 'topic', topic, event })
        this.#options.registry()?.happened(topic, event)
      },
    })
    sharedTopics.up = isJoined(this.#state)
    return sharedTopics
  }

  // between tabs

  #relay(message: LeaderMessage): void {
    if (this.#role === 'leader') this.#tabs.post(message)
  }

  /** Following tabs expect the leader's state once in a check interval. */
  get #isRelayDue(): boolean {
    const { clock, settings } = this.#options
    return clock() - this.#relayedAt >= settings.checkInterval / 2
  }

  #relayState(): void {
    this.#relayedAt = this.#options.clock()
    this.#relay({
      kind: 'state',
      state: this.#state,
      position: this.#feed.position,
      counts: this.#unread.base,
    })
  }

  #handleFollowerMessage(message: FollowerMessage, from: string): void {
    const connection = this.#connection
    switch (message.kind) {
      case 'ask':
        this.#relayState()
        if (message.look) connection?.dispatch({ name: 'wake' })
        break
      case 'retry':
        connection?.dispatch({ name: 'retry-now' })
        break
      case 'ping':
        connection?.ping()
        break
      case 'recount':
        this.#unread.recount()
        break
      case 'topics':
        this.#setTopics(from, message.topics)
        break
    }
  }

  #handleLeaderMessage(message: LeaderMessage): void {
    if (this.#role !== 'follower') return
    const isVisibleTab = 'visibleTabId' in message && this.#tabs.isThis(message.visibleTabId)
    switch (message.kind) {
      case 'state':
        this.#unread.adopt(message.counts)
        this.#followerFeed?.hear(message)
        break
      case 'messages':
        this.#feed.receiveRelayed(message.entries.map((entry) => ({ ...entry, isVisibleTab })))
        break
      case 'volatile':
        this.#listener.message(message.message, { replayed: false, foremost: isVisibleTab })
        break
      case 'signal':
        this.#signal(message.signal)
        break
      case 'topic':
        this.#options.registry()?.happened(message.topic, message.event)
        break
      case 'alive':
        this.#listener.alive(message.latencyMs)
        break
      case 'refresh':
        this.#listener.refresh()
        break
    }
  }
}
