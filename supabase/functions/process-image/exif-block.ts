/**
 * Finds a picture's EXIF block: a TIFF block in an APP1 segment (JPEG), a chunk (PNG, WebP) or an item (HEIC).
 * ExifReader gets only that block, so that no tag can name megabytes of the picture as its text.
 */

import { detectFileType, type ImageType, isImageType } from '../../../functions-shared/file-type.ts'

/** Bytes. A JPEG's segment has at most 64 KB, most of which are maker notes. */
export const MAX_EXIF_BYTES = 256 * 1024

/** The TIFF block from its byte order on; null for a picture without EXIF. @throws RangeError for a broken structure */
export function findExif(bytes: Uint8Array): Uint8Array | null {
  const type = detectFileType(bytes)
  if (!isImageType(type)) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const block = FINDERS[type](bytes, view)
  return block === null ? null : withoutPrefix(block.subarray(0, MAX_EXIF_BYTES))
}

const FINDERS: Record<ImageType, (bytes: Uint8Array, view: DataView) => Uint8Array | null> = {
  jpeg: inJpeg,
  png: inPng,
  webp: inWebp,
  heic: inHeic,
}

const PREFIX = 'Exif\0\0'

function withoutPrefix(block: Uint8Array): Uint8Array {
  return text(block, 0, PREFIX.length) === PREFIX ? block.subarray(PREFIX.length) : block
}

function text(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to))
}

const APP1 = 0xe1
const SOS = 0xda

function inJpeg(bytes: Uint8Array, view: DataView): Uint8Array | null {
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff; at += 2 + view.getUint16(at + 2)) {
    const marker = bytes[at + 1]
    if (marker === SOS) return null
    const body = bytes.subarray(at + 4, at + 2 + view.getUint16(at + 2))
    if (marker === APP1 && text(body, 0, PREFIX.length) === PREFIX) return body
  }
  return null
}

function inPng(bytes: Uint8Array, view: DataView): Uint8Array | null {
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    if (text(bytes, at + 4, at + 8) === 'eXIf') return bytes.subarray(at + 8, at + 8 + view.getUint32(at))
  }
  return null
}

function inWebp(bytes: Uint8Array, view: DataView): Uint8Array | null {
  for (let at = 12; at + 8 <= bytes.length; ) {
    const size = view.getUint32(at + 4, true)
    if (text(bytes, at, at + 4) === 'EXIF') return bytes.subarray(at + 8, at + 8 + size)
    at += 8 + size + (size & 1)
  }
  return null
}

interface Box {
  type: string
  start: number
  end: number
}

/** ISO/IEC 23008-12: `meta` has the items' types (`iinf`) and their positions (`iloc`). */
function inHeic(bytes: Uint8Array, view: DataView): Uint8Array | null {
  const meta = [...boxes(bytes, view, 0, bytes.length)].find(({ type }) => type === 'meta')
  if (meta === undefined) return null
  // `meta` is a full box: its children follow version and flags.
  const children = [...boxes(bytes, view, meta.start + 4, meta.end)]
  const iinf = children.find(({ type }) => type === 'iinf')
  const iloc = children.find(({ type }) => type === 'iloc')
  if (iinf === undefined || iloc === undefined) return null
  const item = exifItem(bytes, view, iinf)
  const extent = item === null ? null : itemExtent(view, iloc, item)
  if (extent === null || extent.offset + 4 > bytes.length) return null
  // The item's first four bytes are the distance from their end to the TIFF block.
  const start = extent.offset + 4 + view.getUint32(extent.offset)
  return bytes.subarray(start, extent.offset + extent.length)
}

const MAX_BOXES = 10_000

function* boxes(bytes: Uint8Array, view: DataView, from: number, end: number): Generator<Box> {
  let at = from
  for (let count = 0; count < MAX_BOXES && at + 8 <= end; count += 1) {
    const size = view.getUint32(at)
    const next = size === 0 ? end : at + size
    // Only the box of the picture's data needs a 64-bit size (`size` 1), and that box comes last.
    if (size === 1 || next < at + 8 || next > end) return
    yield { type: text(bytes, at + 4, at + 8), start: at + 8, end: next }
    at = next
  }
}

function exifItem(bytes: Uint8Array, view: DataView, iinf: Box): number | null {
  const entries = iinf.start + (view.getUint8(iinf.start) === 0 ? 6 : 8)
  for (const infe of boxes(bytes, view, entries, iinf.end)) {
    if (infe.type !== 'infe' || infe.end - infe.start < 12) continue
    const wide = view.getUint8(infe.start) >= 3
    const typeAt = infe.start + (wide ? 10 : 8)
    if (text(bytes, typeAt, typeAt + 4) !== 'Exif') continue
    return wide ? view.getUint32(infe.start + 4) : view.getUint16(infe.start + 4)
  }
  return null
}

/** The first extent of the item; null when the item is not stored at an offset in the file. */
function itemExtent(view: DataView, iloc: Box, wanted: number): { offset: number; length: number } | null {
  const version = view.getUint8(iloc.start)
  const sizes = view.getUint16(iloc.start + 4)
  const [offsetSize, lengthSize, baseSize] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15]
  const indexSize = version === 0 ? 0 : sizes & 15
  const idSize = version < 2 ? 2 : 4
  let at = iloc.start + 6
  const read = (size: number): number => {
    if (at + size > iloc.end) return Number.NaN
    const value =
      size === 0 ? 0 : size === 2 ? view.getUint16(at) : size === 4 ? view.getUint32(at) : Number.NaN
    const wide = size === 8 ? Number(view.getBigUint64(at)) : value
    at += size
    return wide
  }
  const count = read(idSize)
  for (let index = 0; index < count && index < MAX_BOXES; index += 1) {
    const id = read(idSize)
    const method = version === 0 ? 0 : read(2) & 15
    read(2) // index of the data's file; 0 is this file
    const base = read(baseSize)
    const extents = read(2)
    for (let extent = 0; extent < extents && at < iloc.end; extent += 1) {
      read(indexSize)
      const offset = base + read(offsetSize)
      const length = read(lengthSize)
      if (id === wanted) {
        return method === 0 && Number.isSafeInteger(offset) && length > 4 ? { offset, length } : null
      }
    }
    if (Number.isNaN(id) || Number.isNaN(extents)) return null
  }
  return null
}
