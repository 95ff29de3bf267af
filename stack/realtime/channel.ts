/**
 * One joined topic of one socket.
 *
 *   opening --reply to the join--> open --phx_leave, phx_join on the same topic--> closed
 *                                  open --system error: token, limit, revoked policy--> closed
 *                                  open --presence event without a name--> crashed
 */

import { isRecord } from '../../functions-shared/unknown.ts'
import type { ChannelPolicies } from './channel-policies.ts'
import { ChannelPresence } from './channel-presence.ts'
import { ChannelToken } from './channel-token.ts'
import type { RealtimeContext } from './context.ts'
import { CHANNEL_CRASH, SYSTEM_MESSAGE, tokenRefusal } from './errors.ts'
import type { EventBudget } from './event-budgets.ts'
import type { ChannelKey, Origin, Subscriber } from './hub.ts'
import type { JoinConfig } from './join-config.ts'
import { type ChangeTarget, ChannelChanges } from './postgres-changes/channel-changes.ts'
import { bytesMessage, jsonMessage, type Outgoing, userBroadcastMessage } from './protocol/outgoing.ts'
import type { Inbound, ProtocolVersion, Ref } from './protocol/serializer.ts'
import { EVENT } from './protocol/wire.ts'
import type { WireFrame } from './protocol/ws-frame.ts'
import { SerialTasks, type Task } from './serial.ts'
import type { Claims } from './tokens.ts'

/** What a channel needs of the socket that joined it. */
export interface ChannelSocket {
  readonly version: ProtocolVersion
  send(frame: WireFrame): void
  /** @param payload JSON text */
  push(joinRef: Ref, ref: Ref, topic: string, event: string, payload: string): void
  reply(message: Inbound, joinRef: Ref, status: 'ok' | 'error', response: unknown): void
  /** Runs work that later frames of this channel wait for. */
  track(tasks: SerialTasks, task: Task): void
  taskFailed(error: unknown): void
  /** The channel has ended. */
  forget(channel: Channel): void
}

export interface ChannelOptions {
  /** Without the `realtime:` prefix. */
  topic: string
  /** As the client wrote it. */
  fullTopic: string
  joinRef: Ref
  config: JoinConfig
  /** Key of this client's presence. */
  presenceKey: string
  token: string
  claims: Claims
  /** Undefined on public channels. */
  policies: ChannelPolicies | undefined
}

export class Channel implements Subscriber {
  readonly key: ChannelKey
  readonly topic: string
  readonly fullTopic: string
  readonly joinRef: Ref
  readonly config: JoinConfig

  readonly #context: RealtimeContext
  readonly #socket: ChannelSocket
  readonly #policies: ChannelPolicies | undefined
  readonly #presence: ChannelPresence
  readonly #changes: ChannelChanges
  readonly #token: ChannelToken
  readonly #tasks: SerialTasks
  /** Broadcasts that wait for the reply to the join; undefined once the reply is sent. */
  #held: { message: Outgoing; origin: Origin }[] | undefined = []
  #replayed: ReadonlySet<string> = new Set()
  #stopped = false

