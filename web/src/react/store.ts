/** A store for `useSyncExternalStore`: its value keeps its identity until it changes. */

export interface Store<T> {
  subscribe(changed: () => void): () => void
  getSnapshot(): T
}

/**
 * A store that is active while it has subscribers: the first one calls `start`, the last one calls the function that `start`
 * returned. So effects that React runs twice leave no listener behind.
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
