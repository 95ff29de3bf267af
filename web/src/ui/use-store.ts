/** A store's state in a component. */

import { useMemo } from 'preact/hooks'
import { type Store, signalOf } from './store.ts'

/** @returns the state. The component is drawn again with every change. */
export function useStore<State>(store: Store<State>): State {
  return useMemo(() => signalOf(store), [store]).value
}
