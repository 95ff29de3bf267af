/**
 * The queue and incident topics that the user's tabs follow, joined on the leading tab's socket.
 *
 *   followed by a tab, connected ──────> joining ──> joined
 *                                          ^  └──────┘ down, refused: joined again after a back-off
 *   followed by no tab, or offline ────> left
 */

import { backoffDelay } from '../../../../functions-shared/backoff.ts'
import type { ConnectionSettings } from '../connection-transition.ts'
import type { Subscription, Timers, Transport } from '../ports.ts'
import type { TopicEvent } from './topic-events.ts'

export interface SharedTopicsOptions {
  userId: string
  transport: Transport
  timers: Timers
  settings: Pick<ConnectionSettings, 'reconnectDelay' | 'maxReconnectDelay' | 'random'>
  /** Must not throw. */
  happened(topic: string, event: TopicEvent): void
}

interface JoinedTopic {
  subscription: Subscription | null
  joined: boolean
  userIds: string[] | null
  failures: number
  retry: unknown
}

export class SharedTopics {
  readonly #options: SharedTopicsOptions
  /** Followed topics of each tab. */
  readonly #wanted = new Map<string, ReadonlySet<string>>()
  readonly #hosted = new Map<string, JoinedTopic>()
  #up = false

  constructor(options: SharedTopicsOptions) {
    this.#options = options
  }

  /** Sets all topics of a tab. Topics that are already joined are announced again, because the tab may be new. */
  setTopics(tabId: string, topics: Iterable<string>): void {
    const before = this.#wanted.get(tabId)
    const wanted = new Set(topics)
    this.#wanted.set(tabId, wanted)
    this.#reconcile()
    for (const topic of wanted) if (!before?.has(topic)) this.#tellAgain(topic)
  }

  removeTab(tabId: string): void {
    if (this.#wanted.delete(tabId)) this.#reconcile()
  }

  /** Whether the user's own topic is joined. */
  set up(up: boolean) {
    if (up === this.#up) return
    this.#up = up
    this.#reconcile()
  }

  /** Messages were lost and arrive again: the rows of each topic have to be read anew. */
  refresh(): void {
    for (const [topic, { joined }] of this.#hosted)
      if (joined) this.#options.happened(topic, { type: 'joined' })
  }

  /** Final. */
  close(): void {
    this.#wanted.clear()
    this.#up = false
    for (const topic of [...this.#hosted.keys()]) this.#leave(topic, 'end')
  }

  #reconcile(): void {
    const wanted = new Set(this.#up ? [...this.#wanted.values()].flatMap((topics) => [...topics]) : [])
    for (const topic of [...this.#hosted.keys()]) if (!wanted.has(topic)) this.#leave(topic, 'rejoin')
    for (const topic of wanted) if (!this.#hosted.has(topic)) this.#join(topic, 0)
  }

  #join(topic: string, failures: number): void {
    const { transport, userId, happened } = this.#options
    const hosted: JoinedTopic = { subscription: null, joined: false, userIds: null, failures, retry: null }
    this.#hosted.set(topic, hosted)
    const failed = (event: TopicEvent | null): void => {
      hosted.subscription?.leave('rejoin')
      hosted.joined = false
      if (event !== null) happened(topic, event)
      happened(topic, { type: 'left' })
      this.#retry(topic, hosted)
    }
    hosted.subscription = transport.join(
      topic,
      {
        joined: () => {
          hosted.joined = true
          hosted.failures = 0
          happened(topic, { type: 'joined' })
        },
        moved: () => {
          hosted.joined = false
          hosted.userIds = null
          happened(topic, { type: 'left' })
        },
        // Messages before the start of the replication stream were not broadcast: read the rows again.
        flowing: () => happened(topic, { type: 'joined' }),
        message: (payload, event = '') => happened(topic, { type: 'message', event, payload }),
        presence: (userIds) => {
          hosted.userIds = userIds
          happened(topic, { type: 'presence', userIds })
        },
        alive: () => undefined,
        down: () => failed(null),
        refused: (code) => failed({ type: 'refused', code }),
      },
      topic.startsWith('incident:') ? { presentAs: userId } : {},
    )
  }

  #retry(topic: string, hosted: JoinedTopic): void {
    // A listener may have left the topic.
    if (this.#hosted.get(topic) !== hosted) return
    const { timers, settings } = this.#options
    const delayMs = backoffDelay(hosted.failures, {
      baseMs: settings.reconnectDelay,
      maxMs: settings.maxReconnectDelay,
      random: settings.random,
    })
    hosted.retry = timers.set(() => {
      if (this.#hosted.get(topic) === hosted) this.#join(topic, hosted.failures + 1)
    }, delayMs)
  }

  #leave(topic: string, next: 'rejoin' | 'end'): void {
    const hosted = this.#hosted.get(topic)
    if (hosted === undefined) return
    this.#hosted.delete(topic)
    if (hosted.retry !== null) this.#options.timers.clear(hosted.retry)
    hosted.subscription?.leave(next)
    if (hosted.joined) this.#options.happened(topic, { type: 'left' })
  }

  #tellAgain(topic: string): void {
    const hosted = this.#hosted.get(topic)
    if (hosted === undefined || !hosted.joined) return
    this.#options.happened(topic, { type: 'joined' })
    if (hosted.userIds !== null) {
      this.#options.happened(topic, { type: 'presence', userIds: hosted.userIds })
    }
  }
}
