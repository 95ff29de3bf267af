/**
 * One private channel: its messages to the server, and the meaning of the server's messages.
 *
 *   opening ──> joining ──> joined ──> ended      refused, closed, failed, not answered, or left
 *
 * A channel that has ended is not reused. The next join is another channel with a `join_ref` of its own, so that it hears no
 * message of the old channel.
 */

import { EVENT, TOPIC_PREFIX } from '../../../../functions-shared/realtime-protocol.ts'
import { isRecord, textAt } from '../../../../functions-shared/unknown.ts'
import { isRefusal, isReplicationReady } from '../../client/channel-messages.ts'
import type { TransportHandlers } from '../../client/ports.ts'
import type { Message } from './codec.ts'
import { Presence } from './presence.ts'
import type { RealtimeSocket } from './socket.ts'

/** Tells the channel's handlers how the channel ended. */
export type NotifyEnd = (handlers: TransportHandlers) => void

export interface ChannelOptions {
  topic: string
  /** User id for the topic's presence; undefined without presence. */
  presentAs: string | undefined
  handlers: TransportHandlers
  /** The server ended the channel. @param reason of a refused join. */
  onEnd: (notifyEnd: NotifyEnd, reason?: string) => void
  /** The join was not answered: the socket is to be closed. */
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
  /** The last token that was sent to the server. */
  #token = ''
  /** The newest token, which is sent when the join has been answered. */
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

  /** Sends a new token. The server closes a channel whose token has expired. */
  renew(token: string): void {
    if (this.#joinRef === null) return
    this.#nextToken = token
    if (!this.#joined || token === this.#token) return
    this.#token = token
    this.#send(EVENT.accessToken, { access_token: token })
  }

  /** Leaves the channel without waiting for the answer. */
  leave(): void {
    if (this.#joinRef !== null) this.#send(EVENT.leave, {})
    this.end()
  }

  /** No message is sent or handled afterwards. */
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
      const notifyEnd: NotifyEnd = isRefusal(reason)
        ? ({ refused }) => refused('join_refused', cause)
        : ({ down }) => down('socket', cause)
      onEnd(notifyEnd, reason)
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
