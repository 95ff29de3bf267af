/**
 * Counts wrong codes by address. GoTrue relies on limits by IP address, which a single machine does not have: here the code
 * of an address's last mail dies after a few wrong ones, and every code of the address is refused after more of them in an
 * hour. Addresses without an account are counted alike, so that the answers do not tell the two apart.
 */

import type { AuthSettings } from './settings.ts'

export type GuessVerdict = 'allowed' | 'code_locked' | 'address_locked'

export interface Guesses {
  /**
   * Counts a code as wrong before it is looked at, so that many at once do not pass. {@link Guesses.right} takes it back. A
   * refused attempt is not counted.
   */
  attempt(address: string): GuessVerdict
  right(address: string): void
  /** A mail with a new code was sent. */
  renewed(address: string): void
}

interface Count {
  sinceMail: number
  thisHour: number
  hourEndsAt: number
}

const HOUR_MS = 3_600_000
/** Addresses that are remembered. The address that was longest without an attempt makes room. */
const MAX_ADDRESSES = 10_000

export function createGuesses(
  settings: Pick<AuthSettings, 'codeTries' | 'codeTriesPerHour'>,
  now: () => number = Date.now,
): Guesses {
  const counts = new Map<string, Count>()
  return {
    attempt(address) {
      const last = counts.get(address) ?? { sinceMail: 0, thisHour: 0, hourEndsAt: 0 }
      const count = last.hourEndsAt > now() ? last : { ...last, thisHour: 0, hourEndsAt: now() + HOUR_MS }
      if (count.thisHour >= settings.codeTriesPerHour) return 'address_locked'
      if (count.sinceMail >= settings.codeTries) return 'code_locked'
      counts.delete(address)
      counts.set(address, { ...count, sinceMail: count.sinceMail + 1, thisHour: count.thisHour + 1 })
      if (counts.size > MAX_ADDRESSES) counts.delete(counts.keys().next().value ?? '')
      return 'allowed'
    },
    right: (address) => void counts.delete(address),
    renewed(address) {
      const count = counts.get(address)
      if (count !== undefined) counts.set(address, { ...count, sinceMail: 0 })
    },
  }
}
