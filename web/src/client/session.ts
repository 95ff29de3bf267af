/**
 * One user's messages on this page, from `connect()` to its end. The feed stays; what feeds it changes:
 *
 *   alone, or leading   Connection: a socket of its own; what the feed tells is relayed to the other tabs
 *   following           Mirror: what the leading tab relays, and its state
 *   suspended           nothing, while the page lies in the back/forward cache
 */

import { AppError } from '../../../functions-shared/app-error.ts'
import type { JobMessage } from '../../../functions-shared/message-types.ts'
import { Connection, type ConnectionOptions } from './connection.ts'
import { type CloseReason, type ConnectionState, IDLE } from './connection-state.ts'
import { Feed, type FeedOptions, type Told } from './feed.ts'
import type { PageEvent } from './ports.ts'
import type { LostReason } from './sequencer.ts'
import type { AttentionSource } from './tabs/attention.ts'
import { Mirror } from './tabs/mirror.ts'
import type { OpenTabGroup, TabGroup } from './tabs/tab-group.ts'
import {
  type Attention,
  foremostOf,
  type LeaderMessage,
  parseTabMessage,
  TAB_PROTOCOL,
  type TabMessage,
} from './tabs/tab-messages.ts'

export interface SessionOptions extends FeedOptions, Omit<ConnectionOptions, 'feed'> {
  openTabs: OpenTabGroup
  attention: AttentionSource
  /** Of this tab, unique in the browser profile. */
  tabId: string
}

/** What a session tells the client. None of these may throw. */
export interface SessionListener {
  state(change: { old: ConnectionState; new: ConnectionState; reason: string }): void
  /** @param foremost whether this is the tab that people look at; true in one tab only. */
  message(message: JobMessage, delivery: { replayed: boolean; foremost: boolean }): void
  lost(reason: LostReason): void
  alive(latencyMs: number): void
  error(error: AppError): void
}

type Role =
  | { name: 'none' }
  | { name: 'leader'; connection: Connection }
  | { name: 'follower'; mirror: Mirror }

export class Session {
  readonly userId: string
  readonly #options: SessionOptions
  readonly #listener: SessionListener
  readonly #feed: Feed
  readonly #stopAttention: () => void
  /** While leading: the tabs that are there, this one included. */
  readonly #tabs = new Map<string, Attention>()
  #role: Role = { name: 'none' }
  /** Who leads, as far as a follower knows: a new leader has to be told about this tab. */
  #leaderId: string | null = null
  #group: TabGroup | null = null
  #state: ConnectionState = IDLE
  #ended = false

