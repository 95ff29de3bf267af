/**
 * One request at a time works on an upload. A request that waits asks the request that holds the lock to end: the connection
 * of a client that was cut off may look alive for a long time, while the client has come back to go on.
 *
 * Own code rather than the library's locker: see docs/adr/0007-own-code.md.
 */

import type { Lock, Locker, RequestRelease } from '@tus/server'

interface Holder {
  requestRelease: RequestRelease
  ended: Promise<void>
}

export class UploadLocks implements Locker {
  readonly #holders = new Map<string, Holder>()

  newLock(id: string): Lock {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    return {
      lock: async (_signal, requestRelease) => {
        for (let holder = this.#holders.get(id); holder !== undefined; holder = this.#holders.get(id)) {
          await holder.requestRelease()
          await holder.ended
        }
        this.#holders.set(id, { requestRelease, ended })
      },
      unlock: async () => {
        this.#holders.delete(id)
        end()
      },
    }
  }
}
