/**
 * Keeps the order while some messages need work before they can be shown (an expired URL is signed again). As
 * long as nothing waits, what is pushed is delivered in the same turn.
 */

import type { JobMessage } from '../../../functions-shared/message-types.ts'
import type { Clock, UrlSigner } from './ports.ts'
import { expiredUrl, withUrl } from './url-signer.ts'

interface Deliverable {
  message: JobMessage | null
}

export interface DeliveryQueueOptions<T extends Deliverable> {
  signer: UrlSigner
  clock: Clock
  deliver: (items: readonly T[]) => void
}

export class DeliveryQueue<T extends Deliverable> {
  readonly #options: DeliveryQueueOptions<T>
  #waiting: T[] = []
  #working: Promise<void> | null = null
  #delivering = false
  #closed = false

  constructor(options: DeliveryQueueOptions<T>) {
    this.#options = options
  }

  push(items: readonly T[]): void {
    this.#waiting.push(...items)
    if (this.#working === null && !this.#delivering) this.#next()
  }

  /** Resolves when everything pushed so far has been delivered. */
  async idle(): Promise<void> {
    while (this.#working !== null) await this.#working
  }

  /** Drops what waits; nothing is delivered any more. */
  close(): void {
    this.#closed = true
    this.#waiting = []
  }

  #next(): void {
    while (this.#waiting.length > 0 && !this.#closed) {
      const items = this.#waiting
      this.#waiting = []
      const now = this.#options.clock()
      const urls = items.flatMap(({ message }) => (message && expiredUrl(message, now)) ?? [])
      if (urls.length > 0) {
        this.#working = this.#sign(items, urls)
        return
      }
      this.#deliver(items)
    }
  }

  async #sign(items: readonly T[], urls: readonly string[]): Promise<void> {
    const { signer, clock } = this.#options
    const now = clock()
    const fresh = await signer.signAgain(urls).catch(() => new Map<string, string | null>())
    this.#working = null
    this.#deliver(
      items.map((item) => {
        const old = item.message === null ? null : expiredUrl(item.message, now)
        if (item.message === null || old === null) return item
        return { ...item, message: withUrl(item.message, fresh.get(old) ?? null, now) }
      }),
    )
    this.#next()
  }

  /** A listener may cause further pushes: they wait their turn. */
  #deliver(items: readonly T[]): void {
    if (this.#closed) return
    this.#delivering = true
    try {
      this.#options.deliver(items)
    } finally {
      this.#delivering = false
    }
  }
}
