/**
 * One user's messages on this page, from `connect()` to its end. The feed stays; what feeds it changes:
 *
 *   alone, or leading   Connection: a socket of its own; what the feed tells is relayed to the other tabs
 *   following           FollowerFeed: what the leading tab relays, and its state
 *   suspended           nothing, while the page lies in the back/forward cache
 */

import type { JobMessage, NotificationReadMessage } from '../../../functions-shared/message-types.ts'
import { parseSignal, type Signal } from '../../../functions-shared/parse-signal.ts'
import { ClientError, hasCode } from './client-error.ts'
import { Connection, type ConnectionOptions } from './connection.ts'
import { type CloseReason, type ConnectionState, isJoined } from './connection-state.ts'
import { type DeliveredMessage, Feed, type FeedOptions } from './feed.ts'
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
    Omit<ConnectionOptions, 'feed' | 'receive'>,
    TabCoordinatorOptions {
  inbox: Inbox
  devices: Devices | null
  /** For the topics beside the user's own. */
  topicTransport: Transport
  /** Null as long as nobody on the page has listened to another topic. */
  registry: () => TopicRegistry | null
}

/** What a session tells the client. None of these may throw. */
export interface SessionListener {
  state(change: { old: ConnectionState; new: ConnectionState; reason: string }): void
  /** @param foremost whether this is the tab that people look at; true in one tab only. */
  message(message: JobMessage, delivery: { replayed: boolean; foremost: boolean }): void
  signal(signal: NotificationReadMessage): void
  unread(counts: UnreadCounts | null): void
  lost(reason: LostReason): void
  alive(latencyMs: number): void
  error(error: ClientError): void
}

