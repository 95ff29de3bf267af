/**
 * One user's connection over a socket: carries out the effects of the state machine (`connection-transition.ts`) and
 * dispatches the resulting events.
 */

import type { ClientErrorCode } from '../../../functions-shared/client-error-codes.ts'
import { userTopic } from '../../../functions-shared/topics.ts'
import { ClientError, hasCode } from './client-error.ts'
import {
  type CloseReason,
  type ConnectionEvent,
  type ConnectionState,
  IDLE,
  isJoined,
} from './connection-state.ts'
import { type ConnectionSettings, type Effect, type TimerName, transition } from './connection-transition.ts'
import type { Feed } from './feed.ts'
import type { Clock, NotificationSource, Subscription, Timers, Transport } from './ports.ts'
import type { Position } from './sequencer.ts'

export interface ConnectionOptions {
  userId: string
  /** Reads the table. The feed outlives this connection. */
  feed: Pick<Feed, 'catchUp' | 'position' | 'checkHead' | 'has'>
  /** Called with each broadcast payload. */
  receive: (payload: unknown) => void
  /** Asks the database for a broadcast on the user's topic. */
  source: Pick<NotificationSource, 'requestPong'>
  settings: ConnectionSettings
  transport: Transport
  clock: Clock
  timers: Timers
}

/** Callbacks of a connection. None may throw. */
export interface ConnectionListener {
  /** Called after each event that changed the state; its name may be unchanged. */
  changed(state: ConnectionState, event: ConnectionEvent): void
  alive(latencyMs: number): void
  /** Broadcasts were lost and arrive again: what is not in the table has to be read anew. */
  refresh(): void
  error(error: ClientError): void
}

/**
 * Milliseconds that a broadcast may arrive later than the head is read that counts it. With the interval between two looks
 * this keeps a lost message below 2 s.
 */
export const BROADCAST_GRACE = 400

/** The reason for which a failed read ends the connection; null for a failure after which the table is read again. */
export function endOf(cause: unknown): CloseReason | null {
  if (hasCode(cause, 'account_deleted')) return 'account-deleted'
  return hasCode(cause, 'user_mismatch') ? 'user-changed' : null
}

export class Connection {
  readonly #options: ConnectionOptions
  readonly #listener: ConnectionListener
  readonly #feed: ConnectionOptions['feed']
  readonly #timers = new Map<TimerName, unknown>()
  readonly #events: ConnectionEvent[] = []
  #state: ConnectionState = IDLE
  #subscription: Subscription | null = null
  #reading = false
  #checking = false
  #pingedAt = Number.NEGATIVE_INFINITY
  readonly #abort = new AbortController()
  #dispatching = false
  #ended = false

  constructor(options: ConnectionOptions, listener: ConnectionListener) {
    this.#options = options
    this.#feed = options.feed
    this.#listener = listener
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** Final. The feed stays as it is. */
  close(reason: CloseReason): void {
    if (this.#ended) return
    this.#ended = true
    this.#abort.abort()
    this.dispatch({ name: 'close', reason })
  }

  ping(): void {
    this.#pingedAt = this.#options.clock()
    this.#subscription?.ping()
  }

  /** The only place where the state changes. Events dispatched by a callback wait until that callback has returned. */
  dispatch(event: ConnectionEvent): void {
    this.#events.push(event)
    if (this.#dispatching) return
    this.#dispatching = true
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) this.#step(next)
    } finally {
      this.#dispatching = false
    }
  }

  #step(event: ConnectionEvent): void {
    const old = this.#state
    const { state, effects } = transition(old, event, this.#options.clock(), this.#options.settings)
    this.#state = state
    for (const effect of effects) this.#run(effect)
    if (state !== old) this.#listener.changed(state, event)
  }

  #run(effect: Effect): void {
    switch (effect.type) {
      case 'join':
        this.#join()
        break
      case 'leave':
        this.#subscription?.leave(effect.next)
        this.#subscription = null
        break
      case 'catch-up':
        void this.#catchUp()
        break
      case 'check-head':
        void this.#checkHead(effect.isRoutine)
        break
      case 'ping':
        this.ping()
        break
      case 'beat':
        if (this.#options.clock() - this.#pingedAt >= this.#options.settings.checkInterval / 2) this.ping()
        break
      case 'probe':
        // A request that fails is followed by another one.
        this.#options.source.requestPong?.(this.#abort.signal).catch(() => undefined)
        break
      case 'refresh':
        this.#listener.refresh()
        break
      case 'schedule':
        this.#schedule(effect.timer, effect.delayMs)
        break
      case 'cancel':
        this.#cancel(effect.timer)
        break
    }
  }

  #schedule(timer: TimerName, delayMs: number): void {
    this.#cancel(timer)
    const fire = (): void => {
      this.#timers.delete(timer)
      this.dispatch({ name: `${timer}-due` })
    }
    this.#timers.set(timer, this.#options.timers.set(fire, delayMs))
  }

