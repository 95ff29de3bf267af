/** Times, sizes and words as people read them. */

const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' })
const DATE_TIME = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
const TIME = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
})
const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'short' })

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]

export function relativeTime(iso: string, now: number): string {
  const seconds = (now - Date.parse(iso)) / 1000
  if (Number.isNaN(seconds)) return ''
  if (seconds < 45) return 'just now'
  if (seconds > 7 * 86_400) return DATE.format(Date.parse(iso))
  const [unit, size] = STEPS.find(([, each]) => seconds >= each) ?? ['minute', 60]
  return RELATIVE.format(-Math.max(1, Math.round(seconds / size)), unit)
}

export function dateTime(iso: string): string {
  return Number.isNaN(Date.parse(iso)) ? '' : DATE_TIME.format(Date.parse(iso))
}

/** A day without a time, e.g. `2026-11-20`, is the same day in every time zone. */
export function day(value: string): string {
  const [year, month, date] = value.split('-').map(Number)
  return year && month && date ? DATE.format(new Date(year, month - 1, date)) : value
}

export function clockTime(iso: string): string {
  return Number.isNaN(Date.parse(iso)) ? '' : TIME.format(Date.parse(iso))
}

/** A size in bytes, with a space that keeps number and unit on one line. */
export function fileSize(bytes: number): string {
  if (bytes < 1_000) return `${bytes}\u00a0B`
  return bytes < 1_000_000
    ? `${Math.round(bytes / 1_000)}\u00a0kB`
    : `${(bytes / 1_000_000).toFixed(1)}\u00a0MB`
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** A word of the database for people: `storing_thumbnail` as `Storing thumbnail`. */
export function sentence(word: string): string {
  const spaced = word.replaceAll(/[_-]+/g, ' ').trim()
  return spaced.charAt(0).toUpperCase() + spaced.slice(1)
}
