/**
 * Stores and components. A store holds state, knows neither DOM nor framework, and tells its listeners of every change.
 * A component reads a store through a signal and is drawn again when the signal changes.
 *
 *   store ── subscribe ──▶ signal ── .value ──▶ component ── action ──▶ store
 */

import { type ReadonlySignal, signal } from '@preact/signals'

export interface Store<State> {
  /** Replaced, never changed in place. */
  readonly state: State
  /** @returns the way to stop listening. */
  subscribe(listener: () => void): () => void
}

/**
 * A signal with the store's state. It listens to the store while a component or an effect reads it, and is out of date
 * otherwise: code that is neither reads the store itself.
 */
export function signalOf<State>(store: Store<State>): ReadonlySignal<State> {
  let stop: (() => void) | null = null
  const follow = signal(store.state, {
    watched() {
      stop = store.subscribe(() => {
        follow.value = store.state
      })
      follow.value = store.state
    },
    unwatched() {
      stop?.()
    },
  })
  return follow
}

/** The same store, whose listeners are told at once after a rest, and then at most once in so many milliseconds. */
export function atMostEvery<State>(interval: number, store: Store<State>): Store<State> {
  return {
    get state() {
      return store.state
    },
    subscribe(listener) {
      let timer: ReturnType<typeof setTimeout> | undefined
      let hasChanged = false
      const tell = (): void => {
        hasChanged = false
        timer = setTimeout(() => {
          timer = undefined
          if (hasChanged) tell()
        }, interval)
        listener()
      }
      const stop = store.subscribe(() => {
        hasChanged = true
        if (timer === undefined) tell()
      })
      return () => {
        stop()
        clearTimeout(timer)
      }
    },
  }
}
