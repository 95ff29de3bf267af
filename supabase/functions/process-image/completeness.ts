/**
 * Detects truncated images. Decoders fill missing pixels with gray without an error, so the file's structure is read:
 * JPEG from marker to marker up to EOI, PNG from chunk to chunk up to IEND, WebP and HEIC by their box sizes.
 * Bytes after the end are allowed: phones append depth maps and short films there.
 *
 * Panoramas of some phones are JPEGs without EOI, or have their trailer in its place. The structure cannot tell whether
 * such a file has all rows: {@link endJpeg} gives it an end, and the decoder warns where rows are missing.
 */

import type { ImageType } from '../../../functions-shared/file-type.ts'
import { concat } from '../_shared/std.ts'

/** `open`: a JPEG without EOI that has begun with its last scan. */
export type Completeness = 'whole' | 'open' | 'cut'

export function readCompleteness(type: ImageType, bytes: Uint8Array): Completeness {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (type !== 'jpeg') return WALKS[type](bytes, view) ? 'whole' : 'cut'
  const { scans, ended, hasLastScan } = walkJpeg(bytes, view)
  if (ended && scans > 0) return 'whole'
  return hasLastScan ? 'open' : 'cut'
}

const WALKS: Record<Exclude<ImageType, 'jpeg'>, (bytes: Uint8Array, view: DataView) => boolean> = {
  png: pngReachesIend,
  webp: webpIsWhole,
  heic: heicIsWhole,
}

/** The bytes up to the end of the last scan, and an EOI. What follows there is no part of the picture. */
export function endJpeg(jpeg: Uint8Array): Uint8Array<ArrayBuffer> {
  const { end } = walkJpeg(jpeg, new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength))
  return concat([jpeg.subarray(0, end), Uint8Array.of(0xff, MARKER.eoi)])
}

const MARKER = {
  tem: 0x01,
  sof0: 0xc0,
  dht: 0xc4,
  jpg: 0xc8,
  dac: 0xcc,
  sof15: 0xcf,
  eoi: 0xd9,
  sos: 0xda,
  dqt: 0xdb,
  dnl: 0xdc,
  dri: 0xdd,
  app0: 0xe0,
  app15: 0xef,
  com: 0xfe,
  rst0: 0xd0,
  rst7: 0xd7,
} as const

/** Number of a JPEG's scans, each of which the decoder applies to the whole picture. Counts up to a broken marker. */
export function countScans(jpeg: Uint8Array): number {
  return walkJpeg(jpeg, new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength)).scans
}

interface JpegWalk {
  scans: number
  /** Whether EOI was reached. */
  ended: boolean
  /** Whether every coefficient of every component has the scan with its last bit. */
  hasLastScan: boolean
  /** Offset behind the data of the last scan. */
  end: number
}

function walkJpeg(bytes: Uint8Array, view: DataView): JpegWalk {
  const coverage = new Map<number, Uint8Array>()
  const walk: JpegWalk = { scans: 0, ended: false, hasLastScan: false, end: bytes.length }
  let at = 2
  while (at + 1 < bytes.length) {
    if (bytes[at] !== 0xff) break
    const marker = bytes[at + 1] ?? 0
    if (marker === 0xff) {
      at += 1 // fill byte
    } else if (marker === MARKER.eoi) {
      walk.ended = true
      break
    } else if (marker === MARKER.tem) {
      at += 2
    } else {
      if (at + 4 > bytes.length || !isSegment(marker)) break
      const length = view.getUint16(at + 2)
      if (length < 2) break
      const body = bytes.subarray(at + 4, at + 2 + length)
      at += 2 + length
      if (isFrame(marker)) noteFrame(body, coverage)
      if (marker === MARKER.sos && at < bytes.length) {
        noteScan(body, coverage)
        walk.scans += 1
        at = endOfEntropyData(bytes, at)
        walk.end = at
      }
    }
  }
  const components = [...coverage.values()]
  walk.hasLastScan = components.length > 0 && components.every((bits) => bits.every((left) => left === 0))
  return walk
}

/** Markers that begin a segment within one picture. A second SOI is another picture behind the first. */
function isSegment(marker: number): boolean {
  if (marker >= MARKER.app0) return marker <= MARKER.app15 || marker === MARKER.com
  return marker >= MARKER.sof0 && marker <= MARKER.dri && !(marker >= MARKER.rst0 && marker <= MARKER.eoi)
}

function isFrame(marker: number): boolean {
  const { sof0, sof15, dht, jpg, dac } = MARKER
  return marker >= sof0 && marker <= sof15 && marker !== dht && marker !== jpg && marker !== dac
}

const COEFFICIENTS = 64
/** No scan of the coefficient so far. */
const NO_SCAN = 0xff

/** The frame's components; of each coefficient the bits that further scans have to bring. */
function noteFrame(body: Uint8Array, coverage: Map<number, Uint8Array>): void {
  const count = body[5] ?? 0
  for (let index = 0; index < count; index += 1) {
    const id = body[6 + 3 * index]
    if (id !== undefined) coverage.set(id, new Uint8Array(COEFFICIENTS).fill(NO_SCAN))
  }
}

/** A scan's components, its band of coefficients, and the bits that it leaves for later scans. */
function noteScan(body: Uint8Array, coverage: Map<number, Uint8Array>): void {
  const count = body[0] ?? 0
  const [first = 0, last = 0, bits = 0] = body.subarray(1 + 2 * count)
  for (let index = 0; index < count; index += 1) {
    coverage.get(body[1 + 2 * index] ?? -1)?.fill(bits & 0x0f, first, last + 1)
  }
}

/** Offset of the next marker. Compressed data have 0x00 after each 0xff, and may have restart markers. */
function endOfEntropyData(bytes: Uint8Array, start: number): number {
  let at = bytes.indexOf(0xff, start)
  while (at >= 0 && at + 1 < bytes.length) {
    const next = bytes[at + 1] ?? 0
    const inside = next === 0x00 || (next >= MARKER.rst0 && next <= MARKER.rst7)
    if (!inside && next !== 0xff) return at
    at = bytes.indexOf(0xff, inside ? at + 2 : at + 1)
  }
  return bytes.length
}

const IEND = 0x49454e44
const IDAT = 0x49444154

function pngReachesIend(bytes: Uint8Array, view: DataView): boolean {
  let hasData = false
  // A chunk has 12 bytes of length, type and checksum, and its data.
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    const type = view.getUint32(at + 4)
    hasData ||= type === IDAT
    if (type === IEND) return hasData
  }
  return false
}

function webpIsWhole(bytes: Uint8Array, view: DataView): boolean {
  return bytes.length >= 20 && bytes.length >= 8 + view.getUint32(4, true)
}

const META = 0x6d657461
const MDAT = 0x6d646174

function heicIsWhole(bytes: Uint8Array, view: DataView): boolean {
  const seen = new Set<number>()
  let at = 0
  while (at + 8 <= bytes.length) {
    const size = boxSize(view, at, bytes.length)
    if (size < 8 || at + size > bytes.length) return false
    seen.add(view.getUint32(at + 4))
    at += size
  }
  return seen.has(META) && seen.has(MDAT)
}

/** Size 0 means up to the end of the file, size 1 that a 64-bit size follows. */
function boxSize(view: DataView, at: number, end: number): number {
  const size = view.getUint32(at)
  if (size === 0) return end - at
  if (size !== 1) return size
  return at + 16 <= end ? Number(view.getBigUint64(at + 8)) : 0
}
