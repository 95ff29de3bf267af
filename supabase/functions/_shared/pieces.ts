/** Large bodies without the copies that `Blob` and `fetch` make of them: a worker has little memory. */

const PIECE_BYTES = 64 * 1024
/** Room for what has no announced size, before it is known to be larger. */
const FIRST_BYTES = 256 * 1024

/** A view of each piece, when it is asked for. */
export function inPieces(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let offset = 0
  return new ReadableStream(
    {
      pull(controller) {
        if (offset >= bytes.length) {
          controller.close()
          return
        }
        const end = Math.min(bytes.length, offset + PIECE_BYTES)
        controller.enqueue(bytes.subarray(offset, end))
        offset = end
      },
    },
    { highWaterMark: 0 },
  )
}

/** All of it, put together as it arrives. @param size bytes that are expected; it may be another. */
export async function collect(
  stream: AsyncIterable<Uint8Array>,
  size = FIRST_BYTES,
): Promise<Uint8Array<ArrayBuffer>> {
  let bytes = new Uint8Array(size)
  let length = 0
  for await (const piece of stream) {
    if (length + piece.length > bytes.length) {
      const larger = new Uint8Array(Math.max(length + piece.length, bytes.length * 2))
      larger.set(bytes.subarray(0, length))
      bytes = larger
    }
    bytes.set(piece, length)
    length += piece.length
  }
  return length === bytes.length ? bytes : bytes.slice(0, length)
}

/** Gives the memory back now and not when it is collected; there is nothing in it any more. */
export function letGo({ buffer }: Uint8Array<ArrayBuffer>): void {
  buffer.transfer(0)
}
