/** Code in a file of its own, loaded when the component that needs it is first drawn. */

import { useEffect, useState } from 'preact/hooks'
import type { LazyModule } from '../client/lazy-module.ts'

/** @returns the module; null while it is loading. A load that failed is tried again as long as the component is there. */
export function useLazy<Module>(lazy: LazyModule<Module>): Module | null {
  const [loaded, setLoaded] = useState<Module | null>(null)
  useEffect(() => lazy.use((module) => setLoaded(() => module)), [lazy])
  return loaded
}
