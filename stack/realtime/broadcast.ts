/**
 * Who listens to what: subscribers by topic. Publishing encodes a message once per protocol version, however
 * many subscribers there are.
 */

import type { Outgoing } from './protocol/outgoing.ts'

export interface Subscriber {
  /** @param id of the message in the database; a subscriber to which it was replayed skips it. */
  broadcast(message: Outgoing, id?: string): void
  presenceDiff(message: Outgoing): void
}

/** Public and private channels of one name are separate. */
export interface ChannelKey {
  topic: string
  private: boolean
}

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

  subscribers(key: ChannelKey): ReadonlySet<Subscriber> {
    return this.#topics(key).get(key.topic) ?? NOBODY
  }

  has(key: ChannelKey): boolean {
    return this.#topics(key).has(key.topic)
  }

  /** @param except the sender, when it does not want its own broadcasts. */
  broadcast(key: ChannelKey, message: Outgoing, options: { id?: string; except?: Subscriber } = {}): void {
    for (const subscriber of this.subscribers(key)) {
      if (subscriber !== options.except) subscriber.broadcast(message, options.id)
    }
  }

  presenceDiff(key: ChannelKey, message: Outgoing): void {
    for (const subscriber of this.subscribers(key)) subscriber.presenceDiff(message)
  }

  #topics(key: ChannelKey): Map<string, Set<Subscriber>> {
    return key.private ? this.#private : this.#public
  }
}

const NOBODY: ReadonlySet<Subscriber> = new Set()
