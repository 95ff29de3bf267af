/**
 * Makes a still WebP of the first frame of an animated WebP. The decoder would decode every frame, each as large as the
 * canvas, before it returns the first. An animation of a few kilobytes would take minutes and all of the memory.
 */

import { concat } from '../_shared/std.ts'

type Bytes = Uint8Array<ArrayBuffer>

const HEAD_BYTES = 12
const ANIMATED = 0b10
const ALPHA = 0b1_0000
/** Bytes of position, size, duration and flags, which precede the frame's chunks. */
const FRAME_HEADER_BYTES = 16

interface Chunk {
  type: string
  /** The chunk with its header and padding. */
  whole: Bytes
  data: Bytes
}

function* chunksOf(bytes: Bytes, from: number): Generator<Chunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = from; at + 8 <= bytes.length; ) {
    const size = view.getUint32(at + 4, true)
    const end = at + 8 + size + (size & 1)
    const type = String.fromCharCode(...bytes.subarray(at, at + 4))
    yield { type, whole: bytes.subarray(at, end), data: bytes.subarray(at + 8, at + 8 + size) }
    at = end
  }
}

/** @returns a WebP of the first frame, or `webp` itself for a still picture */
export function firstFrame(webp: Bytes): Bytes {
  let profile: Bytes | undefined
  for (const { type, whole, data } of chunksOf(webp, HEAD_BYTES)) {
    if (type === 'VP8X' && ((data[0] ?? 0) & ANIMATED) === 0) return webp
    if (type === 'ICCP') profile = whole
    if (type === 'ANMF' && data.length > FRAME_HEADER_BYTES) return still(data, profile)
    // A file with picture data before any frame is a still picture.
    if (type === 'VP8 ' || type === 'VP8L') return webp
  }
  return webp
}

function still(frame: Bytes, profile: Bytes | undefined): Bytes {
  const chunks = [...chunksOf(frame, FRAME_HEADER_BYTES)].filter(({ type }) =>
    ['ALPH', 'VP8 ', 'VP8L'].includes(type),
  )
  const hasAlpha = chunks.some(({ type }) => type !== 'VP8 ')
  const flags = (hasAlpha ? ALPHA : 0) | (profile === undefined ? 0 : 0b10_0000)
  // Width - 1 and height - 1 have three bytes each, in the frame's header as in VP8X.
  const extended = concat([text('VP8X'), Uint8Array.of(10, 0, 0, 0, flags, 0, 0, 0), frame.subarray(6, 12)])
  const body = concat([
    text('WEBP'),
    extended,
    ...(profile === undefined ? [] : [profile]),
    ...chunks.map(({ whole }) => whole),
  ])
  const size = new Uint8Array(4)
  new DataView(size.buffer).setUint32(0, body.length, true)
  return concat([text('RIFF'), size, body])
}

function text(value: string): Bytes {
  return Uint8Array.from(value, (character) => character.charCodeAt(0))
}
