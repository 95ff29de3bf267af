/** How much of a line that is cut again and again a page makes use of, by the state machine alone, over hours. */

import { describe, expect, it } from 'vitest'
import { type ConnectionEvent, type ConnectionState, IDLE } from './connection-state.ts'
import { type ConnectionSettings, PROVE_AFTER, transition } from './connection-transition.ts'

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

interface Use {
  /** Share of the time in which the page is joined. */
  joined: number
  /** Milliseconds from the end of each connection to the next join. */
  aways: number[]
  /** Times of the joins. */
  joins: number[]
  /** Whether the page said `live` on its last ten connections. */
  saysLive: boolean
}

/** @param untilCut milliseconds from the join to the end of the connection. */
function use(untilCut: (joinedAt: number) => number, random: () => number): Use {
  const settings: ConnectionSettings = {
    reconnectDelay: 1_000,
    maxReconnectDelay: 30_000,
    checkInterval: 30_000,
    firstCheckDelay: 3_000,
    watchInterval: 1_500,
    isWatched: () => true,
    serverInterval: () => 0,
    random,
  }
  let state: ConnectionState = IDLE
  let now = 0
  const happens = (event: ConnectionEvent): void => {
    state = transition(state, event, now, settings).state
  }
  let joined = 0
  const aways: number[] = []
  const joins: number[] = []
  const liveAt: number[] = []
  happens({ name: 'connect' })
  while (now < HOURS) {
    const left = now
    if ('retryAt' in state && state.retryAt !== null) {
      now = state.retryAt
      happens({ name: 'retry-due' })
    }
    now += JOINING
    happens({ name: 'joined' })
    happens({ name: 'caught-up', asOf: now, found: false })
    joins.push(now)
    aways.push(now - left)
    const end = now + untilCut(now)
    joined += end - now
    const proven = now + PROVE_AFTER + JOINING
    if (proven < end) {
      now = proven
      happens({ name: 'alive' })
      happens({ name: 'caught-up', asOf: now, found: false })
    }
    if (isLive(state)) liveAt.push(joins.length)
    now = end
    happens({ name: 'down', reason: 'socket' })
  }
  return { joined: joined / now, aways, joins, saysLive: liveAt.some((n) => n > joins.length - 10) }
}

/** Reads the state after calls that TypeScript does not see. */
function isLive(state: ConnectionState): boolean {
  return state.name === 'live'
}

const SEEDS = Array.from({ length: 20 }, (_, n) => n + 1)

describe('a line that is cut', () => {
  it.each(SEEDS)('every 2 to 4 s, whether or not a socket is open, is used (seed %i)', (seed) => {
    const random = seeded(seed)
    const next = (): number => 2_000 + random() * 2_000
    let cut = next()
    const untilCut = (joinedAt: number): number => {
      while (cut <= joinedAt) cut += next()
      return cut - joinedAt
    }
    const { joined, aways, saysLive } = use(untilCut, random)
    // Half a second of three is the mean delay.
    expect(joined).toBeGreaterThan(0.8)
    expect(aways.filter((away) => away > 5_000).length / aways.length).toBeLessThan(0.005)
    expect(saysLive).toBe(true)
  })

  it.each([50, 300, 450])(
    '%i ms after each join is tried at most once in 5 s on average after the third failure, and is not called live',
    (life) => {
      for (const seed of SEEDS) {
        const { joins, saysLive } = use(() => life, seeded(seed))
        const after = joins.slice(3)
        const [first = 0, last = 0] = [after[0], after.at(-1)]
        expect((last - first) / (after.length - 1)).toBeGreaterThan(5_000)
        expect(saysLive).toBe(false)
      }
    },
  )
})