  #cancel(timer: TimerName): void {
    const handle = this.#timers.get(timer)
    if (handle !== undefined) this.#options.timers.clear(handle)
    this.#timers.delete(timer)
  }

  #join(): void {
    this.#subscription?.leave('rejoin')
    this.#subscription = this.#options.transport.join(userTopic(this.#options.userId), {
      joined: () => {
        this.dispatch({ name: 'joined' })
        this.ping()
      },
      flowing: () => this.dispatch({ name: 'flowing' }),
      message: (payload) => {
        this.#options.receive(payload)
        if (this.#state.name === 'stale' && this.#state.loss?.ongoing === true)
          this.dispatch({ name: 'heard' })
      },
      alive: (latencyMs) => {
        this.#listener.alive(latencyMs)
        this.dispatch({ name: 'alive' })
      },
      down: (reason, cause) => {
        this.#report('connection_lost', cause)
        this.dispatch({ name: 'down', reason })
      },
      refused: (code, cause) => {
        if (code === 'user_mismatch') {
          this.close('user-changed')
          return
        }
        this.#report(code, cause)
        this.dispatch({ name: 'refused', code })
      },
    })
  }

  async #catchUp(): Promise<void> {
    // A read that is already running continues until it has read everything written before this call.
    const reading = this.#feed.catchUp()
    if (this.#reading) return
    this.#reading = true
    const before = this.#feed.position
    try {
      const asOf = await reading
      this.#reading = false
      this.dispatch({ name: 'caught-up', asOf, found: this.#feed.position !== before })
    } catch (cause) {
      this.#reading = false
      this.#readFailed(cause)
    }
  }

  async #checkHead(isRoutine: boolean): Promise<void> {
    // A running catch-up reads the head as well.
    if (this.#checking || this.#reading) return
    this.#checking = true
    const asOf = this.#options.clock()
    try {
      const missing = await this.#feed.checkHead()
      if (missing === null) this.dispatch({ name: 'confirmed', asOf })
      else if (missing === 'lost' || !isRoutine) this.dispatch({ name: 'behind', isGap: false })
      else await this.#awaitBroadcast(missing, asOf)
    } catch (cause) {
      this.#readFailed(cause)
    } finally {
      this.#checking = false
    }
  }

  /** A commit can be read before its broadcast arrives. */
  async #awaitBroadcast(head: Position, asOf: number): Promise<void> {
    await new Promise<void>((resolve) => this.#options.timers.set(resolve, BROADCAST_GRACE))
    this.dispatch(this.#feed.has(head) ? { name: 'confirmed', asOf } : { name: 'lost' })
  }

  #readFailed(cause: unknown): void {
    if (this.#ended) return
    const ending = endOf(cause)
    if (ending !== null) {
      this.close(ending)
      return
    }
    // Without a socket the page has already been told why there is no connection.
    if (isJoined(this.#state)) this.#report('history_unavailable', cause)
    this.dispatch({ name: 'unreadable' })
  }

  #report(code: ClientErrorCode, cause: unknown): void {
    if (this.#ended) return
    this.#listener.error(hasCode(cause, code) ? cause : new ClientError(code, { cause }))
  }
}
