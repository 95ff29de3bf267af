/**
 * Protects the decoder from PNG decompression bombs. Texts, profiles and pixels of a small PNG may unpack to gigabytes.
 * A decoder unpacks the pixels to their end, even if the header announces few rows.
 */

import { concat } from '../_shared/std.ts'
import { inflate, unpacksBeyond } from './inflate.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** Bytes. The decoder uses only the orientation of the EXIF block. */
const MAX_EXIF_BYTES = 64 * 1024
/** Bytes of an unpacked colour profile; the large profiles of printers have about 3 MB. */
const MAX_PROFILE_BYTES = 4 * 1024 * 1024
const HEAD_BYTES = 8
/** Bytes of a chunk's length, type and checksum. */
const CHUNK_OVERHEAD = 12
const KEPT = new Set(['IHDR', 'PLTE', 'IDAT', 'IEND', 'tRNS', 'gAMA', 'cHRM', 'sRGB', 'sBIT'])

interface Chunk {
  type: string
  start: number
  end: number
  data: Bytes
}

function* chunksOf(png: Bytes): Generator<Chunk> {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength)
  for (let at = HEAD_BYTES; at + CHUNK_OVERHEAD <= png.length; ) {
    const end = at + CHUNK_OVERHEAD + view.getUint32(at)
    const type = String.fromCharCode(...png.subarray(at + 4, at + 8))
    yield { type, start: at, end, data: png.subarray(at + 8, end - 4) }
    at = end
  }
}

/**
 * Removes all chunks but those that the pixels need, a small EXIF block and a profile of a sensible size.
 *
 * @param png a complete PNG
 * @returns `png` itself when no chunk was removed
 */
export async function withoutExtras(png: Bytes): Promise<Bytes> {
  const parts: Bytes[] = []
  let keptFrom = 0
  const seen = new Set<string>()
  for (const { type, start, end, data } of chunksOf(png)) {
    // Only the first chunk of a type is examined: unpacking thousands of profiles would take minutes.
    const isFirst = !seen.has(type)
    seen.add(type)
    if (KEPT.has(type) || (isFirst && (await isWanted(type, data)))) continue
    parts.push(png.subarray(keptFrom, start))
    keptFrom = end
  }
  return parts.length === 0 ? png : concat([...parts, png.subarray(keptFrom)])
}

async function isWanted(type: string, data: Bytes): Promise<boolean> {
  if (type === 'eXIf') return data.length <= MAX_EXIF_BYTES
  return type === 'iCCP' && (await isProfile(data))
}

/** The chunk has a name, a zero, the method, then zlib data. A broken profile is removed; the picture stays. */
async function isProfile(data: Bytes): Promise<boolean> {
  return (await inflate(data.subarray(data.indexOf(0) + 2), MAX_PROFILE_BYTES)) !== null
}

const SLACK_BYTES = 64 * 1024

/** Whether the pixels unpack to more bytes than the header announces. The unpacked bytes are dropped. */
export async function hasTooManyPixels(png: Bytes): Promise<boolean> {
  const chunks = [...chunksOf(png)]
  const header = chunks.find(({ type }) => type === 'IHDR')?.data
  if (header === undefined || header.length < 13) return false
  const limit = unpackedBytes(header) + SLACK_BYTES
  const pixels = chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data)
  return await unpacksBeyond(pixels, limit)
}

/** Samples for each pixel, by colour type: gray, RGB, palette, gray and alpha, RGB and alpha. */
const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }
/** Adam7: start and step of each pass, across and down. */
const PASSES = [
  [0, 8, 0, 8],
  [4, 8, 0, 8],
  [0, 4, 4, 8],
  [2, 4, 0, 4],
  [0, 2, 2, 4],
  [1, 2, 0, 2],
  [0, 1, 1, 2],
] as const

/** Bytes of all rows with their filter bytes. */
function unpackedBytes(header: Bytes): number {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength)
  const [width, height] = [view.getUint32(0), view.getUint32(4)]
  const [depth = 8, color = 6, , , interlace = 0] = header.subarray(8)
  const bits = depth * (SAMPLES[color] ?? 4)
  const rows = (columns: number, count: number) =>
    columns === 0 ? 0 : count * (1 + Math.ceil((columns * bits) / 8))
  if (interlace === 0) return rows(width, height)
  return PASSES.reduce((sum, [x, stepX, y, stepY]) => {
    const columns = Math.max(0, Math.ceil((width - x) / stepX))
    return sum + rows(columns, Math.max(0, Math.ceil((height - y) / stepY)))
  }, 0)
}
