/** Who else is looking at an incident, who is typing, and what its members send each other. All of it is volatile. */

import { Emitter, type Listener } from '../emitter.ts'
import { type TopicError, TopicLifecycle, type TopicState } from './topic-lifecycle.ts'

export type IncidentState = TopicState

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
  error: [error: TopicError]
}

/** What the follower works on. */
export interface IncidentControl {
  readonly followed: TopicLifecycle
  readonly emitter: Emitter<IncidentEvents>
  userIds: readonly string[]
}

export class IncidentSession {
  readonly incidentId: string
  readonly #control: IncidentControl

  /** @param follow begins to follow. */
  constructor(incidentId: string, follow: (control: IncidentControl) => void) {
    this.incidentId = incidentId
    const emitter: Emitter<IncidentEvents> = new Emitter((event, cause) => {
      if (event !== 'error') emitter.emit('error', { code: 'listener_failed', cause })
    })
    const followed = new TopicLifecycle((state) => emitter.emit('state', state))
    this.#control = { followed, emitter, userIds: [] }
    follow(this.#control)
  }

  get state(): IncidentState {
    return this.#control.followed.state
  }

  /** Who is there; empty while it is not known. */
  get userIds(): readonly string[] {
    return this.#control.userIds
  }

  /** @returns the way to remove the listener. */
  on<Name extends keyof IncidentEvents>(event: Name, listener: Listener<IncidentEvents[Name]>): () => void {
    return this.#control.emitter.on(event, listener)
  }

  /** Final. */
  close(): void {
    this.#control.followed.close()
  }
}
