import { expect, test } from 'vitest'
import { backoffDelay } from './backoff.ts'

const least = () => 0
/** The top of the range, which `random` itself never reaches. */
const most = () => 1

test('the ceiling doubles with each attempt up to the maximum, and stays there for good', () => {
  const ceilings = [0, 1, 2, 3, 4, 5, 6, 1_000, Number.MAX_SAFE_INTEGER].map((attempt) =>
    backoffDelay(attempt, { baseMs: 1_000, maxMs: 30_000, random: most }),
  )
  expect(ceilings).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000])
})

test('the whole range is used: full jitter', () => {
  const options = { baseMs: 1_000, maxMs: 30_000 }
  expect(backoffDelay(3, { ...options, random: least })).toBe(0)
  expect(backoffDelay(3, { ...options, random: () => 0.25 })).toBe(2_000)
})

test('no delay is shorter than the server asked for, whatever the maximum', () => {
  const options = { baseMs: 1_000, maxMs: 30_000, floorMs: 5_000 }
  expect(backoffDelay(0, { ...options, random: most })).toBe(5_000)
  expect(backoffDelay(3, { ...options, random: least })).toBe(5_000)
  expect(backoffDelay(3, { ...options, random: most })).toBe(8_000)
  expect(backoffDelay(3, { ...options, floorMs: 60_000, random: most })).toBe(60_000)
})
