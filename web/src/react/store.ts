/** What `useSyncExternalStore` asks for: a value that keeps its identity until it changes. */

export interface Store<T> {
  subscribe(changed: () => void): () => void
  getSnapshot(): T
}

/**
 * A store that works only while somebody looks: `start` begins to feed it with the first subscriber, and what it returns
 * ends that with the last. So effects that run twice leave nothing behind.
 */
export function createStore<T>(
  initial: () => T,
  start: (set: (change: (value: T) => T) => void) => () => void,
): Store<T> {
  const listeners = new Set<() => void>()
  let value = initial()
  let stop: (() => void) | null = null

  function set(change: (value: T) => T): void {
    const next = change(value)
    if (Object.is(next, value)) return
    value = next
    for (const listener of [...listeners]) listener()
  }

  return {
    subscribe(changed) {
      // React may give the same function twice.
      const listener = (): void => changed()
      listeners.add(listener)
      if (stop === null) stop = start(set)
      return () => {
        listeners.delete(listener)
        if (listeners.size > 0) return
        stop?.()
        stop = null
      }
    },
    getSnapshot: () => value,
  }
}
