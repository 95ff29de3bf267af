import { describe, expect, it } from 'vitest'
import { connectionFacts } from './facts.ts'

const NOW = 1_000_000
const live = { latencyMs: 12, lastSeq: 40, retryAt: null, reconnectAttempts: 0, isConnected: true }

describe('connectionFacts', () => {
  it('has the round trip, the last event and the cursor of a connection', () => {
    expect(connectionFacts(live, { lastEventAt: NOW - 65_000, tabs: 3, now: NOW })).toEqual([
      ['Round trip', '12 ms'],
      ['Last event', '1 min ago'],
      ['Up to message', '40'],
      ['Shared by', '3 tabs'],
    ])
  })

  it('has the next try of a lost connection, and the number of tries', () => {
    const down = { ...live, isConnected: false, retryAt: NOW + 3_100, reconnectAttempts: 2 }
    const facts = connectionFacts(down, { lastEventAt: null, tabs: null, now: NOW })
    expect(facts).toContainEqual(['Next try', 'in 4 s'])
    expect(facts).toContainEqual(['Tries so far', '2'])
    const names = facts.map(([name]) => name)
    expect(names).not.toContain('Shared by')
    expect(names).not.toContain('Round trip')
  })

  it('has no tries of a connection that is back', () => {
    const back = { ...live, retryAt: NOW + 3_100, reconnectAttempts: 2 }
    const names = connectionFacts(back, { lastEventAt: null, tabs: null, now: NOW }).map(([name]) => name)
    expect(names).toEqual(['Round trip', 'Last event', 'Up to message'])
  })

  it.each([
    [0, 'just now'],
    [-500, 'just now'],
    [59_999, '59 s ago'],
    [7_300_000, '2 h ago'],
  ])('puts %i ms as %s', (ms, text) => {
    expect(connectionFacts(live, { lastEventAt: NOW - ms, tabs: null, now: NOW })[1]).toEqual([
      'Last event',
      text,
    ])
  })
})
