/** Formats values in the report's language. Times without an offset are in UTC. */

import type { Answer } from './facts.ts'
import type { Words } from './words.ts'

/** `2026-11-20`; undefined for a text that is no date. */
const DAY = /^\d{4}-\d\d-\d\d$/

export function formatDay(day: string, { language }: Words): string {
  const date = new Date(`${day}T00:00:00Z`)
  if (!DAY.test(day) || Number.isNaN(date.getTime())) return day
  return new Intl.DateTimeFormat(regional(language), { dateStyle: 'long', timeZone: 'UTC' }).format(date)
}

/** With minutes and `UTC`. */
export function formatMoment(moment: Date, { language }: Words): string {
  const text = new Intl.DateTimeFormat(regional(language), {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone: 'UTC',
  }).format(moment)
  return `${text} UTC`
}

/** `2026-11-20 18:03:11`, for tables. */
export function formatShortMoment(moment: Date): string {
  return moment.toISOString().slice(0, 19).replace('T', ' ')
}

/** EXIF's time as {@link https://www.iso.org/iso-8601-date-and-time-format.html ISO 8601}, offset kept where there is one. */
export function formatTakenAt(takenAt: string, words: Words): string {
  const [, day, time, offset] = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(Z|[+-]\d\d:\d\d)?/.exec(takenAt) ?? []
  if (day === undefined || time === undefined) return takenAt
  const zone =
    offset === undefined ? ` (${words.say('photo.cameraTime')})` : ` UTC${offset === 'Z' ? '' : offset}`
  return `${formatDay(day, words)}, ${time}${zone}`
}

/** Degrees with five decimals, which is about a metre. */
export function formatPosition({ latitude, longitude }: { latitude: number; longitude: number }): string {
  const degrees = (value: number, positive: string, negative: string) =>
    `${Math.abs(value).toFixed(5)}° ${value < 0 ? negative : positive}`
  return `${degrees(latitude, 'N', 'S')}, ${degrees(longitude, 'E', 'W')}`
}

const UNITS = ['B', 'kB', 'MB', 'GB'] as const

export function formatBytes(bytes: number, { language }: Words): string {
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000
    unit += 1
  }
  const number = new Intl.NumberFormat(regional(language), { maximumFractionDigits: unit === 0 ? 0 : 1 })
  return `${number.format(value)} ${UNITS[unit] ?? 'B'}`
}

/** `1:05` or `1:01:05` of seconds. */
export function formatTime(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const two = (value: number) => String(value).padStart(2, '0')
  const hours = Math.floor(whole / 3600)
  const minutes = Math.floor(whole / 60) % 60
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`
}

export function formatAnswer({ type, value }: Answer, words: Words): string {
  if (typeof value === 'boolean') return value ? words.say('yes') : words.say('no')
  if (Array.isArray(value)) return value.filter((entry) => typeof entry === 'string').join(', ')
  if (typeof value === 'number') return String(value)
  if (typeof value !== 'string') return ''
  return type === 'date' ? formatDay(value, words) : value
}

/** British forms in English: the day first and 24 hours, as crash reports are read in many countries. */
function regional(language: string): string {
  return language === 'en' ? 'en-GB' : language
}

/** In lines of equal length, to be read aloud and compared. @param length of a line; 64 is a multiple of it */
export function formatHash(sha256: string, length: 16 | 32): string {
  return sha256.replace(new RegExp(`.{${length}}(?=.)`, 'g'), '$&\n')
}
