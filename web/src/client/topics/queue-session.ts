/** The jobs of one queue, as a page follows them. */

import { Emitter, type Listener } from '../emitter.ts'
import type { QueueJob } from '../ports.ts'
import { type TopicError, TopicLifecycle, type TopicState } from './topic-lifecycle.ts'

export type QueueState = TopicState

export interface QueueEvents {
  /** A job of the queue has changed, or is known now. */
  job: [job: QueueJob]
  state: [state: QueueState]
  error: [error: TopicError]
}

/** What the follower works on. */
export interface QueueControl {
  readonly followed: TopicLifecycle
  readonly emitter: Emitter<QueueEvents>
  readonly jobs: Map<string, QueueJob>
}

export class QueueSession {
  readonly queueId: string
  readonly #control: QueueControl

  /** @param follow begins to follow. */
  constructor(queueId: string, follow: (control: QueueControl) => void) {
    this.queueId = queueId
    const emitter: Emitter<QueueEvents> = new Emitter((event, cause) => {
      if (event !== 'error') emitter.emit('error', { code: 'listener_failed', cause })
    })
    const followed = new TopicLifecycle((state) => emitter.emit('state', state))
    this.#control = { followed, emitter, jobs: new Map() }
    follow(this.#control)
  }

  get state(): QueueState {
    return this.#control.followed.state
  }

  /** What is known of each job, by its id. */
  get jobs(): ReadonlyMap<string, QueueJob> {
    return this.#control.jobs
  }

  /** @returns the way to remove the listener. */
  on<Name extends keyof QueueEvents>(event: Name, listener: Listener<QueueEvents[Name]>): () => void {
    return this.#control.emitter.on(event, listener)
  }

  /** Final. */
  close(): void {
    this.#control.followed.close()
  }
}
