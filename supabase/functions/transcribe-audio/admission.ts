/**
 * Keeps a worker within its memory, from the first byte of a recording until it is kept and checked; sending it to the
 * service needs none, see work.ts.
 *
 *   a download    how large it is, is known when it is there: a few at once, which together grow to so much
 *   from Storage  how large it is, is known before
 *   then          each goes on when there is room for all that is made of it; small ones do not wait for each other
 */

import type { Budget, Limiter, Stretch } from '../_shared/limiter.ts'

export interface Means {
  /** Recordings that are being downloaded, or wait for room. */
  fetching: Limiter
  /** Bytes of those, together. */
  growing: Stretch
  /** Bytes of those that are being worked on. */
  memory: Budget
}

export interface Admission extends Disposable {
  /**
   * Downloads when it is its turn and waits until there is room for what came; until disposal, or the next one.
   * `growTo` is to be awaited before so many bytes are held.
   */
  download<Bytes extends Uint8Array>(
    fetch: (growTo: (bytes: number) => Promise<void>) => Promise<Bytes>,
  ): Promise<Bytes>
  /** The same for what is in Storage and has a size. */
  read<Bytes extends Uint8Array>(
    size: () => Promise<number | null>,
    get: (size: number) => Promise<Bytes | null>,
  ): Promise<Bytes | null>
}

/** A recording is held itself, while it is stored as the body of a request, and by the network below that. */
const COPIES = 3

export function createAdmission({ fetching, growing, memory }: Means): Admission {
  let held: Disposable | undefined
  const leave = () => {
    held?.[Symbol.dispose]()
    held = undefined
  }
  return {
    download: (fetch) =>
      fetching(async () => {
        // Before it waits: whoever has room must not wait for somebody who waits for room.
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
