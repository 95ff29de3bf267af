/**
 * One user's connection from `connect()` to its end: carries out the effects of the connection state, feeds the
 * sequencer from the socket and from the table, and hands what comes out to the page in order.
 *
 * Everything asynchronous in here ends silently once the session is closed: nothing of an earlier user can
 * reach the page or the storage under a later one.
 */

import { AppError } from '../../../functions-shared/app-error.ts'
import type { ErrorCode } from '../../../functions-shared/error-codes.ts'
import type { JobMessage } from '../../../functions-shared/message-types.ts'
import { type ParsedMessage, parseBroadcast, parseMessage } from '../../../functions-shared/parse-message.ts'
import { userTopic } from '../../../functions-shared/topics.ts'
import {
  type CloseReason,
  type ConnectionEvent,
  type ConnectionSettings,
  type ConnectionState,
  type Effect,
  IDLE,
  type TimerName,
  transition,
} from './connection-state.ts'
import type { CursorStore } from './cursor-store.ts'
import { DeliveryQueue } from './delivery-queue.ts'
import type { Clock, NotificationSource, Subscription, Timers, Transport, UrlSigner } from './ports.ts'
import {
  clearOverflow,
  compare,
  createSequencer,
  isBehind,
  type LostReason,
  moveTo,
  type Position,
  receive,
  receiveRows,
  type Sequencer,
  type Step,
} from './sequencer.ts'

export interface SessionOptions {
  userId: string
  settings: ConnectionSettings
  pageSize: number
  transport: Transport
  source: NotificationSource
  signer: UrlSigner
  cursors: CursorStore
  clock: Clock
  timers: Timers
}

/** What a session tells the client. None of these may throw. */
export interface SessionListener {
  state(change: { old: ConnectionState; new: ConnectionState; event: ConnectionEvent }): void
  message(message: JobMessage, replayed: boolean): void
  lost(reason: LostReason): void
  alive(latencyMs: number): void
  error(error: AppError): void
}

/** A place in the sequence and what stands there; `message` is null where there is nothing to hand over. */
export interface Entry {
  seq: number
  epoch: string
  message: JobMessage | null
  replayed: boolean
}

export class Session {
  readonly userId: string
  readonly #options: SessionOptions
  readonly #listener: SessionListener
  readonly #timers = new Map<TimerName, unknown>()
  readonly #abort = new AbortController()
  readonly #queue: DeliveryQueue<Entry>
  #state: ConnectionState = IDLE
  #sequencer: Sequencer<Entry>
  #delivered: Position | null
  #subscription: Subscription | null = null
  #catchingUp: Promise<void> | null = null
  #catchUpAgain = false
  #checking = false
  #recovered = true
  #events: ConnectionEvent[] = []
  #dispatching = false
  #ended = false

