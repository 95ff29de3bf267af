/**
 * One user's messages on this page, from `connect()` to its end. The feed stays; what feeds it changes:
 *
 *   alone, or leading   Connection: a socket of its own; what the feed tells is relayed to the other tabs
 *   following           Mirror: what the leading tab relays, and its state
 *   suspended           nothing, while the page lies in the back/forward cache
 */

import { AppError } from '../../../functions-shared/app-error.ts'
import type { JobMessage, NotificationReadMessage } from '../../../functions-shared/message-types.ts'
import { parseSignal, type Signal } from '../../../functions-shared/parse-signal.ts'
import { Connection, type ConnectionOptions } from './connection.ts'
import { type CloseReason, type ConnectionState, IDLE } from './connection-state.ts'
import { Feed, type FeedOptions, type Told } from './feed.ts'
import type { Devices, Inbox, Mark, MarkTarget, PageEvent } from './ports.ts'
import type { LostReason } from './sequencer.ts'
import { Mirror } from './tabs/mirror.ts'
import { TabLink, type TabLinkOptions } from './tabs/tab-link.ts'
import type { FollowerMessage, LeaderMessage } from './tabs/tab-messages.ts'
import { Unread, type UnreadCounts } from './unread.ts'

export interface SessionOptions
  extends FeedOptions,
    Omit<ConnectionOptions, 'feed' | 'receive'>,
    TabLinkOptions {
  inbox: Inbox
  devices: Devices | null
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
  error(error: AppError): void
}

/** Milliseconds until the devices have heard of a mark, if they do at all. */
const MARK_HEARD_WITHIN = 1_000

/** Every so many confirmations the counts are asked for: the message that tells of a mark can be lost, too. */
const CONFIRMATIONS_BETWEEN_COUNTS = 4

type Role =
  | { name: 'none' }
  | { name: 'leader'; connection: Connection }
  | { name: 'follower'; mirror: Mirror }

export class Session {
  readonly userId: string
  readonly #options: SessionOptions
  readonly #listener: SessionListener
  readonly #feed: Feed
  readonly #unread: Unread
  readonly #tabs: TabLink
  #role: Role = { name: 'none' }
  #state: ConnectionState = IDLE
  #confirmations = 0
  #ended = false

