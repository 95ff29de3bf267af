/**
 * Keeps the feed of a following tab complete, and derives the tab's state from the leader's state and cursor.
 *
 *   leader live, this tab has its cursor   live
 *   leader live, this tab is behind        catching-up (reads the table itself), stale while reading fails
 *   leader in any other state              the leader's state; while the leader reads the table, this tab has its cursor too
 *   leader silent for too long             asked for its state; without an answer this tab takes the lead
 */

import { backoffDelay } from '../../../../functions-shared/backoff.ts'
import { CONNECTING, type ConnectionState, isReading } from '../connection-state.ts'
import type { ConnectionSettings } from '../connection-transition.ts'
import type { Feed } from '../feed.ts'
import type { Clock, Timers } from '../ports.ts'
import type { Position } from '../sequencer.ts'
import type { FollowerMessage, LeaderState } from './tab-messages.ts'

export interface FollowerFeedOptions {
  feed: Pick<Feed, 'catchUp' | 'position'>
  settings: Pick<ConnectionSettings, 'checkInterval' | 'reconnectDelay' | 'maxReconnectDelay' | 'random'>
  clock: Clock
  timers: Timers
  post(message: FollowerMessage): void
}

/** Callbacks. None may throw. */
export interface FollowerFeedListener {
  changed(state: ConnectionState, reason: string): void
  /** The table could not be read. @returns whether to try again. */
  unreadable(cause: unknown): boolean
  /** The leader does not answer. */
  leaderLost(): void
}

/** State of this tab's own reading of the table. `at`: when a failed read is tried again. */
export type OwnReading =
  | { kind: 'complete' }
  | { kind: 'reading' }
  | { kind: 'failed'; reads: number; at: number }

/** Milliseconds within which a running leader answers, also on a slow machine. */
const ANSWER_WITHIN = 1_500

/** The state of a following tab. @param leader null before the leader's first message. */
export function followerState(
  leader: ConnectionState | null,
  own: OwnReading,
  silent: boolean,
): ConnectionState {
  if (leader === null || leader.name === 'idle' || leader.name === 'closed') {
    return CONNECTING
  }
  if (leader.name !== 'live') return leader
  const { failures, breaks, joinedAt } = leader
  const behind = { failures, breaks, joinedAt, reading: false, loss: null }
  if (own.kind === 'reading') return { name: 'catching-up', ...behind }
  if (own.kind === 'failed') return { name: 'stale', ...behind, reads: own.reads, retryAt: own.at }
  return silent ? { name: 'stale', ...behind, reads: 0, retryAt: null } : leader
}

export class FollowerFeed {
  readonly #options: FollowerFeedOptions
  readonly #listener: FollowerFeedListener
  #state: ConnectionState = CONNECTING
  #leader: ConnectionState | null = null
  #own: OwnReading = { kind: 'complete' }
  #silent = false
  #reading = false
  #closed = false
  /** Timer until the leader is overdue, or has to have answered. */
  #patience: unknown = null
  #retry: unknown = null

  constructor(options: FollowerFeedOptions, listener: FollowerFeedListener) {
    this.#options = options
    this.#listener = listener
  }

  get state(): ConnectionState {
    return this.#state
  }

  start(): void {
    this.#listener.changed(this.#state, 'follow')
    this.#ask(false)
  }

  /** A state message of the leader. */
  hear({ state, position }: LeaderState): void {
    this.#leader = state
    this.#silent = false
    const { clock, settings } = this.#options
    // By then a running leader has sent its next state.
    const heardBy = (state.name === 'live' ? state.confirmedAt : clock()) + settings.checkInterval
    this.#wait(Math.max(0, heardBy - clock()), () => this.#overdue())
    const isComplete = state.name === 'live' || isReading(state)
    if (isComplete && !this.#reading && !this.#has(position)) void this.#catchUp()
    else if (isComplete && this.#own.kind === 'failed' && this.#has(position)) this.#setComplete()
    this.#update('leader')
  }

  /** The feed found a gap. */
  behind(): void {
    if (!this.#reading && this.#own.kind !== 'failed') void this.#catchUp()
    this.#update('behind')
  }

  /** The page woke up, or a person asks for a retry. The leading tab may be frozen. */
  wake(): void {
    if (this.#own.kind === 'failed') void this.#catchUp()
    const { clock, settings } = this.#options
    // After a sleep the leader's last state is out of date until the leader has answered.
    if (this.#state.name === 'live' && clock() - this.#state.confirmedAt > settings.checkInterval)
      this.#silent = true
    this.#update('wake')
    this.#ask(true)
  }

  close(): void {
    this.#closed = true
    const { timers } = this.#options
    for (const handle of [this.#patience, this.#retry]) if (handle !== null) timers.clear(handle)
  }

  #has(position: Position | null): boolean {
    const own = this.#options.feed.position
    if (position === null || own === null) return own === position
    return own.epoch === position.epoch && own.seq >= position.seq
  }

  #ask(look: boolean): void {
    this.#wait(ANSWER_WITHIN, () => this.#listener.leaderLost())
    this.#options.post({ kind: 'ask', look })
  }

  #overdue(): void {
    this.#silent = true
    this.#update('overdue')
    this.#ask(this.#leader?.name === 'live')
  }

  #wait(ms: number, then: () => void): void {
    const { timers } = this.#options
    if (this.#patience !== null) timers.clear(this.#patience)
    this.#patience = this.#closed ? null : timers.set(then, ms)
  }

  async #catchUp(): Promise<void> {
    const { feed, timers } = this.#options
    const reads = this.#own.kind === 'failed' ? this.#own.reads : 0
    if (this.#retry !== null) timers.clear(this.#retry)
    this.#retry = null
    this.#own = { kind: 'reading' }
    this.#reading = true
    try {
      await feed.catchUp()
      this.#reading = false
      this.#setComplete()
    } catch (cause) {
      this.#reading = false
      this.#failed(cause, reads)
    }
  }

  #setComplete(): void {
    this.#own = { kind: 'complete' }
    this.#update('caught-up')
  }

  #failed(cause: unknown, reads: number): void {
    const { settings, clock, timers } = this.#options
    if (this.#closed || !this.#listener.unreadable(cause)) return
    const delayMs = backoffDelay(reads, {
      baseMs: settings.reconnectDelay,
      maxMs: settings.maxReconnectDelay,
      random: settings.random,
    })
    this.#own = { kind: 'failed', reads: reads + 1, at: clock() + delayMs }
    this.#retry = timers.set(() => {
      this.#retry = null
      void this.#catchUp()
      this.#update('retry-due')
    }, delayMs)
    this.#update('unreadable')
  }

  #update(reason: string): void {
    if (this.#closed) return
    const old = this.#state
    this.#state = followerState(this.#leader, this.#own, this.#silent)
    if (this.#state !== old) this.#listener.changed(this.#state, reason)
  }
}
