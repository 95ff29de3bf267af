/**
 * Delivers messages in order, in slices of 8 ms, so that thousands of messages do not block the page. Messages whose signed
 * URL has expired wait for a new URL, and the messages after them wait too. With an empty queue a pushed message is
 * delivered in the same turn.
 *
 *   push ──> waiting ──> sign URLs that have ended ──> slice ──> pause ──> slice ...
 */

import type { UserMessage } from '../../../functions-shared/message-types.ts'
import type { Clock, Pause, UrlSigner } from './ports.ts'
import { endedUrl, withUrl } from './signed-urls.ts'

interface Deliverable {
  message: UserMessage | null
}

export interface DeliveryQueueOptions<T extends Deliverable> {
  signer: UrlSigner
  clock: Clock
  pause: Pause
  /** Must not throw. */
  deliver: (item: T) => void
  /** After each slice, with its last item. */
  delivered: (last: T) => void
}

/** Milliseconds of listeners' work per slice; a frame at 60 Hz has 16. */
const SLICE = 8

/** Messages whose expired URLs are signed in one request. */
const PREPARED_AT_ONCE = 500

export class DeliveryQueue<T extends Deliverable> {
  readonly #options: DeliveryQueueOptions<T>
  readonly #waiting: T[] = []
  /** Number of waiting messages, from the first, whose URLs are valid. */
  #ready = 0
  #working: Promise<void> | null = null
  #delivering = false
  #closed = false

  constructor(options: DeliveryQueueOptions<T>) {
    this.#options = options
  }

  push(items: readonly T[]): void {
    for (const item of items) this.#waiting.push(item)
    // Messages that a listener causes are delivered after the present slice.
    if (this.#working === null && !this.#delivering) this.#go()
  }

  /** Resolves when everything pushed so far has been delivered. */
  async idle(): Promise<void> {
    while (this.#working !== null) await this.#working
  }

  /** Drops the waiting messages. No message is delivered afterwards. */
  close(): void {
    this.#closed = true
    this.#waiting.length = 0
  }

  /** Works in this turn until a URL has to be signed or the slice is used up. */
  #go(): void {
    const end = this.#options.clock() + SLICE
    while (this.#waiting.length > 0 && !this.#closed) {
      const work = this.#ready === 0 ? this.#prepare() : this.#deliverUntil(end)
      if (work === null) continue
      this.#working = work.then(() => {
        this.#working = null
        this.#go()
      })
      return
    }
  }

  #prepare(): Promise<void> | null {
    const now = this.#options.clock()
    const items = this.#waiting.slice(0, PREPARED_AT_ONCE)
    const urls = items.flatMap(({ message }) => (message && endedUrl(message, now)) ?? [])
    if (urls.length > 0) return this.#sign(items, urls, now)
    this.#ready = items.length
    return null
  }

  async #sign(items: readonly T[], urls: readonly string[], now: number): Promise<void> {
    const { signer } = this.#options
    const fresh = await signer.signAgain(urls).catch(() => new Map<string, string | null>())
    if (this.#closed) return
    for (const [index, item] of items.entries()) {
      const old = item.message === null ? null : endedUrl(item.message, now)
      if (item.message === null || old === null) continue
      const url = fresh.get(old) ?? null
      if (url !== old) this.#waiting[index] = { ...item, message: withUrl(item.message, url, now) }
    }
    this.#ready = items.length
  }

  #deliverUntil(end: number): Promise<void> | null {
    const { clock, deliver, delivered, pause } = this.#options
    let last: T | undefined
    let count = 0
    this.#delivering = true
    do {
      last = this.#waiting[count] ?? last
      count += 1
      if (last !== undefined) deliver(last)
    } while (count < this.#ready && !this.#closed && clock() < end)
    this.#delivering = false
    // Also when a listener has closed the connection, because it has heard this message.
    if (last !== undefined) delivered(last)
    this.#waiting.splice(0, count)
    this.#ready -= count
    return this.#waiting.length > 0 && clock() >= end ? pause() : null
  }
}
