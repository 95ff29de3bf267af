/**
 * The EXIF metadata of a photo: when, where and with which camera it was taken. It is read from the original and kept
 * in the database for the claim's handlers. The preview and the thumbnail have no metadata.
 */

import ExifReader from 'exifreader'
import * as v from 'valibot'
import { sanitizeText } from '../../../functions-shared/sanitize.ts'
import { findExif } from './exif-block.ts'

export interface PhotoMetadata {
  /** ISO 8601 by the camera's clock; with an offset only where the camera recorded one. */
  takenAt?: string
  /** The tag that `takenAt` was read from. A time of `modified` may be that of an editor. */
  takenAtSource?: TimeSource
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

export type TimeSource = 'original' | 'digitized' | 'modified' | 'gps'

const MAX_NAME = 100

/** Never throws: a photo with unreadable metadata is processed like one without. */
export function readMetadata(bytes: Uint8Array): PhotoMetadata {
  const { exif, gps } = v.parse(photoTags, load(bytes))
  const time = readTime(exif)
  const position = readPosition(gps)
  const camera = readCamera(exif)
  const { Orientation: orientation } = exif
  return {
    ...time,
    ...(position !== undefined && { position }),
    ...(camera !== undefined && { camera }),
    ...(orientation !== undefined && { orientation }),
  }
}

const TAGS: { exif: string[]; gps: true } = {
  exif: [
    'Make',
    'Model',
    'LensModel',
    'DateTime',
    'DateTimeOriginal',
    'DateTimeDigitized',
    'OffsetTime',
    'OffsetTimeOriginal',
    'OffsetTimeDigitized',
    'GPSDateStamp',
    'GPSTimeStamp',
    'Orientation',
    // The places of the two other directories.
    'Exif IFD Pointer',
    'GPS Info IFD Pointer',
  ],
  gps: true,
}

/** A tag is `{ value, description }`, and a text is a list with one entry. A tag of another shape counts as missing. */
const tag = <Schema extends v.GenericSchema>(schema: Schema) =>
  v.fallback(
    v.optional(
      v.pipe(
        v.object({ value: schema }),
        v.transform(({ value }) => value),
      ),
    ),
    undefined,
  )
const text = tag(
  v.pipe(
    v.union([
      v.string(),
      v.pipe(
        v.looseTuple([v.string()]),
        v.transform(([first]) => first),
      ),
    ]),
    v.transform((value) => sanitizeText(value, { maxLength: MAX_NAME })),
    v.nonEmpty(),
  ),
)
const rational = v.pipe(
  v.tuple([v.number(), v.number()]),
  v.check(([, denominator]) => denominator !== 0),
  v.transform(([numerator, denominator]) => numerator / denominator),
)
const between = (low: number, high: number) => v.pipe(v.number(), v.minValue(low), v.maxValue(high))
const degrees = (limit: number) => v.fallback(v.optional(between(-limit, limit)), undefined)

const exifTags = v.object({
  Make: text,
  Model: text,
  LensModel: text,
  DateTime: text,
  DateTimeOriginal: text,
  DateTimeDigitized: text,
  OffsetTime: text,
  OffsetTimeOriginal: text,
  OffsetTimeDigitized: text,
  GPSDateStamp: text,
  GPSTimeStamp: tag(v.pipe(v.array(rational), v.length(3))),
  Orientation: tag(between(1, 8)),
})
/** The reader gives these as plain numbers. */
const gpsTags = v.object({
  Latitude: degrees(90),
  Longitude: degrees(180),
  Altitude: v.fallback(v.optional(between(-1_000, 20_000)), undefined),
})
const photoTags = v.fallback(v.object({ exif: v.optional(exifTags, {}), gps: v.optional(gpsTags, {}) }), {
  exif: {},
  gps: {},
})

type ExifTags = v.InferOutput<typeof exifTags>
type GpsTags = v.InferOutput<typeof gpsTags>

function load(bytes: Uint8Array): object {
  try {
    const block = findExif(bytes)
    if (block === null) return {}
    // ExifReader reads the whole buffer of a view, so it gets a copy of the block alone.
    return ExifReader.load(block.slice().buffer, { expanded: true, includeTags: TAGS })
  } catch {
    // ExifReader throws where there is no metadata, or none that it can read.
    return {}
  }
}

/** The first usable time: when the picture was taken, digitised, last changed, or its position measured. */
function readTime(exif: ExifTags): Pick<PhotoMetadata, 'takenAt' | 'takenAtSource'> {
  const candidates: readonly (readonly [TimeSource, string | undefined])[] = [
    ['original', localTime(exif.DateTimeOriginal, exif.OffsetTimeOriginal)],
    ['digitized', localTime(exif.DateTimeDigitized, exif.OffsetTimeDigitized)],
    ['modified', localTime(exif.DateTime, exif.OffsetTime)],
    ['gps', satelliteTime(exif)],
  ]
  for (const [takenAtSource, takenAt] of candidates)
    if (takenAt !== undefined) return { takenAt, takenAtSource }
  return {}
}

/** EXIF is of 1995. Clocks that were never set begin in 1970 or 1980. */
const FIRST_YEAR = 1995
const DATE = /^(\d{4})[:/.-](\d\d)[:/.-](\d\d)/
const DATE_AND_TIME = new RegExp(
  `${DATE.source}[ T](\\d\\d:\\d\\d)(:\\d\\d)?(?:\\.\\d+)?\\s*(Z|[+-]\\d\\d:\\d\\d)?$`,
)

/**
 * EXIF writes `2026:11:20 17:42:10` and, since 2.31, the offset in a tag of its own. Some programs write the date with
 * other separators, leave the seconds out or append the offset. Unknown times are zeros or blanks.
 */
function localTime(value: string | undefined, offset: string | undefined): string | undefined {
  const [, year, month, day, time, seconds = ':00', own] = DATE_AND_TIME.exec(value ?? '') ?? []
  if (year === undefined || time === undefined) return undefined
  const local = `${year}-${month}-${day}T${time}${seconds}`
  if (!isMoment(local)) return undefined
  return `${local}${own ?? /^(?:Z|[+-]\d\d:\d\d)$/.exec(offset ?? '')?.[0] ?? ''}`
}

/** The satellites' time is UTC. */
function satelliteTime({ GPSDateStamp, GPSTimeStamp }: ExifTags): string | undefined {
  const [, year, month, day] = DATE.exec(GPSDateStamp ?? '') ?? []
  if (year === undefined || GPSTimeStamp === undefined) return undefined
  const time = GPSTimeStamp.map((part) => String(Math.floor(part)).padStart(2, '0')).join(':')
  const utc = `${year}-${month}-${day}T${time}`
  return isMoment(utc) ? `${utc}Z` : undefined
}

/** Whether a day of the calendar and a time of the day. `Date` moves a 31 February to March, and takes 24:00. */
function isMoment(local: string): boolean {
  const date = new Date(`${local}Z`)
  return (
    !Number.isNaN(date.getTime()) &&
    date.toISOString().startsWith(local) &&
    date.getUTCFullYear() >= FIRST_YEAR
  )
}

function readPosition({
  Latitude: latitude,
  Longitude: longitude,
  Altitude: altitude,
}: GpsTags): PhotoMetadata['position'] {
  if (latitude === undefined || longitude === undefined) return undefined
  // Cameras without a position write 0, 0, which is a place in the Atlantic.
  if (latitude === 0 && longitude === 0) return undefined
  return { latitude, longitude, ...(altitude !== undefined && { altitude }) }
}

function readCamera({ Make: make, Model: model, LensModel: lens }: ExifTags): PhotoMetadata['camera'] {
  if (make === undefined && model === undefined && lens === undefined) return undefined
  return {
    ...(make !== undefined && { make }),
    ...(model !== undefined && { model }),
    ...(lens !== undefined && { lens }),
  }
}
