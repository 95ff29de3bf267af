/** The token of one channel: its claims, and a timer for the moment it expires. */

import { expired } from './errors.ts'
import type { Claims } from './tokens.ts'

/** Timers cannot wait for years: an expiry further away is looked at again after this time. */
const LONGEST_WAIT_MS = 3_600_000

export class ChannelToken {
  readonly #now: () => number
  readonly #onExpired: (message: string) => void
  #text: string
  #claims: Claims
  #timer: NodeJS.Timeout | undefined

  /** @param now milliseconds since 1970 */
  constructor(text: string, claims: Claims, now: () => number, onExpired: (message: string) => void) {
    this.#text = text
    this.#claims = claims
    this.#now = now
    this.#onExpired = onExpired
    this.#watch()
  }

  get text(): string {
    return this.#text
  }

  get claims(): Claims {
    return this.#claims
  }

  replace(text: string, claims: Claims): void {
    this.#text = text
    this.#claims = claims
    this.#watch()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #watch(): void {
    clearTimeout(this.#timer)
    const leftMs = this.#claims.exp * 1000 - this.#now()
    this.#timer = setTimeout(() => this.#look(), Math.max(0, Math.min(leftMs, LONGEST_WAIT_MS)))
    this.#timer.unref()
  }

  #look(): void {
    const seconds = Math.floor(this.#now() / 1000) - this.#claims.exp
    if (seconds >= 0) this.#onExpired(expired(Math.floor(seconds)))
    else this.#watch()
  }
}
