import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createMemoryLogger } from '../logger.ts'
import { DropLog } from './drop-log.ts'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

function recorded() {
  const logger = createMemoryLogger()
  return { drops: new DropLog(logger), lines: () => logger.entries.map(({ fields }) => fields) }
}

it('a flood of drops is one line at once and one line with their number every 5 s', () => {
  const { drops, lines } = recorded()
  for (let n = 0; n < 1000; n++) drops.note('over_limit', `topic ${n}`)
  expect(lines()).toEqual([{ reason: 'over_limit', count: 1, lastTopic: 'topic 0' }])
  vi.advanceTimersByTime(5_000)
  expect(lines().slice(1)).toEqual([{ reason: 'over_limit', count: 999, lastTopic: 'topic 999' }])
  vi.advanceTimersByTime(60_000)
  drops.note('over_limit', 'later')
  expect(lines().slice(2)).toEqual([{ reason: 'over_limit', count: 1, lastTopic: 'later' }])
})

it('reasons are counted apart, and the end writes what is still counted', () => {
  const { drops, lines } = recorded()
  drops.note('one', 'a')
  drops.note('other', 'b')
  drops.note('other', 'c')
  drops.stop()
  expect(lines()).toEqual([
    { reason: 'one', count: 1, lastTopic: 'a' },
    { reason: 'other', count: 1, lastTopic: 'b' },
    { reason: 'other', count: 1, lastTopic: 'c' },
  ])
  vi.advanceTimersByTime(60_000)
  expect(lines()).toHaveLength(3)
})
