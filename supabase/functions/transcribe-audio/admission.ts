/**
 * Keeps a worker within its memory. How large a recording is, is known when it is there; so few are fetched at once,
 * and each goes on, to be stored and sent, when there is room for it. Small ones need not wait for each other.
 */

import type { Budget, Limiter } from '../_shared/limiter.ts'

export interface Means {
  /** Recordings that are being fetched, or wait for room. */
  fetching: Limiter
  /** Bytes of those that are being worked on. */
  memory: Budget
}

export interface Admission extends Disposable {
  /** Fetches bytes when it is their turn and waits until there is room for them; until disposal, or the next ones. */
  load<Bytes extends Uint8Array | null>(fetch: () => Promise<Bytes>): Promise<Bytes>
}

/** A recording is held itself, while it is stored or sent as the body of a request, and by the network below that. */
const COPIES = 3

export function createAdmission({ fetching, memory }: Means): Admission {
  let room: Disposable | undefined
  const leave = () => {
    room?.[Symbol.dispose]()
    room = undefined
  }
  return {
    load: (fetch) =>
      fetching(async () => {
        const bytes = await fetch()
        leave()
        if (bytes !== null) room = await memory.take(bytes.length * COPIES)
        return bytes
      }),
    [Symbol.dispose]: leave,
  }
}
