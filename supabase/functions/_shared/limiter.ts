/** What one worker does at once, by number and by size; the others wait their turn. Memory is the scarce thing. */

export type Limiter = <T>(task: () => Promise<T>) => Promise<T>

/** At most so many tasks at once. */
export function createLimiter(limit: number): Limiter {
  let running = 0
  const waiting: (() => void)[] = []
  return async (task) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      return await task()
    } finally {
      const next = waiting.shift()
      // The place is handed over, so that nobody can slip in between.
      if (next) next()
      else running -= 1
    }
  }
}

export interface Budget {
  /** Waits until there is room, in the order of asking; gives the room back when disposed of. */
  take(amount: number): Promise<Disposable>
}

/** At most so much at once, e.g. bytes. Who asks for more than there is in all gets all of it. */
export function createBudget(total: number): Budget {
  let left = total
  const waiting: { amount: number; start: () => void }[] = []
  const admit = () => {
    for (let next = waiting[0]; next !== undefined && next.amount <= left; next = waiting[0]) {
      waiting.shift()
      left -= next.amount
      next.start()
    }
  }
  return {
    async take(asked) {
      const amount = Math.min(asked, total)
      await new Promise<void>((start) => {
        waiting.push({ amount, start })
        admit()
      })
      let held = true
      return {
        [Symbol.dispose]() {
          if (held) left += amount
          held = false
          admit()
        },
      }
    },
  }
}

export interface Stretch {
  /** One that grows, e.g. a download in memory, until it is disposed of. */
  open(): Growth
}

export interface Growth extends Disposable {
  /** Waits until there is room to be so large. */
  growTo(amount: number): Promise<void>
}

/**
 * Things that grow, to `total` together. Nobody knows how large each will be; so that all of them do not wait for each
 * other, the oldest goes on whatever there is, and one that is smaller than `free` is not asked to wait.
 */
export function createStretch(total: number, free: number): Stretch {
  /** In the order of opening. */
  const sizes = new Map<symbol, number>()
  const waiting = new Map<symbol, () => void>()
  const mayGrow = (one: symbol): boolean => {
    const [oldest] = sizes.keys()
    const sum = [...sizes.values()].reduce((all, size) => all + size, 0)
    return one === oldest || sum <= total || (sizes.get(one) ?? 0) <= free
  }
  const admit = () => {
    for (const [one, goOn] of waiting) {
      if (!mayGrow(one)) continue
      waiting.delete(one)
      goOn()
    }
  }
  return {
    open() {
      const one = Symbol('growth')
      sizes.set(one, 0)
      return {
        async growTo(amount) {
          const before = sizes.get(one) ?? 0
          sizes.set(one, amount)
          if (mayGrow(one)) return
          // Only what it has counts for others while it waits.
          sizes.set(one, before)
          await new Promise<void>((goOn) => waiting.set(one, goOn))
          sizes.set(one, amount)
        },
        [Symbol.dispose]() {
          sizes.delete(one)
          waiting.delete(one)
          admit()
        },
      }
    },
  }
}
