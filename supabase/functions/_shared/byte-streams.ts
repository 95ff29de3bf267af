/**
 * Streams of bytes: reading one with a maximum, and sending large bodies without the copies that `Blob` and `fetch`
 * make of them.
 */

import { AppError } from '../../../functions-shared/app-error.ts'
import type { ErrorCode } from '../../../functions-shared/error-codes.ts'

const CHUNK_BYTES = 64 * 1024
/** Bytes of the first buffer for a stream whose length is not known. */
const FIRST_BUFFER_BYTES = 256 * 1024

export interface ByteLimit {
  maxBytes: number
  /** Code of the error for a stream that has more. */
  tooLarge: ErrorCode
}

/** The bytes as a stream. Each chunk is a view, made when the reader asks for it. */
export function streamOf(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let offset = 0
  return new ReadableStream(
    {
      pull(controller) {
        if (offset >= bytes.length) {
          controller.close()
          return
        }
        const end = Math.min(bytes.length, offset + CHUNK_BYTES)
        controller.enqueue(bytes.subarray(offset, end))
        offset = end
      },
    },
    { highWaterMark: 0 },
  )
}

/**
 * All bytes of a stream. They are copied into one buffer as they arrive: a chunk may hold a single byte, and a list of
 * such chunks takes many times their size.
 *
 * @param expectedBytes the announced length. The buffer is made for it; the stream may be shorter or longer.
 * @throws AppError `tooLarge` for a stream beyond `maxBytes`, the rest of which is not read; and what the stream throws.
 */
export async function readAll(
  stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  {
    maxBytes,
    tooLarge,
    expectedBytes = FIRST_BUFFER_BYTES,
  }: ByteLimit & { expectedBytes?: number | undefined },
): Promise<Uint8Array<ArrayBuffer>> {
  let bytes = new Uint8Array(Math.min(expectedBytes, maxBytes))
  let length = 0
  for await (const chunk of limited(stream, { maxBytes, tooLarge })) {
    const needed = length + chunk.length
    if (needed > bytes.length) {
      const larger = new Uint8Array(Math.min(maxBytes, Math.max(needed, bytes.length * 2)))
      larger.set(bytes.subarray(0, length))
      bytes = larger
    }
    bytes.set(chunk, length)
    length = needed
  }
  return length === bytes.length ? bytes : bytes.slice(0, length)
}

/** The same chunks, up to `maxBytes`. @throws AppError `tooLarge` at the chunk that goes beyond */
export async function* limited<Chunk extends Uint8Array>(
  stream: AsyncIterable<Chunk> | Iterable<Chunk>,
  { maxBytes, tooLarge }: ByteLimit,
): AsyncGenerator<Chunk> {
  let length = 0
  for await (const chunk of stream) {
    length += chunk.length
    // Leaving the loop cancels the stream.
    if (length > maxBytes) throw new AppError(tooLarge)
    yield chunk
  }
}

/** Frees the memory at once, without waiting for the garbage collector. The array is empty afterwards. */
export function release({ buffer }: Uint8Array<ArrayBuffer>): void {
  buffer.transfer(0)
}
