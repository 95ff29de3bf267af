/** How much one worker does at the same time: tasks by number, and memory by bytes. Further tasks wait their turn. */

/** @param alone no other task at the same time. Default false. */
export type Limiter = <T>(task: () => Promise<T>, alone?: boolean) => Promise<T>

/** At most `limit` tasks at the same time; the others wait in the order of their calls. */
export function createLimiter(limit: number): Limiter {
  const places = createBudget(limit)
  return async (task, alone = false) => {
    using _place = await places.take(alone ? limit : 1)
    return await task()
  }
}

export interface Budget {
  /** Waits until `amount` is free, in the order of the calls. Disposing gives the amount back. */
  take(amount: number): Promise<Disposable>
}

/** At most `total` taken at the same time, e.g. bytes. A call for more than `total` takes all of it. */
export function createBudget(total: number): Budget {
  let free = total
  const waiting: { amount: number; start: () => void }[] = []
  const startWaiting = () => {
    // The first in the queue is never overtaken, so that a large amount does not wait for ever.
    for (let next = waiting[0]; next !== undefined && next.amount <= free; next = waiting[0]) {
      waiting.shift()
      free -= next.amount
      next.start()
    }
  }
  return {
    async take(asked) {
      const amount = Math.min(asked, total)
      await new Promise<void>((start) => {
        waiting.push({ amount, start })
        startWaiting()
      })
      let held = true
      return {
        [Symbol.dispose]() {
          if (held) free += amount
          held = false
          startWaiting()
        },
      }
    },
  }
}

export interface GrowthBudget {
  /** Registers something that grows, e.g. a download in memory, until it is disposed of. */
  open(): Growth
}

export interface Growth extends Disposable {
  /** Waits until the budget has room for this size. */
  growTo(size: number): Promise<void>
}

/**
 * A budget for things whose final size is unknown. Together they grow to `total`. The one that was opened first grows
 * without waiting, so that they never all wait for each other; a size up to `small` does not wait either.
 */
export function createGrowthBudget(total: number, small: number): GrowthBudget {
  /** Current sizes, in the order of opening. */
  const sizes = new Map<symbol, number>()
  const waiting = new Map<symbol, () => void>()
  const mayGrow = (id: symbol): boolean => {
    const [oldest] = sizes.keys()
    const sum = [...sizes.values()].reduce((all, size) => all + size, 0)
    return id === oldest || sum <= total || (sizes.get(id) ?? 0) <= small
  }
  const startWaiting = () => {
    for (const [id, start] of waiting) {
      if (!mayGrow(id)) continue
      waiting.delete(id)
      start()
    }
  }
  return {
    open() {
      const id = Symbol('growth')
      sizes.set(id, 0)
      return {
        async growTo(size) {
          const before = sizes.get(id) ?? 0
          sizes.set(id, size)
          if (mayGrow(id)) return
          // While it waits, its present size counts for the others.
          sizes.set(id, before)
          await new Promise<void>((start) => waiting.set(id, start))
          sizes.set(id, size)
        },
        [Symbol.dispose]() {
          sizes.delete(id)
          waiting.delete(id)
          startWaiting()
        },
      }
    },
  }
}
