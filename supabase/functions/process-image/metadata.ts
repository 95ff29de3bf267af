/**
 * What a photo says of itself (EXIF): when, where and with what it was taken. Read from the original and kept
 * in the database for the claim's handlers; the previews carry none of it.
 */

import ExifReader from 'exifreader'
import { sanitizeText } from '../../../functions-shared/sanitize.ts'
import { isRecord } from '../../../functions-shared/unknown.ts'
import { findExif } from './exif-block.ts'

export interface PhotoMetadata {
  /** ISO 8601 as the camera's clock had it; with an offset only where the camera recorded one. */
  takenAt?: string
  position?: {
    /** Degrees, south and west negative. */
    latitude: number
    longitude: number
    /** Metres above sea level. */
    altitude?: number
  }
  camera?: { make?: string; model?: string; lens?: string }
  /** EXIF orientation, 1 to 8. */
  orientation?: number
}

const MAX_NAME = 100

/** Never throws: metadata that cannot be read is no reason to refuse a photo. */
export function readMetadata(bytes: Uint8Array): PhotoMetadata {
  const tags = load(bytes)
  const exif = isRecord(tags.exif) ? tags.exif : {}
  const gps = isRecord(tags.gps) ? tags.gps : {}
  const takenAt = readTime(exif)
  const position = readPosition(gps)
  const camera = readCamera(exif)
  const orientation = numberOf(exif.Orientation)
  return {
    ...(takenAt === undefined ? {} : { takenAt }),
    ...(position === undefined ? {} : { position }),
    ...(camera === undefined ? {} : { camera }),
    ...(orientation !== undefined && orientation >= 1 && orientation <= 8 ? { orientation } : {}),
  }
}

const TAGS: { exif: string[]; gps: true } = {
  exif: [
    'Make',
    'Model',
    'LensModel',
    'DateTime',
    'DateTimeOriginal',
    'OffsetTimeOriginal',
    'Orientation',
    // Where the two other directories are.
    'Exif IFD Pointer',
    'GPS Info IFD Pointer',
  ],
  gps: true,
}

function load(bytes: Uint8Array): Record<string, unknown> {
  try {
    const block = findExif(bytes)
    if (block === null) return {}
    // The reader takes a whole buffer, so the view must not be handed over as it is.
    const tags: unknown = ExifReader.load(block.slice().buffer, { expanded: true, includeTags: TAGS })
    return isRecord(tags) ? tags : {}
  } catch {
    // Its way to say that there is no (readable) metadata.
    return {}
  }
}

/** EXIF writes `2026:11:20 17:42:10` and, since 2.31, the offset in a tag of its own. */
function readTime(exif: Record<string, unknown>): string | undefined {
  const text = textOf(exif.DateTimeOriginal) ?? textOf(exif.DateTime)
  const [, year, month, day, time] = /^(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)/.exec(text ?? '') ?? []
  if (year === undefined || time === undefined) return undefined
  const local = `${year}-${month}-${day}T${time}`
  if (Number.isNaN(Date.parse(`${local}Z`))) return undefined
  const offset = textOf(exif.OffsetTimeOriginal) ?? ''
  return /^[+-]\d\d:\d\d$/.test(offset) ? `${local}${offset}` : local
}

function readPosition(gps: Record<string, unknown>): PhotoMetadata['position'] {
  const { Latitude: latitude, Longitude: longitude, Altitude: altitude } = gps
  if (!isBetween(latitude, -90, 90) || !isBetween(longitude, -180, 180)) return undefined
  // Cameras without a fix write 0, 0: a place in the sea.
  if (latitude === 0 && longitude === 0) return undefined
  return { latitude, longitude, ...(isBetween(altitude, -1_000, 20_000) ? { altitude } : {}) }
}

function readCamera(exif: Record<string, unknown>): PhotoMetadata['camera'] {
  const make = textOf(exif.Make)
  const model = textOf(exif.Model)
  const lens = textOf(exif.LensModel)
  if (make === undefined && model === undefined && lens === undefined) return undefined
  return {
    ...(make === undefined ? {} : { make }),
    ...(model === undefined ? {} : { model }),
    ...(lens === undefined ? {} : { lens }),
  }
}

/** A tag is `{ value, description }`; texts come as a list of one. */
function textOf(tag: unknown): string | undefined {
  const value: unknown = isRecord(tag) ? tag.value : undefined
  const text: unknown = Array.isArray(value) ? value[0] : value
  if (typeof text !== 'string') return undefined
  const clean = sanitizeText(text, { maxLength: MAX_NAME })
  return clean === '' ? undefined : clean
}

function numberOf(tag: unknown): number | undefined {
  const value: unknown = isRecord(tag) ? tag.value : undefined
  return typeof value === 'number' ? value : undefined
}

function isBetween(value: unknown, low: number, high: number): value is number {
  return typeof value === 'number' && value >= low && value <= high
}
