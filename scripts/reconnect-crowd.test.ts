/** Many pages reconnect to one server after a restart: the client's back-off against the server's limit of joins. */

import { expect, test } from 'vitest'
import { RateCounter } from '../stack/realtime/limits.ts'
import { DEFAULT_SETTINGS } from '../stack/realtime/settings.ts'
import { seededRandom } from '../stack/testing/seeded-random.ts'
import type { ConnectionState } from '../web/src/client/connection-state.ts'
import { transition } from '../web/src/client/connection-transition.ts'

/** Defaults of `DashboardWebSocketClient`. */
const PAGE = {
  reconnectDelay: 1_000,
  maxReconnectDelay: 30_000,
  checkInterval: 30_000,
  firstCheckDelay: 3_000,
  watchInterval: 1_500,
  isWatched: () => true,
  serverInterval: () => 0,
}

interface Outcome {
  /** Joins that were refused for being too many. */
  refused: number
  /** Milliseconds from the server's return until the last page has joined. */
  lastJoinMs: number
}

/** A server that is away for `awayMs` milliseconds from 0, and allows `joinsPerSecond`. */
function restart(people: number, joinsPerSecond: number, awayMs: number, random: () => number): Outcome {
  const settings = { ...PAGE, random }
  let now = 0
  const joins = new RateCounter(
    () => joinsPerSecond,
    () => DEFAULT_SETTINGS.rateTickMs,
    () => now,
  )
  const outcome: Outcome = { refused: 0, lastJoinMs: 0 }
  const lost: ConnectionState = {
    name: 'live',
    failures: 0,
    breaks: 0,
    joinedAt: -60_000,
    confirmedAt: 0,
  }
  /** Pages in descending order of their next attempt. */
  const due: { at: number; state: ConnectionState }[] = []
  const down = (state: ConnectionState): void => {
    const next = transition(state, { name: 'down', reason: 'socket' }, now, settings).state
    if (next.name !== 'offline') throw new Error(`down led to ${next.name}`)
    let [low, high] = [0, due.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((due[middle]?.at ?? 0) > next.retryAt) low = middle + 1
      else high = middle
    }
    due.splice(low, 0, { at: next.retryAt, state: next })
  }
  for (let n = 0; n < people; n += 1) down(lost)
  for (let turn = due.pop(); turn !== undefined; turn = due.pop()) {
    now = turn.at
    const connecting = transition(turn.state, { name: 'retry-due' }, now, settings).state
    if (now < awayMs) down(connecting)
    else if (joins.triggered) {
      outcome.refused += 1
      down(connecting)
    } else {
      joins.add()
      outcome.lastJoinMs = now - awayMs
    }
  }
  return outcome
}

const AWAY_MS = [0, 300, 1_000, 3_000, 10_000, 60_000] as const

test.each([
  [200, 100],
  [500, 500],
  [1_000, 2_500],
])('%i pages stay below %i joins a second, however long the server is away', (people, joinsPerSecond) => {
  const random = seededRandom('reconnect-crowd.test.ts')
  for (const awayMs of AWAY_MS) {
    const { refused, lastJoinMs } = restart(people, joinsPerSecond, awayMs, random)
    expect({ awayMs, refused }).toEqual({ awayMs, refused: 0 })
    expect(lastJoinMs).toBeLessThanOrEqual(PAGE.maxReconnectDelay)
  }
})

test('1,000 pages are too many for 100 joins a second at some of these times, and all join in the end', () => {
  const random = seededRandom('reconnect-crowd.test.ts')
  const outcomes = AWAY_MS.map((awayMs) => restart(1_000, 100, awayMs, random))
  expect(Math.max(...outcomes.map(({ refused }) => refused))).toBeGreaterThan(0)
})
