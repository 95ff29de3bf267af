/** Subscribers by topic. A published message is encoded once per protocol version, however many subscribers it has. */

import type { EventBudget } from './event-budgets.ts'
import type { Outgoing } from './protocol/outgoing.ts'

export interface Subscriber {
  broadcast(message: Outgoing, origin: Origin): void
  presenceDiff(message: Outgoing): void
}

/** Where a broadcast comes from. */
export interface Origin {
  /** Pays for the deliveries. */
  budget: EventBudget
  /** The message's id in the database. A subscriber to which the message was replayed skips it. */
  id?: string | undefined
  /** The sender, when it does not want its own broadcasts. */
  except?: Subscriber | undefined
}

/** Public and private channels of one name are separate. */
export interface ChannelKey {
  topic: string
  private: boolean
}

const NO_SUBSCRIBERS: ReadonlySet<Subscriber> = new Set()

export class Hub {
  readonly #public = new Map<string, Set<Subscriber>>()
  readonly #private = new Map<string, Set<Subscriber>>()

  subscribe(key: ChannelKey, subscriber: Subscriber): void {
    const topics = this.#topics(key)
    const subscribers = topics.get(key.topic)
    if (subscribers) subscribers.add(subscriber)
    else topics.set(key.topic, new Set([subscriber]))
  }

  unsubscribe(key: ChannelKey, subscriber: Subscriber): void {
    const topics = this.#topics(key)
    const subscribers = topics.get(key.topic)
    if (!subscribers?.delete(subscriber)) return
    if (subscribers.size === 0) topics.delete(key.topic)
  }

  broadcast(key: ChannelKey, message: Outgoing, origin: Origin): void {
    for (const subscriber of this.#subscribers(key)) {
      if (subscriber !== origin.except) subscriber.broadcast(message, origin)
    }
  }

  presenceDiff(key: ChannelKey, message: Outgoing): void {
    for (const subscriber of this.#subscribers(key)) subscriber.presenceDiff(message)
  }

  #subscribers(key: ChannelKey): ReadonlySet<Subscriber> {
    return this.#topics(key).get(key.topic) ?? NO_SUBSCRIBERS
  }

  #topics(key: ChannelKey): Map<string, Set<Subscriber>> {
    return key.private ? this.#private : this.#public
  }
}
