import { describe, expect, it } from 'vitest'
import type { ConnectionStateName } from '../client/index.ts'
import { holdFor, present, SHOW_AFTER } from './presentation.ts'

const NOW = 100_000

/** Fields that do not matter where they are not named. */
const SHOWN = {
  reason: null,
  retryAt: null,
  latencyMs: null,
  reconnectAttempts: 0,
  isConnected: false,
  isReading: false,
} as const

describe('present', () => {
  const expected: Record<ConnectionStateName, [string, string, boolean]> = {
    idle: ['busy', '○ Connecting', false],
    connecting: ['busy', '○ Connecting', false],
    'catching-up': ['busy', '○ Catching up', false],
    live: ['live', '● Live', false],
    stale: ['busy', '○ Checking', true],
    offline: ['offline', '○ Offline', true],
    error: ['error', '⚠ Error', true],
    closed: ['offline', '○ Offline', false],
  }

  it.each(Object.keys(expected) as ConnectionStateName[])('%s', (state) => {
    const shown = present({ ...SHOWN, state, retryAt: NOW + 4_200 }, NOW)
    expect([shown.tone, `${shown.symbol} ${shown.label}`, shown.canRetry]).toEqual(expected[state])
    expect(shown.retryInSeconds).toBe(shown.canRetry ? 5 : null)
  })

  it('tells a device without network from a lost connection', () => {
    const offline = { ...SHOWN, state: 'offline' } as const
    const details = ['network', 'session', 'socket'].map(
      (reason) => present({ ...offline, reason }, NOW).detail,
    )
    expect(new Set(details).size).toBe(3)
  })

  it('tells refusals apart', () => {
    const refused = { ...SHOWN, state: 'error' } as const
    const reasons = ['join_refused', 'too_many_connections', 'connection_displaced']
    const details = reasons.map((reason) => present({ ...refused, reason }, NOW).detail)
    expect(new Set(details).size).toBe(3)
  })

  it('shows the attempts to reconnect like the time between them', () => {
    const down = { ...SHOWN, reconnectAttempts: 2 }
    const attempt = present({ ...down, state: 'connecting' }, NOW)
    expect(attempt).toEqual({ ...present({ ...down, state: 'offline' }, NOW), retryInSeconds: 0 })
  })

  it('says that updates are fetched while the table is read, the same from attempt to attempt, and never as live', () => {
    const reading = { ...SHOWN, isReading: true, reason: 'socket', reconnectAttempts: 4 } as const
    const offline = present({ ...reading, state: 'offline', retryAt: NOW + 9_000 }, NOW)
    expect(offline).toMatchObject({ tone: 'busy', label: 'Updates every few seconds', canRetry: true })
    expect(offline.retryInSeconds).toBeNull()
    const losing = present({ ...reading, state: 'stale', isConnected: true }, NOW)
    expect(losing).toMatchObject({ tone: 'busy', label: 'Updates every few seconds', canRetry: false })
    expect(losing.detail).not.toBe(offline.detail)
  })

  it('does not count below zero', () => {
    expect(present({ ...SHOWN, state: 'offline', retryAt: NOW - 9 }, NOW).retryInSeconds).toBe(0)
  })
})

describe('holdFor', () => {
  it('keeps the shown state during a short drop', () => {
    expect(holdFor('live', 'offline', NOW, NOW)).toBe(SHOW_AFTER)
    expect(holdFor('live', 'busy', NOW - 2_000, NOW)).toBe(500)
    expect(holdFor('live', 'offline', NOW - SHOW_AFTER, NOW)).toBe(0)
  })

  it('keeps nothing back of a connection that is live again, of an error, and after the drop is shown', () => {
    expect(holdFor('busy', 'live', NOW, NOW)).toBe(0)
    expect(holdFor('live', 'error', NOW, NOW)).toBe(0)
    expect(holdFor('busy', 'offline', NOW, NOW)).toBe(0)
    expect(holdFor(null, 'busy', NOW, NOW)).toBe(0)
  })
})
