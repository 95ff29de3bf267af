/**
 * The client of a page: typed events and one connection for the signed-in user. No durable message is lost.
 *
 * ```ts
 * const client = new DashboardWebSocketClient({ supabase })
 * client.on('image_processed', (message) => show(message.documentId))
 * await client.connect(userId)
 * ```
 */

import type { UserMessage } from '../../../functions-shared/message-types.ts'
import { isRecord } from '../../../functions-shared/unknown.ts'
import { Batcher } from './batcher.ts'
import { ClientError, hasCode } from './client-error.ts'
import { type ClientOptions, createPageDependencies, type PageDependencies } from './client-options.ts'
import { type ClientState, clientState, lossOf } from './client-state.ts'
import { isJoined, isReading } from './connection-state.ts'
import { Emitter, type Listener } from './emitter.ts'
import type { EngineDependencies } from './engine-dependencies.ts'
import { type Engine, engineModule } from './engine-module.ts'
import type { EngineSession, SessionListener } from './engine-session.ts'
import type { BatchItem, ClientEvents, Delivery } from './events.ts'
import type { Mark, MarkTarget, Sender } from './ports.ts'
import { IncidentSession } from './topics/incident-session.ts'
import type { PageTopics } from './topics/page-topics.ts'
import { QueueSession } from './topics/queue-session.ts'
import type { TopicLifecycle } from './topics/topic-lifecycle.ts'
import { UserSession } from './user-session.ts'

/** Milliseconds within which messages that follow one are handed to `batch` listeners together. */
const BATCH_WINDOW = 100

/** Notifications that `history()` reads, at most. */
const LONGEST_HISTORY = 500

export class DashboardWebSocketClient {
  readonly #options: ClientOptions
  readonly #page: PageDependencies
  readonly #emitter: Emitter<ClientEvents>
  readonly #topicLifecycles = new Set<TopicLifecycle>()
  readonly #batches: Batcher<BatchItem>
  #engineDependencies: EngineDependencies | null = null
  #topics: PageTopics | null = null
  #userSession: UserSession | null = null
  /** Set from `connect()` until the signed-in user is known. */
  #opening: { userId: string; done: Promise<void> } | null = null
  #latencyMs: number | null = null

