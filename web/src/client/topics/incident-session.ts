/** Presence, typing and messages of an incident's members. All of them are volatile. */

import { Emitter, type Listener } from '../emitter.ts'
import { type TopicError, TopicLifecycle, type TopicState } from './topic-lifecycle.ts'

export type IncidentState = TopicState

/** A member's message. The database sets the sender's id. */
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
  /** Sorted ids of the present users. Each client reports its own id, so presence proves nothing. */
  presence: [userIds: readonly string[]]
  typing: [event: { userId: string; timestamp: string }]
  /** Every other message of a member. */
  message: [event: MemberMessageEvent]
  binary: [event: BinaryMessageEvent]
  state: [state: IncidentState]
  error: [error: TopicError]
}

/** The inside of an `IncidentSession`, which the engine's follower changes. */
export interface IncidentControl {
  readonly lifecycle: TopicLifecycle
  readonly emitter: Emitter<IncidentEvents>
  userIds: readonly string[]
}

export class IncidentSession {
  readonly incidentId: string
  readonly #control: IncidentControl

  /** @param follow passes the control to the engine's follower. */
  constructor(incidentId: string, follow: (control: IncidentControl) => void) {
    this.incidentId = incidentId
    const emitter: Emitter<IncidentEvents> = new Emitter((event, cause) => {
      if (event !== 'error') emitter.emit('error', { code: 'listener_failed', cause })
    })
    const lifecycle = new TopicLifecycle((state) => emitter.emit('state', state))
    this.#control = { lifecycle, emitter, userIds: [] }
    follow(this.#control)
  }

  get state(): IncidentState {
    return this.#control.lifecycle.state
  }

  /** Present users; empty while unknown. */
  get userIds(): readonly string[] {
    return this.#control.userIds
  }

  /** @returns a function that removes the listener. */
  on<Name extends keyof IncidentEvents>(event: Name, listener: Listener<IncidentEvents[Name]>): () => void {
    return this.#control.emitter.on(event, listener)
  }

  /** Final. */
  close(): void {
    this.#control.lifecycle.close()
  }
}