  constructor(options: SessionOptions, listener: SessionListener) {
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
        if (this.#role.name === 'leader') this.#role.connection.dispatch({ name: 'behind' })
        else if (this.#role.name === 'follower') this.#role.mirror.behind()
      },
    })
    this.#unread = new Unread({
      userId: options.userId,
      inbox: options.inbox,
      position: () => this.#feed.position,
      changed: (counts) => listener.unread(counts),
    })
    this.#tabs = new TabLink(options, {
      lead: () => this.#lead(),
      follow: () => this.#follow(),
      asked: (message) => this.#answer(message),
      told: (message) => this.#accept(message),
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
    if (!this.#ended && this.#role.name === 'none') this.#tabs.open()
  }

  /** Final, and effective at once: no listener is called with a message afterwards. */
  close(reason: CloseReason): void {
    if (this.#ended) return
    this.#ended = true
    this.#feed.close()
    this.#unread.close()
    if (this.#role.name === 'leader' && this.#tabs.alone) this.#giveUpPlace()
    this.#leave(reason)
    this.#tabs.close()
    this.#become({ name: 'closed', reason }, 'close')
  }

  page(event: PageEvent): void {
    if (event === 'suspend') this.#suspend()
    else if (event === 'wake' && this.#role.name === 'none') this.start()
    else if (this.#role.name === 'leader') this.#role.connection.dispatch({ name: event })
    else if (this.#role.name === 'follower' && event !== 'offline') this.#role.mirror.wake()
  }

  retryNow(): void {
    if (this.#role.name === 'leader') this.#role.connection.dispatch({ name: 'retry-now' })
    else if (this.#role.name === 'follower') {
      this.#tabs.post({ kind: 'retry' })
      this.#role.mirror.wake()
    }
  }

  ping(): void {
    if (this.#role.name === 'leader') this.#role.connection.ping()
    else this.#tabs.post({ kind: 'ping' })
  }

  /** Tells all devices; where nothing is heard of it, the counts are asked for. */
  async mark(target: MarkTarget, mark: Mark): Promise<number> {
    const { inbox, timers } = this.#options
    const { heard } = this.#unread
    const changed = await inbox.mark(this.userId, target, mark)
    if (changed > 0) {
      timers.set(() => {
        if (!this.#ended && heard === this.#unread.heard) this.#recount()
      }, MARK_HEARD_WITHIN)
    }
    return changed
  }

  #lead(): void {
    if (this.#ended || this.#role.name === 'leader') return
    if (this.#role.name === 'follower') this.#role.mirror.close()
    const connection = new Connection(
      { ...this.#options, feed: this.#feed, receive: (payload) => this.#receive(payload) },
      {
        changed: (state, event) => {
          if (this.#role.name !== 'leader' || this.#role.connection !== connection) return
          const live = state.name === 'live'
          const countDue =
            live && (this.#state.name !== 'live' || ++this.#confirmations >= CONFIRMATIONS_BETWEEN_COUNTS)
          if (state.name === 'closed') this.close(state.reason)
          else this.#become(state, event.name)
          this.#relayState()
          if (countDue) this.#recount()
        },
        alive: (latencyMs) => {
          this.#listener.alive(latencyMs)
          this.#relay({ kind: 'alive', latencyMs })
        },
        error: (error) => this.#listener.error(error),
      },
    )
    this.#role = { name: 'leader', connection }
    connection.dispatch({ name: 'connect' })
  }

  #follow(): void {
    if (this.#ended || this.#role.name === 'follower') return
    if (this.#role.name === 'leader') this.#dismiss('disconnect')
    // The lead can be taken while the group is being opened.
    const mirror = new Mirror(
      {
        ...this.#options,
        feed: this.#feed,
        post: (message) => this.#tabs.post(message),
      },
      {
        changed: (state, reason) => this.#become(state, reason),
        unreadable: (cause) => this.#unreadable(cause),
        leaderLost: () => this.#tabs.steal(),
      },
    )
    this.#role = { name: 'follower', mirror }
    this.#options.transport.rest?.()
    mirror.start()
  }

  #suspend(): void {
    if (this.#ended || this.#role.name === 'none') return
    this.#leave('disconnect')
    const retryAt = this.#options.clock()
    this.#become({ name: 'offline', failures: 0, retryAt, reason: 'suspended' }, 'suspend')
  }

  /** Ends whatever role there is, and frees the lead for another tab. */
  #leave(reason: CloseReason): void {
    if (this.#role.name === 'follower') this.#role.mirror.close()
    else if (this.#role.name === 'leader') this.#dismiss(reason)
    this.#role = { name: 'none' }
    this.#tabs.leave()
  }

  #dismiss(reason: CloseReason): void {
    if (this.#role.name !== 'leader') return
    const { connection } = this.#role
    this.#role = { name: 'none' }
    connection.close(reason)
  }

  /** The one place where the state changes. */
  #become(state: ConnectionState, reason: string): void {
    const old = this.#state
    if (old.name === 'closed') return
    this.#state = state
    if (state.name !== old.name) this.#listener.state({ old, new: state, reason })
  }

  #tell({ message, replayed, foremost }: Told): void {
    // What a follower read by itself has been told in another tab, or will be.
    const mine = this.#role.name === 'leader' && this.#tabs.isThis(this.#tabs.foremost)
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
    if (signal.type === 'notification_read') {
      this.#unread.hear(signal)
      this.#listener.signal(signal)
    } else if (signal.deviceId === this.#options.devices?.deviceId && this.#role.name === 'leader') {
      const { displacedBy } = signal
      this.#listener.error(new AppError(signal.code, { details: { displacedBy } }))
      this.#role.connection.dispatch({ name: 'refused', code: signal.code })
    }
  }

  #recount(): void {
    if (this.#role.name === 'follower') {
      this.#tabs.post({ kind: 'recount' })
      return
    }
    this.#confirmations = 0
    void this.#unread.refresh().then((answered) => {
      if (answered) this.#relayState()
    })
  }

  /** The database forgets a silent device by itself; this is for whoever wants its place now. */
  #giveUpPlace(): void {
    this.#options.devices?.unregister().catch(() => undefined)
  }

  #unreadable(cause: unknown): boolean {
    if (this.#ended) return false
    if (cause instanceof AppError && cause.code === 'user_mismatch') {
      this.close('user-changed')
      return false
    }
    this.#listener.error(new AppError('history_unavailable', { cause }))
    return true
  }

  // between tabs

  #relay(message: LeaderMessage): void {
    if (this.#role.name === 'leader') this.#tabs.post(message)
  }

  #relayState(): void {
    this.#relay({
      kind: 'state',
      state: this.#state,
      position: this.#feed.position,
      counts: this.#unread.base,
    })
  }

  #answer(message: FollowerMessage): void {
    if (this.#role.name !== 'leader') return
    const { connection } = this.#role
    switch (message.kind) {
      case 'ask':
        this.#relayState()
        if (message.look) connection.dispatch({ name: 'wake' })
        break
      case 'retry':
        connection.dispatch({ name: 'retry-now' })
        break
      case 'ping':
        connection.ping()
        break
      case 'recount':
        this.#recount()
        break
    }
  }

  #accept(message: LeaderMessage): void {
    if (this.#role.name !== 'follower') return
    const foremost = 'foremost' in message && this.#tabs.isThis(message.foremost)
    switch (message.kind) {
      case 'state':
        this.#unread.adopt(message.counts)
        this.#role.mirror.hear(message)
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
      case 'alive':
        this.#listener.alive(message.latencyMs)
        break
    }
  }
}
