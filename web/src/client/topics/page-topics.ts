/** The queues and incidents that this page follows, whatever becomes of the connection. */

import { incidentTopic, queueTopic } from '../../../../functions-shared/topics.ts'
import type { QueueSource, Timers } from '../ports.ts'
import { IncidentSession } from './incident-session.ts'
import { QueueSession } from './queue-session.ts'
import type { TopicListener } from './topic-events.ts'
import type { TopicRegistry } from './topic-registry.ts'

export interface PageTopicsOptions {
  registry: TopicRegistry
  queues: QueueSource
  timers: Timers
  /** Milliseconds between two readings of a queue that is under way. */
  checkInterval: number
  /** An incident is followed from now on, by one or more: called once for all of them. */
  followed(session: IncidentSession): void
}

export class PageTopics {
  readonly #options: PageTopicsOptions
  readonly #open = new Set<QueueSession | IncidentSession>()
  /** One for all who follow an incident, and how many those are. */
  readonly #followed = new Map<string, { session: IncidentSession; count: number }>()

  constructor(options: PageTopicsOptions) {
    this.#options = options
  }

  subscribeQueue(queueId: string): QueueSession {
    const { registry, queues: source, timers, checkInterval } = this.#options
    const session: QueueSession = new QueueSession({
      queueId,
      source,
      timers,
      checkInterval,
      listen: (listener) => registry.listen(queueTopic(queueId), listener),
    })
    this.#open.add(session)
    session.on('state', (state) => {
      if (state === 'closed') this.#open.delete(session)
    })
    return session
  }

  joinIncident(incidentId: string): IncidentSession {
    this.#follow(incidentId)
    const session = this.#incident(incidentId, (stop) => {
      stop()
      this.#unfollow(incidentId)
    })
    this.#open.add(session)
    session.on('state', (state) => {
      if (state === 'closed') this.#open.delete(session)
    })
    return session
  }

  /** The user has gone: nothing of theirs is shown to the next. */
  close(): void {
    for (const session of [...this.#open]) session.close()
  }

  #incident(incidentId: string, onStop: (stop: () => void) => void): IncidentSession {
    const topic = incidentTopic(incidentId)
    return new IncidentSession({
      incidentId,
      topic,
      listen: (listener: TopicListener) => {
        const stop = this.#options.registry.listen(topic, listener)
        return () => onStop(stop)
      },
    })
  }

  #follow(incidentId: string): void {
    const followed = this.#followed.get(incidentId)
    if (followed !== undefined) {
      followed.count += 1
      return
    }
    const session = this.#incident(incidentId, (stop) => stop())
    this.#followed.set(incidentId, { session, count: 1 })
    this.#options.followed(session)
  }

  #unfollow(incidentId: string): void {
    const followed = this.#followed.get(incidentId)
    if (followed === undefined) return
    followed.count -= 1
    if (followed.count > 0) return
    this.#followed.delete(incidentId)
    followed.session.close()
  }
}
