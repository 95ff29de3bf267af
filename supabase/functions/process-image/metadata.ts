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

/** Never throws: a photo with unreadable metadata is processed like one without. */
export function readMetadata(bytes: Uint8Array): PhotoMetadata {
  const { exif, gps } = v.parse(photoTags, load(bytes))
  const takenAt = readTime(exif)
  const position = readPosition(gps)
  const camera = readCamera(exif)
  const { Orientation: orientation } = exif
  return {
    ...(takenAt !== undefined && { takenAt }),
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
    'OffsetTimeOriginal',
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
const between = (low: number, high: number) => v.pipe(v.number(), v.minValue(low), v.maxValue(high))
const degrees = (limit: number) => v.fallback(v.optional(between(-limit, limit)), undefined)

const exifTags = v.object({
  Make: text,
  Model: text,
  LensModel: text,
  DateTime: text,
  DateTimeOriginal: text,
  OffsetTimeOriginal: text,
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

/** EXIF writes `2026:11:20 17:42:10` and, since 2.31, the offset in a tag of its own. */
function readTime({ DateTimeOriginal, DateTime, OffsetTimeOriginal = '' }: ExifTags): string | undefined {
  const [, year, month, day, time] =
    /^(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)/.exec(DateTimeOriginal ?? DateTime ?? '') ?? []
  if (year === undefined || time === undefined) return undefined
  const local = `${year}-${month}-${day}T${time}`
  if (Number.isNaN(Date.parse(`${local}Z`))) return undefined
  return /^[+-]\d\d:\d\d$/.test(OffsetTimeOriginal) ? `${local}${OffsetTimeOriginal}` : local
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