  constructor(options: SessionOptions, listener: SessionListener) {
    this.userId = options.userId
    this.#options = options
    this.#listener = listener
    this.#feed = new Feed(options, {
      message: (entry) => this.#tell(entry),
      told: (entries) => {
        if (this.#role.name === 'leader')
          this.#relay({ kind: 'messages', entries: [...entries], foremost: this.#foremost })
      },
      volatile: (message) => {
        this.#relay({ kind: 'volatile', message, foremost: this.#foremost })
        listener.message(message, { replayed: false, foremost: this.#foremost === options.tabId })
      },
      lost: (reason) => listener.lost(reason),
      error: (error) => listener.error(error),
      behind: () => {
        if (this.#role.name === 'leader') this.#role.connection.dispatch({ name: 'behind' })
        else if (this.#role.name === 'follower') this.#role.mirror.behind()
      },
    })
    this.#stopAttention = options.attention.watch(() => this.#attend())
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

  get closed(): boolean {
    return this.#ended
  }

  /** Leads, follows, or is alone: whatever the other tabs make of it. */
  start(): void {
    if (this.#ended || this.#role.name !== 'none') return
    const { openTabs, userId, tabId } = this.#options
    this.#group = openTabs(`claimwire:${TAB_PROTOCOL}:${userId}`, tabId, {
      lead: () => this.#lead(),
      deposed: () => this.#follow(),
      message: (data) => this.#hear(data),
      gone: (other) => this.#tabs.delete(other),
      unavailable: () => {
        this.#group = null
        this.#lead()
      },
    })
    if (this.#group === null) this.#lead()
    else this.#follow()
  }

  /** Final, and effective at once: no listener is called with a message afterwards. */
  close(reason: CloseReason): void {
    if (this.#ended) return
    this.#ended = true
    this.#feed.close()
    this.#stopAttention()
    this.#leave(reason)
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
      this.#group?.post({ from: this.#options.tabId, kind: 'retry' })
      this.#role.mirror.wake()
    }
  }

  ping(): void {
    if (this.#role.name === 'leader') this.#role.connection.ping()
    else this.#group?.post({ from: this.#options.tabId, kind: 'ping' })
  }

  #lead(): void {
    if (this.#ended || this.#role.name === 'leader') return
    if (this.#role.name === 'follower') this.#role.mirror.close()
    // The others make themselves known to a new leader.
    this.#tabs.clear()
    const connection = new Connection(
      { ...this.#options, feed: this.#feed },
      {
        changed: (state, event) => {
          if (this.#role.name !== 'leader' || this.#role.connection !== connection) return
          if (state.name === 'closed') this.close(state.reason)
          else this.#become(state, event.name)
          this.#relayState()
        },
        alive: (latencyMs) => {
          this.#listener.alive(latencyMs)
          this.#relay({ kind: 'alive', latencyMs })
        },
        error: (error) => this.#listener.error(error),
      },
    )
    this.#role = { name: 'leader', connection }
    this.#attend()
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
        post: (message) => this.#group?.post({ from: this.#options.tabId, ...message }),
      },
      {
        changed: (state, reason) => this.#become(state, reason),
        unreadable: (cause) => this.#unreadable(cause),
        leaderLost: () => this.#group?.steal(),
      },
    )
    this.#role = { name: 'follower', mirror }
    this.#options.transport.rest?.()
    mirror.start()
    this.#attend()
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
    this.#group?.close()
    this.#group = null
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
    const mine = this.#role.name === 'leader' && this.#foremost === this.#options.tabId
    this.#listener.message(message, { replayed, foremost: foremost ?? mine })
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

  get #foremost(): string {
    return foremostOf(this.#tabs) ?? this.#options.tabId
  }

  #relay(message: LeaderMessage): void {
    if (this.#role.name === 'leader') this.#group?.post({ from: this.#options.tabId, ...message })
  }

  #relayState(): void {
    this.#relay({ kind: 'state', state: this.#state, position: this.#feed.position })
  }

  #attend(): void {
    const attention = this.#options.attention.current()
    if (this.#role.name === 'leader') this.#tabs.set(this.#options.tabId, attention)
    else if (this.#role.name === 'follower') {
      this.#group?.post({ from: this.#options.tabId, kind: 'attention', attention })
    }
  }

  #hear(data: unknown): void {
    const message = parseTabMessage(data)
    if (message === null || this.#ended) return
    if (this.#role.name === 'leader') this.#answer(message, this.#role.connection)
    else if (this.#role.name === 'follower') this.#accept(message, this.#role.mirror)
  }

  #answer(message: TabMessage, connection: Connection): void {
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
      case 'attention':
        if (!this.#tabs.has(message.from)) this.#group?.watch(message.from)
        this.#tabs.set(message.from, message.attention)
        break
    }
  }

  #accept(message: TabMessage, mirror: Mirror): void {
    const foremost = 'foremost' in message && message.foremost === this.#options.tabId
    switch (message.kind) {
      case 'state':
        if (message.from !== this.#leaderId) this.#attend()
        this.#leaderId = message.from
        mirror.hear(message)
        break
      case 'messages':
        this.#feed.receiveRelayed(message.entries.map((entry) => ({ ...entry, foremost })))
        break
      case 'volatile':
        this.#listener.message(message.message, { replayed: false, foremost })
        break
      case 'alive':
        this.#listener.alive(message.latencyMs)
        break
    }
  }
}
