/** This page's listeners of each queue and incident topic. A topic is followed while it has a listener. */

import type { TopicEvent, TopicListener } from './topic-events.ts'

interface Topic {
  readonly listeners: Set<TopicListener>
  joined: boolean
  userIds: string[] | null
}

export class TopicRegistry {
  readonly #topics = new Map<string, Topic>()
  readonly #changed: () => void

  /** @param changed called when a topic was added or removed. */
  constructor(changed: () => void) {
    this.#changed = changed
  }

  get topics(): string[] {
    return [...this.#topics.keys()]
  }

  /** A later listener of a joined topic hears its state in a later turn. */
  listen(topic: string, listener: TopicListener, signal: AbortSignal): void {
    const known = this.#topics.get(topic)
    const entry: Topic = known ?? { listeners: new Set(), joined: false, userIds: null }
    entry.listeners.add(listener)
    if (known === undefined) {
      this.#topics.set(topic, entry)
      this.#changed()
    } else void Promise.resolve().then(() => catchUp(entry, listener))
    signal.addEventListener('abort', () => {
      if (!entry.listeners.delete(listener) || entry.listeners.size > 0) return
      this.#topics.delete(topic)
      this.#changed()
    })
  }

  listenTo(topic: string): (listener: TopicListener, signal: AbortSignal) => void {
    return (listener, signal) => this.listen(topic, listener, signal)
  }

  happened(topic: string, event: TopicEvent): void {
    const entry = this.#topics.get(topic)
    if (entry === undefined) return
    if (event.type === 'joined') entry.joined = true
    else if (event.type === 'presence') entry.userIds = event.userIds
    else if (event.type === 'left') Object.assign(entry, { joined: false, userIds: null })
    for (const listener of [...entry.listeners]) if (entry.listeners.has(listener)) listener(event)
  }

  /** The socket was lost, in this tab or in the leading tab. */
  allLeft(): void {
    for (const topic of this.topics) this.happened(topic, { type: 'left' })
  }
}

function catchUp(entry: Topic, listener: TopicListener): void {
  if (entry.joined && entry.listeners.has(listener)) listener({ type: 'joined' })
  if (entry.userIds !== null && entry.listeners.has(listener)) {
    listener({ type: 'presence', userIds: entry.userIds })
  }
}
