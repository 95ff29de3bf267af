/** The queues and incidents that this page follows, across reconnects. */

import { incidentTopic, queueTopic } from '../../../../functions-shared/topics.ts'
import type { Emitter } from '../emitter.ts'
import type { ClientEvents } from '../events.ts'
import type { QueueSource, Timers } from '../ports.ts'
import { followIncident } from './incident-follower.ts'
import { type IncidentControl, IncidentSession } from './incident-session.ts'
import { QueueFollower } from './queue-follower.ts'
import type { QueueControl } from './queue-session.ts'
import { TopicRegistry } from './topic-registry.ts'

export interface PageTopicsOptions {
  queues: QueueSource
  timers: Timers
  /** Milliseconds between two reads of a queue with running jobs. */
  checkInterval: number
  /** The client's events, for the events of all incidents. */
  emitter: Emitter<ClientEvents>
  /** Called when a topic was added or removed. */
  changed(): void
}

export class PageTopics {
  readonly registry: TopicRegistry
  readonly #options: PageTopicsOptions
  /** One session per followed incident for the client's own events, and the number of followers. */
  readonly #forwarded = new Map<string, { session: IncidentSession; count: number }>()

  constructor(options: PageTopicsOptions) {
    this.#options = options
    this.registry = new TopicRegistry(() => options.changed())
  }

  followQueue(queueId: string, control: QueueControl): void {
    const { queues: source, timers, checkInterval } = this.#options
    const listen = this.registry.listenTo(queueTopic(queueId))
    new QueueFollower({ queueId, source, timers, checkInterval, listen }, control)
  }

  followIncident(incidentId: string, control: IncidentControl): void {
    this.#forward(incidentId)
    this.#listen(incidentId, control)
    control.lifecycle.signal.addEventListener('abort', () => this.#unforward(incidentId))
  }

  #listen(incidentId: string, control: IncidentControl): void {
    const topic = incidentTopic(incidentId)
    followIncident(topic, control, this.registry.listenTo(topic))
  }

  #forward(incidentId: string): void {
    const known = this.#forwarded.get(incidentId)
    if (known !== undefined) {
      known.count += 1
      return
    }
    const session = new IncidentSession(incidentId, (control) => this.#listen(incidentId, control))
    this.#forwarded.set(incidentId, { session, count: 1 })
    const { emitter } = this.#options
    session.on('presence', (userIds) => emitter.emit('presence_update', { incidentId, userIds }))
    session.on('typing', (typing) => emitter.emit('user_typing', { incidentId, ...typing }))
    session.on('binary', (message) => emitter.emit('binary', message))
  }

  #unforward(incidentId: string): void {
    const known = this.#forwarded.get(incidentId)
    if (known === undefined) return
    known.count -= 1
    if (known.count > 0) return
    this.#forwarded.delete(incidentId)
    known.session.close()
  }
}
