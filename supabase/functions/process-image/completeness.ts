/**
 * Detects truncated images. Decoders fill missing pixels with gray without an error, so the file's structure is read:
 * JPEG from marker to marker up to EOI, PNG from chunk to chunk up to IEND, WebP and HEIC by their box sizes.
 * Bytes after the end are allowed: phones append depth maps and short films there.
 */

import type { ImageType } from '../../../functions-shared/file-type.ts'

export function isComplete(type: ImageType, bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return WALKS[type](bytes, view)
}

const WALKS: Record<ImageType, (bytes: Uint8Array, view: DataView) => boolean> = {
  jpeg: jpegReachesEoi,
  png: pngReachesIend,
  webp: webpIsWhole,
  heic: heicIsWhole,
}

const MARKER = { tem: 0x01, rst0: 0xd0, rst7: 0xd7, soi: 0xd8, eoi: 0xd9, sos: 0xda } as const

/** Number of a JPEG's scans, each of which the decoder applies to the whole picture. Counts up to a broken marker. */
export function countScans(jpeg: Uint8Array): number {
  return walkJpeg(jpeg, new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength)).scans
}

function jpegReachesEoi(bytes: Uint8Array, view: DataView): boolean {
  const { scans, ended } = walkJpeg(bytes, view)
  return ended && scans > 0
}

function walkJpeg(bytes: Uint8Array, view: DataView): { scans: number; ended: boolean } {
  let at = 2
  let scans = 0
  while (at + 1 < bytes.length) {
    if (bytes[at] !== 0xff) break
    const marker = bytes[at + 1] ?? 0
    if (marker === 0xff) {
      at += 1 // fill byte
    } else if (marker === MARKER.eoi) {
      return { scans, ended: true }
    } else if (isStandalone(marker)) {
      at += 2
    } else {
      if (at + 4 > bytes.length) break
      const length = view.getUint16(at + 2)
      if (length < 2) break
      at += 2 + length
      if (marker === MARKER.sos) {
        scans += 1
        at = endOfEntropyData(bytes, at)
      }
    }
  }
  return { scans, ended: false }
}

function isStandalone(marker: number): boolean {
  return marker === MARKER.tem || (marker >= MARKER.rst0 && marker <= MARKER.soi)
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
