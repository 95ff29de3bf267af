/** Unpacking with a limit, for data that may unpack to anything. */

import { concat } from '../_shared/std.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** Bytes that go into the decompressor at a time: they unpack to 1 MB at most, which is what a limit is passed by. */
const PIECE_BYTES = 1024

/**
 * zlib data unpacked; data that break off or are broken give what came before. Null where nothing came, or more
 * than `limit` bytes.
 */
export async function inflate(data: Bytes, limit: number): Promise<Bytes | null> {
  const pieces: Bytes[] = []
  const size = await unpack([data], limit, (piece) => pieces.push(piece))
  return size === 0 || size > limit ? null : concat(pieces)
}

/** Whether zlib data unpack to more than `limit` bytes; nothing is kept of them. */
export async function unpacksBeyond(parts: readonly Bytes[], limit: number): Promise<boolean> {
  return (await unpack(parts, limit, () => undefined)) > limit
}

/** @returns how many bytes there were, or a number above `limit`. */
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
    // Where the data end too early or badly: what came before counts.
  }
  return size
}

function* piecesOf(parts: readonly Bytes[]): Generator<Bytes> {
  for (const part of parts) {
    for (let at = 0; at < part.length; at += PIECE_BYTES) yield part.subarray(at, at + PIECE_BYTES)
  }
}
