/**
 * Who pays for an event: a message that is sent, and each delivery of it to a subscriber.
 *
 *   publicBroadcasts: 'refuse'   the database, each user, each socket without a user and each role over HTTP have a
 *                                budget of their own: no caller can use up the share of the database or of another user
 *   publicBroadcasts: 'allow'    one budget for all, as on hosted Supabase
 *
 * Every budget allows `maxEventsPerSecond`.
 */

import { RateCounter } from './limits.ts'
import type { RealtimeSettings } from './settings.ts'
import type { Claims } from './tokens.ts'

export interface EventBudget {
  readonly rate: RateCounter
  /**
   * Whether a channel that receives a message of an exhausted budget is closed, as on hosted Supabase. False where the
   * sender is limited instead.
   */
  readonly closesReceivers: boolean
}

/** Budgets of users and roles that are remembered; beyond it the oldest is forgotten. */
const REMEMBERED = 10_000

export class EventBudgets {
  readonly #settings: RealtimeSettings
  readonly #now: () => number
  #shared: EventBudget
  #database: EventBudget
  #named = new Map<string, EventBudget>()
  #sockets = new WeakMap<object, EventBudget>()

  /** @param now milliseconds since 1970 */
  constructor(settings: RealtimeSettings, now: () => number) {
    this.#settings = settings
    this.#now = now
    this.#shared = this.#budget(true)
    this.#database = this.#budget(true)
  }

  get database(): EventBudget {
    return this.#isShared ? this.#shared : this.#database
  }

  /** Budget of a call over HTTP: of the user that the token names, else of the token's role. */
  request({ sub, role }: Claims): EventBudget {
    if (this.#isShared) return this.#shared
    return this.#remembered(typeof sub === 'string' ? `user ${sub}` : `role ${role}`)
  }

  /** Budget of a message on a socket: of the user that the channel's token names, else of the socket. */
  socket({ sub }: Claims, socket: object): EventBudget {
    if (this.#isShared) return this.#shared
    if (typeof sub === 'string') return this.#remembered(`user ${sub}`)
    const budget = this.#sockets.get(socket) ?? this.#budget(false)
    this.#sockets.set(socket, budget)
    return budget
  }

  /** Forgets every event, e.g. after a change of the limit. */
  reset(): void {
    this.#shared = this.#budget(true)
    this.#database = this.#budget(true)
    this.#named = new Map()
    this.#sockets = new WeakMap()
  }

  get #isShared(): boolean {
    return this.#settings.publicBroadcasts === 'allow'
  }

  #remembered(name: string): EventBudget {
    const known = this.#named.get(name)
    if (known) return known
    const [oldest] = this.#named.keys()
    if (this.#named.size >= REMEMBERED && oldest !== undefined) this.#named.delete(oldest)
    const budget = this.#budget(false)
    this.#named.set(name, budget)
    return budget
  }

  #budget(closesReceivers: boolean): EventBudget {
    const settings = this.#settings
    const rate = new RateCounter(
      () => settings.maxEventsPerSecond,
      () => settings.rateTickMs,
      this.#now,
    )
    return { rate, closesReceivers }
  }
}
