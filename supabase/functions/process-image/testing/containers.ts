/** Builds files for tests from chunks, boxes, segments and TIFF directories. */

import { concat } from '../../_shared/std.ts'

type Bytes = Uint8Array<ArrayBuffer>

export function ascii(text: string): Bytes {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

export function uint16(value: number): Bytes {
  return Uint8Array.of(value >> 8, value & 0xff)
}

export function uint32(value: number): Bytes {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

function uint32le(value: number): Bytes {
  return uint32(value).reverse()
}

export const PNG_SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)

export function pngChunk(type: string, data: Uint8Array): Bytes {
  const body = concat([ascii(type), data])
  return concat([uint32(data.length), body, uint32(crc32(body))])
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  return (crc ^ 0xffffffff) >>> 0
}

/** A PNG with further chunks behind its header. */
export function withPngChunks(png: Uint8Array, ...chunks: readonly Uint8Array[]): Bytes {
  const headerEnd = PNG_SIGNATURE.length + 25
  return concat([png.subarray(0, headerEnd), ...chunks, png.subarray(headerEnd)])
}

export async function deflate(data: Bytes): Promise<Bytes> {
  return await new Response(new Blob([data]).stream().pipeThrough(new CompressionStream('deflate'))).bytes()
}

/** zlib data of zeros, about a thousandth of their unpacked size. */
export async function zlibBomb(megabytes: number): Promise<Bytes> {
  const zeros = new Uint8Array(1024 * 1024)
  const stream = ReadableStream.from(Array.from({ length: megabytes }, () => zeros))
  return await new Response(stream.pipeThrough(new CompressionStream('deflate'))).bytes()
}

export function jpegSegment(marker: number, body: Uint8Array): Bytes {
  return concat([Uint8Array.of(0xff, marker), uint16(body.length + 2), body])
}

/** A JPEG with further segments behind its start. */
export function withJpegSegments(jpeg: Uint8Array, ...segments: readonly Uint8Array[]): Bytes {
  return concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)])
}

export function riffChunk(type: string, data: Uint8Array): Bytes {
  return concat([ascii(type), uint32le(data.length), data, new Uint8Array(data.length & 1)])
}

export function webp(...chunks: readonly Uint8Array[]): Bytes {
  const body = concat([ascii('WEBP'), ...chunks])
  return concat([ascii('RIFF'), uint32le(body.length), body])
}

/** The chunk `VP8X`, whose flags name the file's other chunks; `flags` by the WebP container's specification. */
export function vp8x(flags: number, width: number, height: number): Bytes {
  const size = (value: number) => uint32le(value - 1).subarray(0, 3)
  return riffChunk('VP8X', concat([Uint8Array.of(flags, 0, 0, 0), size(width), size(height)]))
}

export function box(type: string, ...content: readonly Uint8Array[]): Bytes {
  const body = concat([...content])
  return concat([uint32(body.length + 8), ascii(type), body])
}

export function fullBox(type: string, version: number, ...content: readonly Uint8Array[]): Bytes {
  return box(type, Uint8Array.of(version, 0, 0, 0), ...content)
}

/** A HEIC with only an EXIF item, at the end of the file. */
export function heicWithExif(tiff: Uint8Array): Bytes {
  const ftyp = box('ftyp', ascii('heic'), uint32(0), ascii('mif1heic'))
  const infe = (id: number, type: string) =>
    fullBox('infe', 2, uint16(id), uint16(0), ascii(type), Uint8Array.of(0))
  const iinf = fullBox('iinf', 0, uint16(2), infe(1, 'hvc1'), infe(2, 'Exif'))
  const item = concat([uint32(0), tiff])
  const meta = (offset: number) => {
    const place = (id: number, at: number, length: number) =>
      concat([uint16(id), uint16(0), uint16(0), uint16(1), uint32(at), uint32(length)])
    const iloc = fullBox('iloc', 1, uint16(0x4400), uint16(2), place(1, 0, 4), place(2, offset, item.length))
    return fullBox('meta', 0, iinf, iloc)
  }
  const offset = ftyp.length + meta(0).length + 8
  return concat([ftyp, meta(offset), box('mdat', item)])
}

/** A HEIC of many tiles, as phones write them; a decoder accepts at most 1,000. Each tile is the picture of `tile`. */
export function heicGrid(
  tile: Bytes,
  size: { width: number; height: number },
  columns: number,
  rows: number,
): Bytes {
  const partOf = (type: string) => {
    const at = new TextDecoder('latin1').decode(tile).indexOf(type) - 4
    return tile.subarray(at, at + new DataView(tile.buffer, tile.byteOffset + at).getUint32(0))
  }
  const [ftyp, mdat] = [partOf('ftyp'), partOf('mdat')]
  const tiles = Array.from({ length: columns * rows }, (_, index) => index + 1)
  const grid = tiles.length + 1
  const [width, height] = [size.width * columns, size.height * rows]
  const layout = concat([Uint8Array.of(0, 1, rows - 1, columns - 1), uint32(width), uint32(height)])
  const infe = (id: number, type: string) =>
    fullBox('infe', 2, uint16(id), uint16(0), ascii(type), Uint8Array.of(0))
  const place = (id: number, method: number, at: number, length: number) =>
    concat([uint16(id), uint16(method), uint16(0), uint16(1), uint32(at), uint32(length)])
  const ispe = (w: number, h: number) => fullBox('ispe', 0, uint32(w), uint32(h))
  const properties = box(
    'iprp',
    box('ipco', partOf('hvcC'), ispe(size.width, size.height), ispe(width, height)),
    fullBox(
      'ipma',
      0,
      uint32(grid),
      ...tiles.map((id) => concat([uint16(id), Uint8Array.of(2, 0x81, 2)])),
      uint16(grid),
      Uint8Array.of(1, 3),
    ),
  )
  const meta = (mdatAt: number) => {
    // All tiles have the same bytes.
    const places = tiles.map((id) => place(id, 0, mdatAt, mdat.length - 8))
    return fullBox(
      'meta',
      0,
      partOf('hdlr'),
      fullBox('pitm', 0, uint16(grid)),
      fullBox('iloc', 1, uint16(0x4400), uint16(grid), ...places, place(grid, 1, 0, layout.length)),
      fullBox('iinf', 0, uint16(grid), ...tiles.map((id) => infe(id, 'hvc1')), infe(grid, 'grid')),
      fullBox('iref', 0, box('dimg', uint16(grid), uint16(tiles.length), ...tiles.map(uint16))),
      properties,
      box('idat', layout),
    )
  }
  return concat([ftyp, meta(ftyp.length + meta(0).length + 8), mdat])
}

/** A directory of tags that all claim the same `length` bytes as their text. */
export function greedyTiff(tags: readonly number[], length: number): Bytes {
  const entries = tags.map((tag) =>
    concat([Uint8Array.of(tag & 0xff, tag >> 8, 2, 0), uint32le(length), uint32le(8)]),
  )
  const directory = concat([
    Uint8Array.of(entries.length & 0xff, entries.length >> 8),
    ...entries,
    uint32le(0),
  ])
  const filler = new Uint8Array(length).fill(0x41)
  return concat([ascii('II'), Uint8Array.of(42, 0), uint32le(8 + length), filler, directory])
}
