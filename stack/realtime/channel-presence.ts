/** Presence calls of one channel: track, untrack and their limits. */

import { isDeepStrictEqual } from 'node:util'
import { isRecord } from '../../functions-shared/unknown.ts'
import type { ChannelPolicies } from './channel-policies.ts'
import type { RealtimeContext } from './context.ts'
import { SYSTEM_MESSAGE } from './errors.ts'

/** `after` runs once the reply has been sent; `close` and `crash` end the channel instead of replying. */
export type PresenceOutcome =
  | { reply: 'ok'; after?: () => void }
  | { reply: 'error'; response: Record<string, string> }
  | { close: string }
  | { crash: true }

export interface PresenceActions {
  track(meta: Record<string, unknown>): void
  untrack(): void
}

const REFUSED: PresenceOutcome = { reply: 'error', response: {} }

export class ChannelPresence {
  readonly #context: Pick<RealtimeContext, 'now' | 'rates' | 'settings'>
  readonly #policies: ChannelPolicies | undefined
  readonly #actions: PresenceActions
  #enabled: boolean
  #tracked: Record<string, unknown> | undefined
  #calls = { count: 0, until: 0 }

  constructor(
    context: RealtimeContext,
    policies: ChannelPolicies | undefined,
    enabled: boolean,
    actions: PresenceActions,
  ) {
    this.#context = context
    this.#policies = policies
    this.#enabled = enabled
    this.#actions = actions
  }

  /** Enabled by the join, or by the first track. */
  get enabled(): boolean {
    return this.#enabled
  }

  /** Whether this client may see the topic's presences. */
  get readable(): boolean {
    return !this.#policies || this.#policies.readPresence === true
  }

  async handle(payload: unknown): Promise<PresenceOutcome> {
    if (!isRecord(payload) || !Object.hasOwn(payload, 'event')) return { reply: 'ok' }
    if (typeof payload.event !== 'string') return { crash: true }
    if (!this.#countCall()) return { close: SYSTEM_MESSAGE.clientPresenceLimit }
    switch (payload.event.toLowerCase()) {
      case 'track':
        if (!(await this.#mayTrack())) return REFUSED
        return this.#track(Object.hasOwn(payload, 'payload') ? payload.payload : {})
      case 'untrack':
        this.#tracked = undefined
        return { reply: 'ok', after: () => this.#actions.untrack() }
      default:
        return REFUSED
    }
  }

  /** Counts one presence message. @returns false above the project's limit */
  countMessage(): boolean {
    const { rates, settings } = this.#context
    if (rates.presence.average > settings.maxPresenceEventsPerSecond) return false
    rates.presence.add()
    return true
  }

  #track(meta: unknown): PresenceOutcome {
    if (!isRecord(meta)) {
      return { reply: 'error', response: { reason: 'Presence track payload must be a map' } }
    }
    if (this.#tracked && isDeepStrictEqual(this.#tracked, meta)) return { reply: 'ok' }
    const size = Buffer.byteLength(JSON.stringify(meta))
    if (size > this.#context.settings.maxPayloadKb * 1000) return { close: SYSTEM_MESSAGE.trackTooLarge }
    if (!this.countMessage()) return { close: SYSTEM_MESSAGE.tooManyPresenceMessages }
    this.#enabled = true
    this.#tracked = meta
    return { reply: 'ok', after: () => this.#actions.track(meta) }
  }

  async #mayTrack(): Promise<boolean> {
    if (!this.#policies) return true
    await this.#policies.mayReadPresence()
    return this.#policies.mayWrite('presence')
  }

  #countCall(): boolean {
    const { now, settings } = this.#context
    if (now() > this.#calls.until) {
      this.#calls = { count: 1, until: now() + settings.clientPresenceWindowMs }
      return true
    }
    if (this.#calls.count >= settings.clientPresenceMaxCalls) return false
    this.#calls.count++
    return true
  }
}
