import { describe, expect, it } from 'vitest'
import { parseSchedule } from './cron-schedule.ts'

/** The first runs after Sunday, 2026-11-22 10:07:30 UTC. */
function runs(line: string, count: number): string[] {
  const schedule = parseSchedule(line)
  if (schedule?.kind !== 'cron') throw new Error(`not a cron line: ${line}`)
  const found: string[] = []
  let after: Date | null = new Date('2026-11-22T10:07:30Z')
  while (found.length < count && after !== null) {
    after = schedule.next(after)
    if (after !== null) found.push(after.toISOString().slice(0, 16))
  }
  return found
}

describe('parseSchedule', () => {
  it.each([
    ['1 second', 1000],
    ['30 seconds', 30_000],
    [' 59  SECONDS ', 59_000],
  ])('%j is an interval', (line, ms) => expect(parseSchedule(line)).toEqual({ kind: 'interval', ms }))

  it.each([
    ['*/15 * * * *', ['2026-11-22T10:15', '2026-11-22T10:30']],
    ['0 3 * * MON', ['2026-11-23T03:00', '2026-11-30T03:00']],
    ['30 4 1,15 * *', ['2026-12-01T04:30', '2026-12-15T04:30']],
    ['0 0 $ * *', ['2026-11-30T00:00', '2026-12-31T00:00']],
    ['0 0 13 * 5', ['2026-11-27T00:00', '2026-12-04T00:00']],
    ['0 0 * * 7', ['2026-11-29T00:00', '2026-12-06T00:00']],
    ['@daily', ['2026-11-23T00:00', '2026-11-24T00:00']],
    ['@midnight', ['2026-11-23T00:00']],
    ['@hourly', ['2026-11-22T11:00']],
    ['@yearly', ['2027-01-01T00:00']],
  ])('%j runs at its times in UTC', (line, expected) => expect(runs(line, expected.length)).toEqual(expected))

  it('knows @reboot', () => expect(parseSchedule('@reboot')).toEqual({ kind: 'reboot' }))

  it.each(['', '60 seconds', '0 seconds', '* * * *', '* * * * * *', '61 * * * *', 'often'])(
    '%j is no schedule',
    (line) => {
      expect(parseSchedule(line)).toBeUndefined()
    },
  )
})
