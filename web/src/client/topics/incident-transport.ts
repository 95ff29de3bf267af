/**
 * Joins the topic of an incident, whose name changes when a user loses access: `incident:<id>` is what the page follows,
 * `incident:<id>:<epoch>` is what Realtime joins. The database says which one (`supabase/schemas/incident_topics.sql`).
 *
 *   join ──> ask for the topic ──> join of the channel ──┬─ `incident_moved` ────────────┐
 *               ^   └─ refused: topic_forbidden           ├─ another topic at a check ────┤
 *               │                                         └─ refused, as it moved just now ┤
 *               └──────────────────────────────────────────────────────────────────────────┘
 *
 * The last message of the old topic may be lost, as every broadcast may. So the topic is asked for again from time to time.
 */

import type {
  IncidentTopics,
  JoinOptions,
  Subscription,
  Timers,
  Transport,
  TransportHandlers,
} from '../ports.ts'

export interface IncidentTransportOptions {
  transport: Transport
  incidentTopics: IncidentTopics
  timers: Timers
  /** Milliseconds between two questions for the topic. */
  checkInterval: number
}

const PREFIX = 'incident:'

/** Other topics are joined as they are. */
export function createIncidentTransport(options: IncidentTransportOptions): Transport {
  const { transport } = options
  return {
    ...(transport.rest === undefined ? {} : { rest: () => transport.rest?.() }),
    join(topic, handlers, joinOptions) {
      return topic.startsWith(PREFIX)
        ? new IncidentSubscription(options, topic.slice(PREFIX.length), handlers, joinOptions)
        : transport.join(topic, handlers, joinOptions)
    },
  }
}

class IncidentSubscription implements Subscription {
  readonly #options: IncidentTransportOptions
  readonly #incidentId: string
  readonly #handlers: TransportHandlers
  readonly #joinOptions: JoinOptions | undefined
  readonly #abort = new AbortController()
  /** The topic that is joined, or was last. */
  #topic: string | null = null
  #subscription: Subscription | null = null
  #check: unknown = null
  /** Number of the last question. Answers to earlier ones are ignored. */
  #question = 0

  constructor(
    options: IncidentTransportOptions,
    incidentId: string,
    handlers: TransportHandlers,
    joinOptions: JoinOptions | undefined,
  ) {
    this.#options = options
    this.#incidentId = incidentId
    this.#handlers = handlers
    this.#joinOptions = joinOptions
    void this.#locate()
  }

  leave(next: 'rejoin' | 'end'): void {
    this.#abort.abort()
    this.#stopChecking()
    this.#subscription?.leave(next)
    this.#subscription = null
  }

  ping(): void {
    this.#subscription?.ping()
  }

  get #left(): boolean {
    return this.#abort.signal.aborted
  }

  /**
   * Asks for the topic, and joins it where it is not the one that is joined.
   *
   * @param refused calls the handler of a refusal, where the refused topic is still the current one.
   */
  async #locate(refused?: () => void): Promise<void> {
    this.#stopChecking()
    this.#question += 1
    const question = this.#question
    const { incidentTopics, transport, timers, checkInterval } = this.#options
    try {
      const topic = await incidentTopics.topicOf(this.#incidentId, this.#abort.signal)
      if (this.#left || question !== this.#question) return
      if (topic === null) return this.#handlers.refused('topic_forbidden')
      if (topic === this.#topic && refused !== undefined) return refused()
      if (topic !== this.#topic || this.#subscription === null) {
        if (this.#subscription !== null) {
          this.#subscription.leave('rejoin')
          this.#handlers.moved?.()
        }
        this.#topic = topic
        this.#subscription = transport.join(topic, this.#handlersOf(topic), this.#joinOptions)
      }
    } catch (cause) {
      if (this.#left || question !== this.#question) return
      // A joined channel stays as it is: the question is asked again.
      if (this.#subscription === null) return this.#handlers.down('socket', cause)
    }
    this.#check = timers.set(() => void this.#locate(), checkInterval)
  }

  #handlersOf(topic: string): TransportHandlers {
    const { presence } = this.#handlers
    return {
      joined: () => this.#handlers.joined(),
      flowing: () => this.#handlers.flowing(),
      alive: (latencyMs) => this.#handlers.alive(latencyMs),
      down: (reason, cause) => this.#handlers.down(reason, cause),
      ...(presence === undefined ? {} : { presence }),
      refused: (code, cause) => {
        this.#subscription?.leave('rejoin')
        this.#subscription = null
        void this.#locate(() => this.#handlers.refused(code, cause))
      },
      message: (payload, event) => {
        if (event !== 'incident_moved') return this.#handlers.message(payload, event)
        // A channel that has been left since may still hand over its last message.
        if (topic === this.#topic) void this.#locate()
      },
    }
  }

  #stopChecking(): void {
    if (this.#check !== null) this.#options.timers.clear(this.#check)
    this.#check = null
  }
}