/** `waiting`: it is not known yet whether another tab leads. */
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
  /** While leading, once a tab has wanted another topic. */
  #host: SharedTopics | null = null
  /** While following. */
  #followerFeed: FollowerFeed | null = null
  /** Whoever opened it has said so. */
  #state: ConnectionState = { name: 'connecting', failures: 0 }
  #ended = false

  constructor(options: EngineSessionOptions, listener: SessionListener) {
    this.userId = options.userId
    this.#options = options
    this.#listener = listener
    this.#feed = new Feed(options, {
      message: (entry) => this.#tell(entry),
      told: (entries) => {
        this.#unread.update()
        this.#relay({ kind: 'messages', entries: [...entries], foremost: this.#tabs.foremost })
      },
      volatile: (message) => {
        const { foremost } = this.#tabs
        this.#relay({ kind: 'volatile', message, foremost })
        listener.message(message, { replayed: false, foremost: this.#tabs.isThis(foremost) })
      },
      lost: (reason) => listener.lost(reason),
      error: (error) => listener.error(error),
      behind: () => {
        this.#connection?.dispatch({ name: 'behind' })
        this.#followerFeed?.behind()
      },
    })
    this.#tabs = new TabCoordinator(options, {
      lead: () => this.#lead(),
      follow: () => this.#follow(),
      asked: (message, from) => this.#answer(message, from),
      gone: (tabId) => this.#host?.gone(tabId),
      newLeader: () => {
        options.registry()?.allLeft()
        this.topicsChanged()
      },
      told: (message) => this.#accept(message),
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

  /** Leads, follows, or is alone: whatever the other tabs make of it. */
  start(): void {
    if (this.#ended || this.#role !== 'none') return
    this.#role = 'waiting'
    this.#become({ name: 'connecting', failures: 0 }, 'connect')
    this.#tabs.open()
  }

  /** Final, and effective at once: no listener is called with a message afterwards. */
  close(reason: CloseReason): void {
    if (this.#ended) return
    this.#ended = true
    this.#feed.close()
    this.#unread.close()
    if (this.#connection !== null && this.#tabs.alone) this.#giveUpPlace()
    this.#leave(reason)
    this.#tabs.close()
    this.#become({ name: 'closed', reason }, 'close')
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

  /** Other topics are wanted on this page than before. */
  topicsChanged(): void {
    const topics = this.#options.registry()?.topics ?? []
    if (this.#role === 'leader') this.#want(this.#options.tabId, topics)
    else if (this.#role === 'follower') this.#tabs.post({ kind: 'topics', topics })
  }

  /** @returns how many changed. */
  async mark(target: MarkTarget, mark: Mark): Promise<number> {
    if (this.#ended) throw new ClientError('not_signed_in')
    return this.#unread.mark(target, mark)
  }

  #lead(): void {
    if (this.#ended || this.#role === 'leader') return
    this.#dismiss('disconnect')
    this.#role = 'leader'
    const connection = new Connection(
      { ...this.#options, feed: this.#feed, receive: (payload) => this.#receive(payload) },
      {
        changed: (state, event) => {
          if (this.#connection !== connection) return
          const old = this.#state
          if (state.name === 'closed') this.close(state.reason)
          else this.#become(state, event.name)
          this.#relayState()
          if (this.#host !== null) this.#host.up = isJoined(this.#state)
          if (state.name === 'live') this.#unread.confirmed(old.name !== 'live')
        },
        alive: (latencyMs) => {
          this.#listener.alive(latencyMs)
          this.#relay({ kind: 'alive', latencyMs })
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
    this.#dismiss('disconnect')
    this.#role = 'follower'
    this.#become({ name: 'connecting', failures: 0 }, 'follow')
    this.#options.transport.rest?.()
    this.#followerFeed = new FollowerFeed(
      { ...this.#options, feed: this.#feed, post: (message) => this.#tabs.post(message) },
      {
        changed: (state, reason) => this.#become(state, reason),
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
    this.#become({ name: 'offline', failures: 0, retryAt, reason: 'suspended' }, 'suspend')
  }

  /** Ends whatever role there is, and frees the lead for another tab. */
  #leave(reason: CloseReason): void {
    this.#dismiss(reason)
    this.#options.registry()?.allLeft()
    this.#tabs.leave()
  }

  #dismiss(reason: CloseReason): void {
    this.#role = 'none'
    this.#followerFeed?.close()
    this.#followerFeed = null
    this.#host?.close()
    this.#host = null
    const connection = this.#connection
    this.#connection = null
    connection?.close(reason)
  }

  /** The one place where the state changes. */
  #become(state: ConnectionState, reason: string): void {
    const old = this.#state
    if (old.name === 'closed') return
    this.#state = state
    if (state.name !== old.name) this.#listener.state({ old, new: state, reason })
  }

  #tell({ message, replayed, foremost }: DeliveredMessage): void {
    // What a follower read by itself has been told in another tab, or will be.
    const mine = this.#role === 'leader' && this.#tabs.isThis(this.#tabs.foremost)
    this.#listener.message(message, { replayed, foremost: foremost ?? mine })
  }

  #receive(payload: unknown): void {
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
    } else if (signal.deviceId === this.#options.devices?.deviceId && this.#connection !== null) {
      const { displacedBy } = signal
      this.#listener.error(new ClientError(signal.code, { details: { displacedBy } }))
      this.#connection?.dispatch({ name: 'refused', code: signal.code })
    }
  }

  /** The database forgets a silent device by itself; this is for whoever wants its place now. */
  #giveUpPlace(): void {
    this.#options.devices?.unregister().catch(() => undefined)
  }

  #unreadable(cause: unknown): boolean {
    if (this.#ended) return false
    if (hasCode(cause, 'user_mismatch')) {
      this.close('user-changed')
      return false
    }
    this.#listener.error(new ClientError('history_unavailable', { cause }))
    return true
  }

  // other topics

  #want(tabId: string, topics: readonly string[]): void {
    if (this.#host === null && topics.length > 0) this.#host = this.#createHost()
    this.#host?.want(tabId, topics)
  }

  #createHost(): SharedTopics {
    const host = new SharedTopics({
      ...this.#options,
      transport: this.#options.topicTransport,
      happened: (topic, event) => {
        this.#relay({ kind: 'topic', topic, event })
        this.#options.registry()?.happened(topic, event)
      },
    })
    host.up = isJoined(this.#state)
    return host
  }

  // between tabs

  #relay(message: LeaderMessage): void {
    if (this.#role === 'leader') this.#tabs.post(message)
  }

  #relayState(): void {
    this.#relay({
      kind: 'state',
      state: this.#state,
      position: this.#feed.position,
      counts: this.#unread.base,
    })
  }

  #answer(message: FollowerMessage, from: string): void {
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
        this.#want(from, message.topics)
        break
    }
  }

  #accept(message: LeaderMessage): void {
    if (this.#role !== 'follower') return
    const foremost = 'foremost' in message && this.#tabs.isThis(message.foremost)
    switch (message.kind) {
      case 'state':
        this.#unread.adopt(message.counts)
        this.#followerFeed?.hear(message)
        break
      case 'messages':
        this.#feed.receiveRelayed(message.entries.map((entry) => ({ ...entry, foremost })))
        break
      case 'volatile':
        this.#listener.message(message.message, { replayed: false, foremost })
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
    }
  }
}
