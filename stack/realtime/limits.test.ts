import { describe, expect, it } from 'vitest'
import { RateCounter } from './limits.ts'

function counter(limit: number) {
  const clock = { now: 0 }
  return {
    clock,
    rate: new RateCounter(
      () => limit,
      () => 1000,
      () => clock.now,
    ),
  }
}

describe('a rate counter', () => {
  it('is triggered when a tick ends, not before', () => {
    const { clock, rate } = counter(5)
    rate.add(100)
    expect(rate.triggered).toBe(false)
    clock.now = 1000
    expect(rate.triggered).toBe(true)
    expect(rate.average).toBe(100)
  })

  it('averages over the last twelve ticks and recovers', () => {
    const { clock, rate } = counter(5)
    rate.add(60)
    for (const [second, average] of [
      [1, 60],
      [2, 30],
      [12, 5],
    ] as const) {
      clock.now = second * 1000
      expect(rate.average).toBe(average)
      expect(rate.triggered).toBe(true)
    }
    clock.now = 13_000
    expect(rate.average).toBe(0)
    expect(rate.triggered).toBe(false)
  })

  it('is not triggered after a long silence', () => {
    const { clock, rate } = counter(5)
    rate.add(1000)
    clock.now = 86_400_000
    expect(rate.triggered).toBe(false)
  })

  it('counts from zero after a reset', () => {
    const { clock, rate } = counter(5)
    rate.add(100)
    clock.now = 1000
    rate.reset()
    expect(rate.triggered).toBe(false)
    clock.now = 1999
    rate.add(100)
    expect(rate.triggered).toBe(false)
  })
})
