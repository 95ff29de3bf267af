/** Who else is looking at an incident, who is typing, and what its members send each other. All of it is volatile. */

import type { ErrorCode } from '../../../../functions-shared/error-codes.ts'
import { isRecord } from '../../../../functions-shared/unknown.ts'
import { Emitter, type Listener } from '../emitter.ts'
import type { TopicEvent } from './topic-events.ts'

export type IncidentState = 'connecting' | 'live' | 'refused' | 'closed'

/** The sender is set by the database: nobody speaks in another's name. */
export interface MemberMessageEvent {
  event: string
  userId: string
  payload: Readonly<Record<string, unknown>>
}

export interface BinaryMessageEvent {
  topic: string
  event: string
  userId: string
  bytes: Uint8Array
}

export interface IncidentEvents {
  /** Ids of the users who are there, sorted. Each says its own: good for showing, not for deciding. */
  presence: [userIds: readonly string[]]
  typing: [event: { userId: string; timestamp: string }]
  /** Every other message of a member. */
  message: [event: MemberMessageEvent]
  binary: [event: BinaryMessageEvent]
  state: [state: IncidentState]
  /** What the server refused, or a listener that threw. */
  error: [error: { code: ErrorCode; cause: unknown }]
}

export interface IncidentSessionOptions {
  incidentId: string
  topic: string
  /** Begins to listen. @returns the way to stop. */
  listen(listener: (event: TopicEvent) => void): () => void
}

/** Bytes of the sender's id before the message itself. */
const SENDER_LENGTH = 16

export class IncidentSession {
  readonly incidentId: string
  readonly #topic: string
  readonly #emitter: Emitter<IncidentEvents>
  readonly #stop: () => void
  #state: IncidentState = 'connecting'
  #userIds: readonly string[] = []

  constructor(options: IncidentSessionOptions) {
    this.incidentId = options.incidentId
    this.#topic = options.topic
    this.#emitter = new Emitter((event, cause) => {
      if (event !== 'error') this.#emitter.emit('error', { code: 'listener_failed', cause })
    })
    this.#stop = options.listen((event) => this.#happened(event))
  }

  get state(): IncidentState {
    return this.#state
  }

  /** Who is there; empty while it is not known. */
  get userIds(): readonly string[] {
    return this.#userIds
  }

  /** @returns the way to remove the listener. */
  on<Name extends keyof IncidentEvents>(event: Name, listener: Listener<IncidentEvents[Name]>): () => void {
    return this.#emitter.on(event, listener)
  }

  /** Final. */
  close(): void {
    if (this.#state === 'closed') return
    this.#stop()
    this.#become('closed')
  }

  #happened(event: TopicEvent): void {
    if (this.#state === 'closed') return
    if (event.type === 'joined') this.#become('live')
    else if (event.type === 'presence') this.#present(event.userIds)
    else if (event.type === 'message') this.#hear(event.event, event.payload)
    else if (event.type === 'refused') {
      this.#become('refused')
      this.#emitter.emit('error', { code: event.code, cause: null })
    } else {
      if (this.#state !== 'refused') this.#become('connecting')
      this.#present([])
    }
  }

  #hear(event: string, payload: unknown): void {
    if (payload instanceof ArrayBuffer) {
      const message = parseBinary(payload)
      if (message !== null) this.#emitter.emit('binary', { topic: this.#topic, event, ...message })
      return
    }
    if (!isRecord(payload) || typeof payload.userId !== 'string') return
    const { userId, timestamp } = payload
    if (event !== 'user_typing') this.#emitter.emit('message', { event, userId, payload })
    else if (typeof timestamp === 'string') this.#emitter.emit('typing', { userId, timestamp })
  }

  #present(userIds: readonly string[]): void {
    if (userIds.join() === this.#userIds.join()) return
    this.#userIds = userIds
    this.#emitter.emit('presence', userIds)
  }

  #become(state: IncidentState): void {
    if (this.#state === state || this.#state === 'closed') return
    this.#state = state
    this.#emitter.emit('state', state)
  }
}

/** Null for bytes that no sender stands before. */
export function parseBinary(buffer: ArrayBuffer): { userId: string; bytes: Uint8Array } | null {
  if (buffer.byteLength < SENDER_LENGTH) return null
  const hex = Array.from(new Uint8Array(buffer, 0, SENDER_LENGTH), (byte) =>
    byte.toString(16).padStart(2, '0'),
  )
  const userId = hex.join('').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  return { userId, bytes: new Uint8Array(buffer.slice(SENDER_LENGTH)) }
}
