import { describe, expect, it } from 'vitest'
import { day, fileSize, plural, relativeTime, sentence } from './format.ts'

const NOW = Date.parse('2026-11-23T12:00:00.000Z')

describe('relativeTime', () => {
  it.each([
    ['2026-11-23T11:59:30.000Z', /^just now$/],
    ['2026-11-23T12:00:09.000Z', /^just now$/],
    ['2026-11-23T11:59:05.000Z', /^1 min/],
    ['2026-11-23T11:18:00.000Z', /^42 min/],
    ['2026-11-23T09:00:00.000Z', /^3 hr/],
    ['2026-11-22T10:00:00.000Z', /^yesterday$/],
    ['2026-10-01T10:00:00.000Z', /2026/],
    ['nonsense', /^$/],
  ])('%s', (iso, expected) => {
    expect(relativeTime(iso, NOW)).toMatch(expected)
  })
})

it('shows the same day in every time zone', () => {
  expect(day('2026-11-01')).toContain('1')
  expect(day('2026-11-01')).not.toContain('31')
  expect(day('someday')).toBe('someday')
})

it('shows sizes, counts and words', () => {
  expect([fileSize(12), fileSize(345_600), fileSize(2_400_000)]).toEqual([
    '12\u00a0B',
    '346\u00a0kB',
    '2.4\u00a0MB',
  ])
  expect([plural(1, 'photo'), plural(0, 'photo')]).toEqual(['1 photo', '0 photos'])
  expect(sentence('storing_thumbnail')).toBe('Storing thumbnail')
})
