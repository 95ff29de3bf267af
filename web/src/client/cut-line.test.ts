/** How much of a line that is cut again and again a page makes use of, by the state machine alone, over hours. */

import { describe, expect, it } from 'vitest'
import { type ConnectionEvent, type ConnectionState, IDLE } from './connection-state.ts'
import { transition } from './connection-transition.ts'
import { STABLE_AFTER } from './engine-dependencies.ts'

const HOURS = 3 * 3_600_000
/** Milliseconds that joining takes. */
const JOINING = 25

/** Numerical Recipes' generator: the same draws each time. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** @returns the share of the time in which it is joined, and the longest time in which it is not. */
function use(everyMs: readonly [number, number], seed: number): { joined: number; longestAway: number } {
  const random = seeded(seed)
  const settings = {
    reconnectDelay: 1_000,
    maxReconnectDelay: 30_000,
    checkInterval: 30_000,
    firstCheckDelay: 3_000,
    stableAfter: STABLE_AFTER,
    random,
  }
  let state: ConnectionState = IDLE
  let now = 0
  const happens = (event: ConnectionEvent): void => {
    state = transition(state, event, now, settings).state
  }
  const untilCut = (): number => everyMs[0] + random() * (everyMs[1] - everyMs[0])
  let cut = untilCut()
  let joined = 0
  let longestAway = 0
  happens({ name: 'connect' })
  while (now < HOURS) {
    const left = now
    if ('retryAt' in state && state.retryAt !== null) {
      now = state.retryAt
      happens({ name: 'retry-due' })
    }
    now += JOINING
    // No socket is open that could be cut.
    while (cut < now) cut += untilCut()
    happens({ name: 'joined' })
    happens({ name: 'caught-up', asOf: now })
    longestAway = Math.max(longestAway, now - left)
    joined += cut - now
    now = cut
    cut += untilCut()
    happens({ name: 'down', reason: 'socket' })
  }
  return { joined: joined / now, longestAway }
}

describe('a line that is cut', () => {
  it.each(Array.from({ length: 20 }, (_, n) => n + 1))('every 2 to 4 s is used (seed %i)', (seed) => {
    const { joined, longestAway } = use([2_000, 4_000], seed)
    // Half a second of three is the mean delay.
    expect(joined).toBeGreaterThan(0.8)
    expect(longestAway).toBeLessThan(10_000)
  })

  it('many times a second is tried ever more rarely', () => {
    const { joined, longestAway } = use([50, 150], 1)
    expect(joined).toBeLessThan(0.02)
    expect(longestAway).toBeGreaterThan(20_000)
  })
})