  constructor(options: SessionOptions, listener: SessionListener) {
    this.userId = options.userId
    this.#options = options
    this.#listener = listener
    this.#delivered = options.cursors.read(options.userId)
    this.#sequencer = createSequencer(this.#delivered)
    this.#queue = new DeliveryQueue({
      signer: options.signer,
      clock: options.clock,
      deliver: (entries) => this.#hand(entries),
    })
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** The place up to which the listeners have been told. */
  get lastSeq(): number {
    return this.#delivered?.seq ?? 0
  }

  /** False once something was missed that could not be delivered one by one. */
  get recovered(): boolean {
    return this.#recovered
  }

  get closed(): boolean {
    return this.#ended
  }

  /** Final, and effective at once: no listener is called with a message afterwards. */
  close(reason: CloseReason): void {
    if (this.#ended) return
    this.#ended = true
    this.#abort.abort()
    this.#queue.close()
    this.dispatch({ name: 'close', reason })
  }

  ping(): void {
    this.#subscription?.ping()
  }

  /** The one place where the state changes. What happens meanwhile waits until the change has been told. */
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
    if (state.name !== old.name) this.#listener.state({ old, new: state, event })
  }

  #run(effect: Effect): void {
    switch (effect.type) {
      case 'join':
        this.#join()
        break
      case 'leave':
        this.#subscription?.leave(this.#ended ? 'end' : 'rejoin')
        this.#subscription = null
        break
      case 'catch-up':
        this.#startCatchUp()
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
    const fire = () => {
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
    this.#subscription = this.#options.transport.join(userTopic(this.userId), {
      joined: () => {
        this.dispatch({ name: 'joined' })
        this.ping()
      },
      flowing: () => this.dispatch({ name: 'check-due' }),
      message: (payload) => this.#receive(payload),
      alive: (latencyMs) => this.#listener.alive(latencyMs),
      down: (reason, cause) => {
        this.#report('connection_lost', cause)
        this.dispatch({ name: 'down', reason })
      },
      refused: (code, cause) => {
        this.#report(code, cause)
        this.dispatch({ name: 'refused', code })
      },
    })
  }

  #receive(payload: unknown): void {
    for (const parsed of parseBroadcast(payload)) {
      if (this.closed) return
      const entry = this.#entryOf(parsed)
      if (entry !== null) this.#apply(receive(this.#sequencer, entry))
      else if (parsed.kind === 'message') this.#listener.message(parsed.message, false)
    }
  }

  /** A place in the sequence, or null for a message without one. */
  #entryOf(parsed: ParsedMessage): Entry | null {
    const { seq, epoch } = parsed.kind === 'message' ? parsed.message : parsed
    if (parsed.kind === 'unrecognised')
      this.#report('message_unrecognised', undefined, { type: parsed.type, seq })
    if (seq === undefined || seq === null || epoch === undefined || epoch === null) return null
    return { seq, epoch, message: parsed.kind === 'message' ? parsed.message : null, replayed: false }
  }

  #apply(step: Step<Entry>): void {
    this.#sequencer = step.sequencer
    if (step.deliver.length > 0) this.#queue.push(step.deliver)
    if (step.behind) this.dispatch({ name: 'behind' })
  }

  /** Calls the listeners, keeping the cursor right even when one of them closes the session half-way. */
  #hand(entries: readonly Entry[]): void {
    try {
      for (const entry of entries) {
        if (this.closed) return
        this.#delivered = { epoch: entry.epoch, seq: entry.seq }
        if (entry.message !== null) this.#listener.message(entry.message, entry.replayed)
      }
    } finally {
      if (this.#delivered !== null) this.#options.cursors.advance(this.userId, this.#delivered)
    }
  }

  #startCatchUp(): void {
    if (this.#catchingUp !== null) {
      this.#catchUpAgain = true
      return
    }
    this.#catchingUp = this.#catchUp().finally(() => {
      this.#catchingUp = null
    })
    this.#catchingUp.then(
      () => this.dispatch({ name: 'caught-up' }),
      (cause: unknown) => this.#failRead(cause),
    )
  }

  /** Reads until the head is reached and nothing waits in the buffer. */
  async #catchUp(): Promise<void> {
    for (;;) {
      this.#catchUpAgain = false
      // What overflowed until now was committed before the head is read, so the head covers it.
      this.#sequencer = clearOverflow(this.#sequencer)
      const asked = this.#sequencer.cursor
      const head = await this.#options.source.readHead(this.userId, this.#abort.signal)
      this.#abort.signal.throwIfAborted()

      if (this.#sequencer.cursor === null) this.#goOnFrom({ epoch: head.epoch, seq: head.seq })
      const comparison = compare(this.#sequencer, head, asked)
      if (comparison.kind === 'lost') this.#lose(comparison.reason, comparison.from)

      const reached = await this.#readUpTo(head)
      if (!isBehind(this.#sequencer)) {
        await this.#queue.idle()
        this.#abort.signal.throwIfAborted()
        if (!isBehind(this.#sequencer) && !this.#catchUpAgain) return
      } else if (!reached) {
        throw new AppError('history_unavailable', { cause: new Error('the table is behind its broadcasts') })
      }
    }
  }

  /** @returns whether the cursor moved. */
  async #readUpTo(head: Position): Promise<boolean> {
    const before = this.#sequencer.cursor?.seq ?? 0
    for (;;) {
      const after = this.#sequencer.cursor?.seq ?? 0
      if (after >= head.seq) break
      const { source, pageSize } = this.#options
      const rows = await source.readPage(this.userId, after, pageSize, this.#abort.signal)
      this.#abort.signal.throwIfAborted()
      if (rows.length === 0) {
        // Rows below the head are gone although the floor does not say so.
        if ((this.#sequencer.cursor?.seq ?? 0) === after) this.#lose('rows-missing', head)
        break
      }
      this.#apply(
        receiveRows(
          this.#sequencer,
          rows.map((row) => this.#entryOfRow(row, head.epoch)),
        ),
      )
      await this.#queue.idle()
      this.#abort.signal.throwIfAborted()
    }
    return (this.#sequencer.cursor?.seq ?? 0) !== before
  }

  /** A row of an earlier epoch has been told under that epoch: it is stepped over. */
  #entryOfRow(row: { seq: number; payload: unknown }, epoch: string | null): Entry {
    const parsed = parseMessage(row.payload)
    const entry = { seq: row.seq, epoch: epoch ?? '', message: null, replayed: true }
    if (parsed.kind === 'unrecognised') {
      this.#report('message_unrecognised', undefined, { type: parsed.type, seq: row.seq })
      return entry
    }
    const { message } = parsed
    const told = message.epoch !== undefined && epoch !== null && message.epoch !== epoch
    return told ? entry : { ...entry, message: { ...message, seq: row.seq, epoch: entry.epoch } }
  }

  #lose(reason: LostReason, from: Position): void {
    this.#recovered = false
    this.#goOnFrom(from)
    this.#listener.lost(reason)
  }

  #goOnFrom(position: Position): void {
    this.#delivered = position
    this.#options.cursors.reset(this.userId, position)
    this.#apply(moveTo(this.#sequencer, position))
  }

  async #checkHead(): Promise<void> {
    if (this.#checking || this.#catchingUp !== null) return
    this.#checking = true
    try {
      const asked = this.#sequencer.cursor
      const head = await this.#options.source.readHead(this.userId, this.#abort.signal)
      if (this.closed) return
      const { kind } = compare(this.#sequencer, head, asked)
      this.dispatch({ name: kind === 'even' ? 'confirmed' : 'behind' })
    } catch (cause) {
      this.#failRead(cause)
    } finally {
      this.#checking = false
    }
  }

  #failRead(cause: unknown): void {
    if (this.closed) return
    if (cause instanceof AppError && cause.code === 'user_mismatch') {
      this.close('user-changed')
      return
    }
    this.#report('history_unavailable', cause)
    this.dispatch({ name: 'unreadable' })
  }

  #report(code: ErrorCode, cause: unknown, details: Record<string, unknown> = {}): void {
    if (!this.closed) this.#listener.error(new AppError(code, { cause, details }))
  }
}