  constructor(context: RealtimeContext, socket: ChannelSocket, options: ChannelOptions) {
    this.#context = context
    this.#socket = socket
    this.topic = options.topic
    this.fullTopic = options.fullTopic
    this.joinRef = options.joinRef
    this.config = options.config
    this.key = { topic: options.topic, private: options.config.private }
    this.#policies = options.policies
    this.#tasks = new SerialTasks((error) => socket.taskFailed(error))
    this.#token = new ChannelToken(options.token, options.claims, context.now, (message) =>
      this.shutDown(message),
    )
    this.#presence = new ChannelPresence(context, options.policies, options.config.presence.enabled, {
      track: (meta) => {
        if (!this.#stopped) context.presence.track(this.key, this, options.presenceKey, meta)
      },
      untrack: () => context.presence.leave(this.key, this),
    })
    const { postgresChanges, legacy } = options.config
    this.#changes = new ChannelChanges(context, this.#changeTarget(), postgresChanges, legacy)
    context.hub.subscribe(this.key, this)
  }

  get stopped(): boolean {
    return this.#stopped
  }

  /** The join has been answered. @param replayed ids of the messages that were replayed */
  opened(replayed: ReadonlySet<string>): void {
    this.#replayed = replayed
    const held = this.#held ?? []
    this.#held = undefined
    for (const { message, origin } of held) this.broadcast(message, origin)
    if (this.#presence.enabled) this.#sendPresenceState()
    if (this.config.broadcast.replicationReady) this.#announceReplication()
    this.#changes.subscribe()
  }

  receive(message: Inbound): void {
    this.#socket.track(this.#tasks, () => this.#handle(message))
  }

  /** Ends this channel for a new join of its topic, once the frames before that join have been handled. */
  replaced(): Promise<void> {
    return new Promise((resolve) => {
      this.#tasks.run(() => {
        this.stop()
        resolve()
      })
    })
  }

  // Subscriber

  broadcast(message: Outgoing, origin: Origin): void {
    if (this.#held) {
      this.#held.push({ message, origin })
      return
    }
    if (this.#policies && !this.#policies.readBroadcast) return
    if (origin.id !== undefined && this.#replayed.has(origin.id)) return
    this.send(message)
    const { rate, closesReceivers } = origin.budget
    rate.add()
    // Later, because an acknowledgement may still have to be sent.
    if (closesReceivers && rate.triggered) {
      queueMicrotask(() => this.shutDown(SYSTEM_MESSAGE.tooManyMessages))
    }
  }

  presenceDiff(message: Outgoing): void {
    // The presence state that follows the reply to the join includes this change.
    if (this.#held || !this.#presence.readable) return
    this.#context.rates.presence.add()
    this.send(message)
  }

  // To the client

  send(message: Outgoing): void {
    if (this.#stopped) return
    const frame = message.frame(this.#socket.version)
    if (frame) this.#socket.send(frame)
  }

  /** @param payload JSON text */
  push(event: string, payload: string): void {
    if (!this.#stopped) this.#socket.push(this.joinRef, null, this.fullTopic, event, payload)
  }

  system(status: 'ok' | 'error', message: string, extension = 'system'): void {
    this.push(EVENT.system, JSON.stringify({ message, status, extension, channel: this.topic }))
  }

  /** Tells the client why, then closes the channel; the socket stays. */
  shutDown(reason: string): void {
    if (this.#stopped) return
    this.system('error', reason)
    this.stop()
    this.announceClose()
  }

  /** Ends the channel as the real server ends one whose process crashed. */
  crash(): void {
    if (this.#stopped) return
    this.stop()
    const payload = JSON.stringify({ reason: CHANNEL_CRASH })
    this.#socket.push(this.joinRef, this.joinRef, this.fullTopic, EVENT.error, payload)
  }

  announceClose(): void {
    this.#socket.push(this.joinRef, this.joinRef, this.fullTopic, EVENT.close, '{}')
  }

  /** Ends subscriptions, presence and timers. Tells the client nothing. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#token.stop()
    this.#context.hub.unsubscribe(this.key, this)
    this.#context.presence.leave(this.key, this)
    this.#changes.stop()
    this.#socket.forget(this)
  }

  // From the client

  get #budget(): EventBudget {
    return this.#context.budgets.socket(this.#token.claims, this.#socket)
  }

  #handle(message: Inbound): void | Promise<void> {
    if (this.#stopped) return
    switch (message.event) {
      case EVENT.broadcast:
        return this.#broadcastFrom(message)
      case EVENT.presence:
        return this.#presenceFrom(message)
      case EVENT.accessToken:
        return this.#refresh(message.payload)
      case EVENT.leave:
        return this.#leave(message)
      default:
        this.#budget.rate.add()
    }
  }

  #leave(message: Inbound): void {
    // A leave that names an earlier join of this topic is not meant for this channel.
    if (message.joinRef !== null && message.joinRef !== this.joinRef) return
    this.stop()
    this.#socket.reply(message, this.joinRef, 'ok', {})
    this.announceClose()
  }

  #broadcastFrom(message: Inbound): void | Promise<void> {
    const allowed = this.#policies ? this.#policies.mayWrite('broadcast') : true
    if (typeof allowed === 'boolean') {
      if (allowed) this.#relay(message)
      return
    }
    return allowed.then((granted) => {
      if (granted && !this.#stopped) this.#relay(message)
    })
  }

  #relay(message: Inbound): void {
    const { drops, hub, settings } = this.#context
    const { ack, self } = this.config.broadcast
    const budget = this.#budget
    if (!budget.closesReceivers && budget.rate.triggered) {
      drops.note('sender_over_limit', this.topic)
      this.shutDown(SYSTEM_MESSAGE.tooManyMessages)
      return
    }
    budget.rate.add()
    const { size, outgoing } = contentOf(this.topic, message)
    if (size > settings.maxPayloadKb * 1000) {
      if (ack) this.#socket.reply(message, this.joinRef, 'error', 'payload_size_exceeded')
      return
    }
    hub.broadcast(this.key, outgoing, { budget, except: self ? undefined : this })
    // The sender's own copy has gone before the acknowledgement.
    if (ack && !this.#stopped) this.#socket.reply(message, this.joinRef, 'ok', {})
  }

  async #presenceFrom(message: Inbound): Promise<void> {
    const outcome = await this.#presence.handle(message.payload)
    if (this.#stopped) return
    if ('crash' in outcome) return this.crash()
    if ('close' in outcome) return this.shutDown(outcome.close)
    if (outcome.reply === 'error') {
      this.#socket.reply(message, this.joinRef, 'error', outcome.response)
      return
    }
    this.#socket.reply(message, this.joinRef, 'ok', {})
    outcome.after?.()
  }

  async #refresh(payload: unknown): Promise<void> {
    const token = isRecord(payload) ? payload.access_token : undefined
    if (typeof token !== 'string' || token.startsWith('sb_') || token === this.#token.text) return
    const check = await this.#context.tokens.verify(token)
    if (this.#stopped) return
    if (!check.ok) return this.shutDown(tokenRefusal(check.failure).refresh)
    const refusal = await this.#policies?.authorizeAgain(check.claims, this.#presence.enabled)
    if (this.#stopped) return
    if (refusal) return this.shutDown(refusal)
    this.#token.replace(token, check.claims)
    this.#changes.subscribe()
  }

  // After the join

  #changeTarget(): ChangeTarget {
    const channel = this
    return {
      fullTopic: this.fullTopic,
      version: this.#socket.version,
      get stopped() {
        return channel.stopped
      },
      get claims() {
        return channel.#token.claims
      },
      send: (frame) => {
        if (!this.#stopped) this.#socket.send(frame)
      },
      tell: (status, message) => this.system(status, message, EVENT.postgresChanges),
    }
  }

  #sendPresenceState(): void {
    if (this.#stopped || !this.#presence.readable) return
    if (this.#presence.countMessage()) this.push(EVENT.presenceState, this.#context.presence.state(this.key))
    else this.shutDown(SYSTEM_MESSAGE.tooManyPresenceMessages)
  }

  async #announceReplication(): Promise<void> {
    const { replication, settings } = this.#context
    if (!replication.connected && !(await replication.whenConnected(settings.replicationReadyTimeoutMs))) {
      this.shutDown(SYSTEM_MESSAGE.replicationLate)
    } else {
      this.system('ok', SYSTEM_MESSAGE.replicationReady)
    }
  }
}

/** A client's broadcast as its topic's subscribers get it, and the payload's size in bytes. */
function contentOf(topic: string, message: Inbound): { size: number; outgoing: Outgoing } {
  const { userBroadcast, bytes, payload } = message
  if (userBroadcast) {
    const outgoing = userBroadcastMessage(topic, { ...userBroadcast, metadata: '' })
    return { size: userBroadcast.payload.length, outgoing }
  }
  if (bytes) return { size: bytes.length, outgoing: bytesMessage(topic, EVENT.broadcast, bytes) }
  const text = JSON.stringify(payload ?? null)
  return { size: Buffer.byteLength(text), outgoing: jsonMessage(topic, EVENT.broadcast, text) }
}
