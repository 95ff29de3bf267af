/** Unpacks zlib data up to a limit of bytes, as protection from decompression bombs. */

import { concat } from '../_shared/std.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** Bytes written to the decompressor at a time. They unpack to 1 MB at most, so a limit is exceeded by at most 1 MB. */
const PIECE_BYTES = 1024

/**
 * Unpacks zlib data. Truncated or broken data give the bytes before the fault. Null without any byte, or with more
 * than `limit` bytes.
 */
export async function inflate(data: Bytes, limit: number): Promise<Bytes | null> {
  const pieces: Bytes[] = []
  const size = await unpack([data], limit, (piece) => pieces.push(piece))
  return size === 0 || size > limit ? null : concat(pieces)
}

/** Whether zlib data unpack to more than `limit` bytes. The unpacked bytes are dropped. */
export async function unpacksBeyond(parts: readonly Bytes[], limit: number): Promise<boolean> {
  return (await unpack(parts, limit, () => undefined)) > limit
}

/** @returns the number of unpacked bytes; unpacking ends once it is above `limit` */
async function unpack(parts: readonly Bytes[], limit: number, take: (piece: Bytes) => void): Promise<number> {
  const stream = ReadableStream.from(piecesOf(parts)).pipeThrough(new DecompressionStream('deflate'))
  let size = 0
  try {
    for await (const piece of stream) {
      size += piece.length
      // Leaving the loop cancels the stream.
      if (size > limit) break
      take(piece)
    }
  } catch {
    // Truncated or broken data: the bytes before the fault were taken.
  }
  return size
}

function* piecesOf(parts: readonly Bytes[]): Generator<Bytes> {
  for (const part of parts) {
    for (let at = 0; at < part.length; at += PIECE_BYTES) yield part.subarray(at, at + PIECE_BYTES)
  }
}
