/** The jobs of one queue that a page follows. */

import { Emitter, type Listener } from '../emitter.ts'
import type { QueueJob } from '../ports.ts'
import { type TopicError, TopicLifecycle, type TopicState } from './topic-lifecycle.ts'

export type QueueState = TopicState

export interface QueueEvents {
  /** A job of the queue was read or has changed. */
  job: [job: QueueJob]
  state: [state: QueueState]
  error: [error: TopicError]
}

/** The inside of a `QueueSession`, which the engine's follower changes. */
export interface QueueControl {
  readonly lifecycle: TopicLifecycle
  readonly emitter: Emitter<QueueEvents>
  readonly jobs: Map<string, QueueJob>
}

export class QueueSession {
  readonly queueId: string
  readonly #control: QueueControl

  /** @param follow passes the control to the engine's follower. */
  constructor(queueId: string, follow: (control: QueueControl) => void) {
    this.queueId = queueId
    const emitter: Emitter<QueueEvents> = new Emitter((event, cause) => {
      if (event !== 'error') emitter.emit('error', { code: 'listener_failed', cause })
    })
    const lifecycle = new TopicLifecycle((state) => emitter.emit('state', state))
    this.#control = { lifecycle, emitter, jobs: new Map() }
    follow(this.#control)
  }

  get state(): QueueState {
    return this.#control.lifecycle.state
  }

  /** The known jobs by id. */
  get jobs(): ReadonlyMap<string, QueueJob> {
    return this.#control.jobs
  }

  /** @returns a function that removes the listener. */
  on<Name extends keyof QueueEvents>(event: Name, listener: Listener<QueueEvents[Name]>): () => void {
    return this.#control.emitter.on(event, listener)
  }

  /** Final. */
  close(): void {
    this.#control.lifecycle.close()
  }
}