  /** @throws AppError `invalid_arguments` without a Supabase client. */
  constructor(options: ClientOptions) {
    // Without this check a missing client would fail only when the engine has loaded.
    if (!isRecord(options?.supabase))
      throw new ClientError('invalid_arguments', { details: { missing: 'supabase' } })
    this.#options = options
    this.#page = createPageDependencies(options)
    this.#emitter = new Emitter((event, cause) => this.#listenerFailed(event, cause))
    this.#batches = new Batcher({
      timers: this.#page.timers,
      windowMs: BATCH_WINDOW,
      flush: (items) => this.#emitter.emit('batch', items),
    })
  }

  /**
   * Connects for the signed-in user and reconnects until `disconnect()` or sign-out. A second call for the same user
   * changes nothing. When the token has expired and cannot be renewed without a network, the client retries as after any
   * lost connection.
   *
   * @returns resolves when all missed messages have been delivered for the first time: the connection is live, or no socket
   *   can be opened and the table is read instead. Resolves also when the connection was closed before that.
   * @throws AppError `not_signed_in`, or `user_mismatch` when `userId` is not the session's user.
   */
  async connect(userId: string): Promise<void> {
    const userSession = this.#userSession
    if (userSession?.userId === userId && !userSession.closed) return this.#untilLive(userSession)
    if (this.#opening?.userId === userId) return this.#opening.done
    // Topics of the previous user are already closed. Topics added since then belong to the next user.
    if (userSession !== null && userSession.userId !== userId && !userSession.abandoned) this.#unfollowAll()
    this.disconnect()
    const opening = { userId, done: Promise.resolve() }
    this.#opening = opening
    opening.done = this.#open(opening)
    return opening.done
  }

  /**
   * Final for this connection: no message is delivered afterwards, and the client does not reconnect. Listeners stay.
   *
   * @returns resolves when the server has freed the device's place, or could not be asked. To be awaited before the user is
   *   signed out, because the request needs the user's token.
   */
  disconnect(): Promise<void> {
    this.#opening = null
    // These messages were already delivered one by one and will not be delivered again.
    this.#batches.end()
    return this.#userSession?.close('disconnect') ?? Promise.resolve()
  }

  /** Tries at once instead of waiting for the back-off. */
  retryNow(): void {
    this.#userSession?.session?.retryNow()
  }

  /** Sends a heartbeat; the answer is the event `pong`. */
  ping(): void {
    this.#userSession?.session?.ping()
  }

  /** @returns a function that removes the listener. */
  on<Name extends keyof ClientEvents>(event: Name, listener: Listener<ClientEvents[Name]>): () => void {
    return this.#emitter.on(event, listener)
  }

  /** As `on`, for the next event only. */
  once<Name extends keyof ClientEvents>(event: Name, listener: Listener<ClientEvents[Name]>): () => void {
    return this.#emitter.once(event, listener)
  }

  off<Name extends keyof ClientEvents>(event: Name, listener: Listener<ClientEvents[Name]>): void {
    this.#emitter.off(event, listener)
  }

  /**
   * Marks notifications as read, and as seen, on all of the user's devices.
   *
   * @param target their numbers (`seq`), at most 10,000, or all up to one: `{ upTo }`.
   * @returns the number of notifications that changed.
   * @throws AppError `not_signed_in` without a connection, `database_unavailable`, `user_mismatch`; `rate_limited` after
   * several attempts.
   */
  markRead(target: MarkTarget): Promise<number> {
    return this.#mark(target, { read: true })
  }

  /** The notifications stay seen. See {@link markRead}. */
  markUnread(target: MarkTarget): Promise<number> {
    return this.#mark(target, { read: false })
  }

  /** Marks as seen, not as read. See {@link markRead}. */
  markSeen(target: MarkTarget): Promise<number> {
    return this.#mark(target, { seen: true })
  }

  /** Puts notifications aside, marked as read; `false` takes them back. See {@link markRead}. */
  markDone(target: MarkTarget, done = true): Promise<number> {
    return this.#mark(target, { done })
  }

  /**
   * The user's latest notifications up to the last delivered one, newest first. Listeners are not called.
   *
   * @param limit at most 500. Default 50.
   * @throws AppError `not_signed_in` without a connection, `history_unavailable`, `user_mismatch`.
   */
  async history(limit = 50): Promise<UserMessage[]> {
    const session = await this.#openSession()
    return session.history(Math.min(Math.max(limit, 1), LONGEST_HISTORY))
  }

  /** Follows the jobs of a queue until the session is closed or the user signs out. May be called before `connect()`. */
  subscribeQueue(queueId: string): QueueSession {
    return new QueueSession(queueId, (control) =>
      this.#follow(control.lifecycle, (topics) => topics.followQueue(queueId, control)),
    )
  }

  /** Joins an incident's presence, and hears who is present, who types, and what members send. */
  joinIncident(incidentId: string): IncidentSession {
    return new IncidentSession(incidentId, (control) =>
      this.#follow(control.lifecycle, (topics) => topics.followIncident(incidentId, control)),
    )
  }

  /**
   * Tells an incident's members that the user is typing. Call this with every key; a message is sent at most every 2 s.
   *
   * @throws AppError `rate_limited`, `topic_forbidden`, `not_signed_in`, `database_unavailable`.
   */
  async sendTyping(incidentId: string): Promise<void> {
    await (await this.#sender()).sendTyping(incidentId)
  }

  /**
   * Sends an object of at most 16 KB to the members of an incident.
   *
   * @param topic `incident:<id>`.
   * @param event lower case letters, digits and _.:- ; not the name of a server event.
   * @throws AppError as {@link sendTyping}, `message_too_large`, `invalid_arguments`.
   */
  async send(topic: string, event: string, payload: Readonly<Record<string, unknown>>): Promise<void> {
    await (await this.#sender()).send(topic, event, payload)
  }

  /** Sends at most 64 KB of bytes, as {@link send} does. Members hear the event `binary`. */
  async sendBinary(topic: string, event: string, bytes: Uint8Array): Promise<void> {
    await (await this.#sender()).sendBinary(topic, event, bytes)
  }

  /**
   * Registers this device in the place of another of the user's devices, and connects. For the error
   * `too_many_connections`, whose `details.devices` lists the devices.
   *
   * @throws AppError `database_unavailable`, `client_unavailable`.
   */
  async displaceDevice(deviceId: string): Promise<void> {
    const { session } = this.#dependenciesOf(await engineModule.ready())
    await session.devices?.register(deviceId)
    this.retryNow()
  }

  getState(): ClientState {
    return clientState(this.#userSession, this.#latencyMs)
  }

  async #mark(target: MarkTarget, mark: Mark): Promise<number> {
    return (await this.#openSession()).mark(target, mark)
  }

  async #openSession(): Promise<EngineSession> {
    const userSession = this.#userSession
    if (userSession === null || userSession.closed) throw new ClientError('not_signed_in')
    await engineModule.ready()
    // The session may have been closed while the engine loaded.
    if (userSession.session === null) throw new ClientError('not_signed_in')
    return userSession.session
  }

  async #open(opening: { userId: string }): Promise<void> {
    const { userId } = opening
    const signedIn = await this.#page.identity.currentUserId().catch((cause: unknown) => cause)
    if (this.#opening !== opening) return
    const unknown = hasCode(signedIn, 'connection_lost')
    if (unknown) this.#fail(signedIn)
    // A listener of `error` may have called `disconnect()`.
    if (this.#opening !== opening) return
    this.#opening = null
    if (signedIn === null) throw new ClientError('not_signed_in')
    if (!unknown && typeof signedIn !== 'string') throw signedIn
    if (!unknown && signedIn !== userId) throw new ClientError('user_mismatch')
    // With an unknown user the connection retries its join, which needs the user's token, until the token can be renewed.
    await this.#untilLive(this.#begin(userId))
  }

  #begin(userId: string): UserSession {
    let everLive = false
    let announced = false
    const listener: SessionListener = {
      state: ({ old, new: state, reason }) => {
        if (this.#options.debug)
          this.#page.logger.debug(`${old.name} -> ${state.name}`, { event: reason, ...state })
        this.#emitter.emit('state', { old: old.name, new: state.name, reason, state })
        if (state.name === 'live' && !announced) {
          const { recovered, lastSeq } = this.getState()
          this.#emitter.emit('connected', { userId, recovered, lastSeq, reconnected: everLive })
          announced = everLive = true
        }
        if (announced && !isJoined(state)) {
          announced = false
          this.#emitter.emit('disconnected', {
            reason: lossOf(state),
            retryAt: 'retryAt' in state ? state.retryAt : null,
          })
        }
        if (state.name === 'closed') {
          if (state.reason === 'account-deleted') this.#page.identity.forget?.()
          this.#batches.clear()
          if (state.reason !== 'disconnect') this.#unfollowAll()
          stop()
        }
      },
      message: (message, delivery) => this.#deliver(message, delivery),
      signal: (signal) => {
        if (signal.type === 'notification_read') this.#emitter.emit('notification_read', signal)
        else this.#emitter.emit('realtime_update', signal)
      },
      unread: (counts) => {
        if (counts !== null) this.#emitter.emit('unread', counts)
      },
      lost: (reason) => this.#emitter.emit('reload', { reason }),
      refresh: () => this.#emitter.emit('reload', { reason: 'broadcasts-lost' }),
      alive: (latencyMs) => {
        this.#latencyMs = latencyMs
        this.#emitter.emit('pong', { latencyMs })
      },
      error: (error) => this.#fail(error),
    }
    const userSession = new UserSession(userId, listener)
    const stopPage = this.#page.pageEvents((event) => userSession.page(event))
    const stopIdentity = this.#page.identity.onChange((current) => {
      if (current !== userId) userSession.close(current === null ? 'signed-out' : 'user-changed')
    })
    const stop = (): void => {
      stopPage()
      stopIdentity()
    }
    this.#userSession = userSession
    this.#latencyMs = null
    userSession.start((engine) => {
      const registry = () => this.#topics?.registry ?? null
      return new engine.EngineSession({ ...this.#dependenciesOf(engine).session, userId, registry }, listener)
    })
    return userSession
  }

  #follow(lifecycle: TopicLifecycle, begin: (topics: PageTopics) => void): void {
    this.#topicLifecycles.add(lifecycle)
    const stopWaiting = engineModule.use((engine) => begin(this.#topicsOf(engine)))
    lifecycle.signal.addEventListener('abort', () => {
      this.#topicLifecycles.delete(lifecycle)
      stopWaiting()
    })
  }

  #topicsOf(engine: Engine): PageTopics {
    const { queues, session } = this.#dependenciesOf(engine)
    this.#topics ??= new engine.PageTopics({
      queues,
      timers: session.timers,
      checkInterval: session.settings.checkInterval,
      emitter: this.#emitter,
      changed: () => this.#userSession?.session?.topicsChanged(),
    })
    return this.#topics
  }

  /** Closes all queues and incidents, so that the next user sees nothing of this user's. */
  #unfollowAll(): void {
    for (const lifecycle of [...this.#topicLifecycles]) lifecycle.close()
  }

  async #sender(): Promise<Sender> {
    const userSession = this.#userSession
    const engine = await engineModule.ready()
    // The message must not be sent in the name of a user who signed in while the engine loaded.
    if (userSession !== null && (userSession.abandoned || userSession.userId !== this.#userSession?.userId))
      throw new ClientError('not_signed_in')
    return this.#dependenciesOf(engine).sender
  }

  #dependenciesOf(engine: Engine): EngineDependencies {
    this.#engineDependencies ??= engine.createEngineDependencies(this.#options, this.#page)
    return this.#engineDependencies
  }

  #deliver(message: UserMessage, delivery: Delivery): void {
    // TypeScript cannot relate a union of messages to the listeners of each type.
    Reflect.apply(this.#emitter.emit, this.#emitter, [message.type, message, delivery])
    this.#emitter.emit('message', message, delivery)
    this.#batches.push({ message, delivery })
  }

  async #untilLive(userSession: UserSession): Promise<void> {
    const isUpToDate = (): boolean => userSession.state.name === 'live' || isReading(userSession.state)
    if (isUpToDate() || userSession.closed) return
    await new Promise<void>((resolve) => {
      const off = this.#emitter.on('state', () => {
        if (this.#userSession === userSession && !isUpToDate() && !userSession.closed) return
        off()
        resolve()
      })
    })
  }

  #fail(error: ClientError): void {
    if (this.#options.debug)
      this.#page.logger.warn(error.message, { code: error.code, cause: error.cause, ...error.details })
    this.#emitter.emit('error', error)
  }

  #listenerFailed(event: keyof ClientEvents, cause: unknown): void {
    const error = new ClientError('listener_failed', { cause, details: { event } })
    // An error listener that throws must not be called with its own error.
    if (event === 'error') this.#page.logger.warn(error.message, { cause })
    else {
      this.#page.logger.warn(error.message, { event, cause })
      this.#emitter.emit('error', error)
    }
  }
}
