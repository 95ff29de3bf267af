/**
 * One user's connection over a socket: carries out the effects of the state machine (`connection-transition.ts`) and
 * dispatches the resulting events.
 */

import type { ClientErrorCode } from '../../../functions-shared/client-error-codes.ts'
import { userTopic } from '../../../functions-shared/topics.ts'
import { ClientError, hasCode } from './client-error.ts'
import { type CloseReason, type ConnectionEvent, type ConnectionState, IDLE } from './connection-state.ts'
import { type ConnectionSettings, type Effect, type TimerName, transition } from './connection-transition.ts'
import type { Feed } from './feed.ts'
import type { Clock, Subscription, Timers, Transport } from './ports.ts'

export interface ConnectionOptions {
  userId: string
  /** Reads the table. The feed outlives this connection. */
  feed: Pick<Feed, 'catchUp' | 'isBehindHead'>
  /** Called with each broadcast payload. */
  receive: (payload: unknown) => void
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
  error(error: ClientError): void
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
    this.dispatch({ name: 'close', reason })
  }

  ping(): void {
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
        void this.#checkHead()
        break
      case 'ping':
        this.ping()
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
      this.dispatch({ name: timer === 'retry' ? 'retry-due' : 'check-due' })
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
      message: (payload) => this.#options.receive(payload),
      alive: (latencyMs) => this.#listener.alive(latencyMs),
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
    try {
      const asOf = await reading
      this.#reading = false
      this.dispatch({ name: 'caught-up', asOf })
    } catch (cause) {
      this.#reading = false
      this.#readFailed(cause)
    }
  }

  async #checkHead(): Promise<void> {
    // A running catch-up reads the head as well.
    if (this.#checking || this.#reading) return
    this.#checking = true
    const asOf = this.#options.clock()
    try {
      const behind = await this.#feed.isBehindHead()
      this.dispatch(behind ? { name: 'behind' } : { name: 'confirmed', asOf })
    } catch (cause) {
      this.#readFailed(cause)
    } finally {
      this.#checking = false
    }
  }

  #readFailed(cause: unknown): void {
    if (this.#ended) return
    if (hasCode(cause, 'user_mismatch')) {
      this.close('user-changed')
      return
    }
    this.#report('history_unavailable', cause)
    this.dispatch({ name: 'unreadable' })
  }

  #report(code: ClientErrorCode, cause: unknown): void {
    if (this.#ended) return
    this.#listener.error(hasCode(cause, code) ? cause : new ClientError(code, { cause }))
  }
}
