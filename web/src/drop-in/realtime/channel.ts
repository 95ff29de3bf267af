/**
 * One private channel: what is sent for it, and what the server's messages about it mean.
 *
 *   opening ──> joining ──> joined ──> ended      refused, closed, failed, not answered, or left
 *
 * A channel that has ended is not revived: the next join is another one, with a reference of its own, so that nothing
 * meant for the old one reaches it.
 */

import { isRecord, textAt } from '../../../../functions-shared/unknown.ts'
import { isRefusal, isReplicationReady } from '../../client/channel-messages.ts'
import type { TransportHandlers } from '../../client/ports.ts'
import { EVENT, type Message, TOPIC_PREFIX } from './codec.ts'
import { Presence } from './presence.ts'
import type { RealtimeSocket } from './socket.ts'

/** How a channel ended; told to whoever joined it. */
export type Farewell = (handlers: TransportHandlers) => void

export interface ChannelOptions {
  topic: string
  /** The user who shows that they are there; undefined without presence. */
  presentAs: string | undefined
  handlers: TransportHandlers
  /** The server has ended it. @param reason of a join that was not granted. */
  onEnd: (farewell: Farewell, reason?: string) => void
  /** The join was not answered: the socket is not worth keeping. */
  onTimeout: () => void
}

/** Milliseconds within which a join has to be answered, the opening of the socket included. */
const JOIN_TIMEOUT = 10_000

type Socket = Pick<RealtimeSocket, 'send' | 'nextRef'>

export class Channel {
  readonly topic: string
  readonly handlers: TransportHandlers
  readonly #options: ChannelOptions
  readonly #presence = new Presence()
  #socket: Socket | null = null
  #joinRef: string | null = null
  #joined = false
  /** The last that the server was given. */
  #token = ''
  /** The last that there was; as long as the join is not answered, it waits. */
  #nextToken = ''
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(options: ChannelOptions) {
    this.topic = options.topic
    this.handlers = options.handlers
    this.#options = options
  }

  get isOnSocket(): boolean {
    return this.#joinRef !== null
  }

  join(socket: Socket, token: string): void {
    const { presentAs, onTimeout } = this.#options
    this.#socket = socket
    this.#joinRef = socket.nextRef()
    this.#token = this.#nextToken = token
    this.#timer = setTimeout(onTimeout, JOIN_TIMEOUT)
    const config = {
      private: true,
      broadcast: { self: false, ack: false, replication_ready: true },
      presence: { key: '', enabled: presentAs !== undefined },
      postgres_changes: [],
    }
    this.#send(EVENT.join, { config, access_token: token }, this.#joinRef)
  }

  /** The server checks a channel's token, and ends the channel with it. */
  renew(token: string): void {
    if (this.#joinRef === null) return
    this.#nextToken = token
    if (!this.#joined || token === this.#token) return
    this.#token = token
    this.#send(EVENT.accessToken, { access_token: token })
  }

  /** Says good-bye; what the server answers is for nobody. */
  leave(): void {
    if (this.#joinRef !== null) this.#send(EVENT.leave, {})
    this.end()
  }

  /** Nothing is sent or told afterwards. */
  end(): void {
    clearTimeout(this.#timer)
    this.#socket = null
    this.#joinRef = null
  }

  receive({ joinRef, ref, topic, event, payload }: Message): void {
    const own = joinRef === null || joinRef === this.#joinRef
    if (this.#joinRef === null || topic !== TOPIC_PREFIX + this.topic || !own) return
    const { handlers, presentAs, onEnd } = this.#options
    switch (event) {
      case EVENT.reply:
        if (ref === this.#joinRef && !this.#joined) this.#answered(payload)
        break
      case EVENT.broadcast:
        handlers.message(payload.payload, textAt(payload, 'event') ?? '')
        break
      case EVENT.system:
        if (isReplicationReady(payload)) handlers.flowing()
        break
      case EVENT.presenceState:
        if (presentAs !== undefined) handlers.presence?.(this.#presence.replace(payload))
        break
      case EVENT.presenceDiff: {
        const userIds = presentAs === undefined ? null : this.#presence.change(payload)
        if (userIds !== null) handlers.presence?.(userIds)
        break
      }
      case EVENT.close:
        onEnd(({ down }) => down('channel-closed'))
        break
      case EVENT.error:
        onEnd(({ down }) => down('socket', new Error(textAt(payload, 'reason') ?? event)))
        break
    }
  }

  #answered({ status, response }: Message['payload']): void {
    clearTimeout(this.#timer)
    const { handlers, presentAs, onEnd } = this.#options
    if (status !== 'ok') {
      const reason = reasonOf(response)
      const cause = new Error(reason)
      const farewell: Farewell = isRefusal(reason)
        ? ({ refused }) => refused('join_refused', cause)
        : ({ down }) => down('socket', cause)
      onEnd(farewell, reason)
      return
    }
    this.#joined = true
    this.renew(this.#nextToken)
    if (presentAs !== undefined) {
      this.#send(EVENT.presence, { type: 'presence', event: 'track', payload: { userId: presentAs } })
    }
    handlers.joined()
  }

  #send(event: string, payload: Message['payload'], ref = this.#socket?.nextRef() ?? null): void {
    this.#socket?.send({ joinRef: this.#joinRef, ref, topic: TOPIC_PREFIX + this.topic, event, payload })
  }
}

function reasonOf(response: unknown): string {
  return (
    (isRecord(response) ? textAt(response, 'reason') : undefined) ?? `refused: ${JSON.stringify(response)}`
  )
}
