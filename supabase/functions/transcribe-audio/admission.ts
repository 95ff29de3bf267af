/**
 * Keeps the recordings of a worker within its memory, from the first byte until the recording is kept and checked. A
 * large recording is sent to the service as a stream, which takes no memory here (work.ts).
 *
 *   download    the size is known at its end: few at the same time, within a common growth budget
 *   Storage     the size is known before: the read waits for memory
 *   afterwards  the recording waits for memory for its copies
 */

import type { Budget, GrowthBudget, Limiter } from '../_shared/limiter.ts'

/** Shared by all recordings of a worker. */
export interface AdmissionLimits {
  /** Recordings that are being downloaded, or are downloaded and wait for memory. */
  fetching: Limiter
  /** Bytes of recordings that are being downloaded. */
  growing: GrowthBudget
  /** Bytes of recordings that are being stored and checked, copies included. */
  memory: Budget
}

export interface Admission extends Disposable {
  /**
   * Downloads when a place is free, then waits for memory, which is held until disposal or the next call.
   * `fetch` awaits `growTo` before it holds so many bytes.
   */
  download<Bytes extends Uint8Array>(
    fetch: (growTo: (bytes: number) => Promise<void>) => Promise<Bytes>,
  ): Promise<Bytes>
  /** The same for an object in Storage, whose size is known. Null where there is no object. */
  read<Bytes extends Uint8Array>(
    size: () => Promise<number | null>,
    get: (size: number) => Promise<Bytes | null>,
  ): Promise<Bytes | null>
}

/** Copies of a recording while it is stored: its bytes, the body of the request, and the network's buffers. */
const COPIES = 3

export function createAdmission({ fetching, growing, memory }: AdmissionLimits): Admission {
  let held: Disposable | undefined
  const leave = () => {
    held?.[Symbol.dispose]()
    held = undefined
  }
  return {
    download: (fetch) =>
      fetching(async () => {
        // Given back first: a recording that holds memory must not wait for one that waits for memory.
        leave()
        using growth = growing.open()
        const bytes = await fetch((size) => growth.growTo(size))
        held = await memory.take(bytes.length * COPIES)
        return bytes
      }),
    async read(size, get) {
      leave()
      const bytes = await size()
      if (bytes === null) return null
      held = await memory.take(bytes * COPIES)
      return await get(bytes)
    },
    [Symbol.dispose]: leave,
  }
}
