/** The `postgres_changes` of one channel: subscribed after the join, and again with every new token or stream. */

import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { RealtimeContext } from '../context.ts'
import { SYSTEM_MESSAGE } from '../errors.ts'
import { encodeText, type ProtocolVersion } from '../protocol/serializer.ts'
import { EVENT } from '../protocol/wire.ts'
import { textFrame, type WireFrame } from '../protocol/ws-frame.ts'
import type { Claims } from '../tokens.ts'
import { bindingId } from './binding-id.ts'
import { parseParams } from './params.ts'
import type { Binding, ChangeListener, OutgoingChange } from './registry.ts'
import { deleteSubscriptions, insertSubscription } from './subscribe.ts'

export interface ChangeTarget {
  readonly fullTopic: string
  readonly version: ProtocolVersion
  readonly stopped: boolean
  readonly claims: Claims
  send(frame: WireFrame): void
  /** A `system` message of this extension. */
  tell(status: 'ok' | 'error', message: string): void
}

/** Wait before a subscription that failed because the database was away is tried again. */
const RETRY_MS = 500
const STREAM_TIMEOUT_MS = 5_000

export class ChannelChanges implements ChangeListener {
  readonly #context: Pick<RealtimeContext, 'changes' | 'database' | 'logger'>
  readonly #target: ChangeTarget
  /** As the client wrote them. */
  readonly #bindings: readonly unknown[]
  readonly #legacy: boolean
  /** Ids in `realtime.subscription`. */
  #ids: string[] = []
  #attempt = 0

  constructor(context: RealtimeContext, target: ChangeTarget, bindings: readonly unknown[], legacy: boolean) {
    this.#context = context
    this.#target = target
    this.#bindings = bindings
    this.#legacy = legacy
  }

  /** Subscribes with the channel's current claims. Replaces earlier subscriptions. */
  async subscribe(): Promise<void> {
    if (this.#bindings.length === 0) return
    const attempt = ++this.#attempt
    const isCurrent = () => attempt === this.#attempt && !this.#target.stopped
    const bindings: Binding[] = []
    for (const binding of this.#bindings) {
      const parsed = parseParams(binding)
      if (!parsed.ok) return this.#target.tell('error', parsed.message)
      bindings.push({ id: bindingId(binding), params: parsed.params })
    }
    while (isCurrent()) {
      try {
        if (await this.#try(bindings, isCurrent)) return
      } catch (error) {
        this.#context.logger.warn('realtime', 'subscription_waits_for_database', { error })
      }
      await delay(RETRY_MS)
    }
  }

  stop(): void {
    this.#attempt++
    this.#context.changes.remove(this)
    this.#forget(this.#ids)
    this.#ids = []
  }

  postgresChange(change: OutgoingChange, ids: number[]): void {
    const { fullTopic, version } = this.#target
    const payload = this.#legacy ? change.data : `{"data":${change.data},"ids":[${ids.join(',')}]}`
    const event = this.#legacy ? change.type : EVENT.postgresChanges
    const key = `${version}\n${event}\n${ids.join(',')}\n${fullTopic}`
    const frame =
      change.frames.get(key) ?? textFrame(encodeText(version, null, null, fullTopic, event, payload))
    change.frames.set(key, frame)
    this.#target.send(frame)
  }

  streamResumed(): void {
    this.subscribe()
  }

  /** @returns false to try again */
  async #try(bindings: Binding[], isCurrent: () => boolean): Promise<boolean> {
    const { changes, database } = this.#context
    const { claims } = this.#target
    if (!(await changes.flowing(STREAM_TIMEOUT_MS))) return false
    const ids: string[] = []
    for (const { params } of bindings) {
      const id = randomUUID()
      const result = await insertSubscription(database, id, params, claims)
      ids.push(id)
      if (!result.ok) {
        this.#forget(ids)
        if (isCurrent()) this.#target.tell('error', result.message)
        return true
      }
    }
    if (!isCurrent()) {
      this.#forget(ids)
      return true
    }
    this.#forget(this.#ids)
    this.#ids = ids
    changes.remove(this)
    changes.add(this, bindings, claims)
    this.#target.tell('ok', SYSTEM_MESSAGE.subscribed)
    return true
  }

  #forget(ids: string[]): void {
    deleteSubscriptions(this.#context.database, ids).catch((error: unknown) => {
      this.#context.logger.debug('realtime', 'subscriptions_not_deleted', { error })
    })
  }
}
