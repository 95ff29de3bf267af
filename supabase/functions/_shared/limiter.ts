/** At most so many tasks at once in this worker; the others wait their turn. Memory is the scarce thing. */

export type Limiter = <T>(task: () => Promise<T>) => Promise<T>

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
