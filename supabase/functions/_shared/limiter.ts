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
