/** pg_cron's schedules: `30 seconds`, cron lines in UTC, and nicknames such as `@daily`. */

import { Cron } from 'croner'

export type Schedule =
  /** Milliseconds between two starts. */
  | { kind: 'interval'; ms: number }
  | { kind: 'cron'; next: (after: Date) => Date | null }
  /** One run, at the start of the worker. */
  | { kind: 'reboot' }

const SECONDS = /^([1-9]|[1-5]\d)\s+seconds?$/i

/** @returns undefined for a text that is no schedule, which cron.schedule refuses */
export function parseSchedule(text: string): Schedule | undefined {
  const line = text.trim().toLowerCase()
  const seconds = SECONDS.exec(line)?.[1]
  if (seconds !== undefined) return { kind: 'interval', ms: Number(seconds) * 1000 }
  if (line === '@reboot') return { kind: 'reboot' }
  try {
    const cron = new Cron(patternOf(line), { paused: true, timezone: 'UTC', mode: '5-part' })
    return { kind: 'cron', next: (after) => cron.nextRun(after) }
  } catch {
    return undefined
  }
}

/** In croner's spelling: `L` is the last day of the month. */
function patternOf(line: string): string {
  if (line === '@midnight') return '@daily'
  return line.replace(/^(\S+\s+\S+\s+)\$(\s)/, '$1L$2')
}
