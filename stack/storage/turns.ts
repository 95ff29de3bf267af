/**
 * Work of one key runs one after the other, in the order of the calls. A transaction that would wait for a lock in the
 * database waits here instead, so that it holds no connection meanwhile.
 */

export class Turns {
  /** Key -> end of the last work that was asked for. Keys without work are removed. */
  readonly #ends = new Map<string, Promise<void>>()

  /** @throws what `work` throws. The failure of one work does not keep the next from its turn. */
  async take<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const { promise: end, resolve } = Promise.withResolvers<void>()
    const before = this.#ends.get(key)
    this.#ends.set(key, end)
    try {
      await before
      return await work()
    } finally {
      resolve()
      if (this.#ends.get(key) === end) this.#ends.delete(key)
    }
  }
}
