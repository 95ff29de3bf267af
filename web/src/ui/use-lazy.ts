/** Code in a file of its own, loaded when the component that needs it is first drawn. */

import { useEffect, useRef, useState } from 'preact/hooks'
import type { LazyModule } from '../client/lazy-module.ts'

/**
 * @param failed told of each attempt that fails.
 * @returns the module; null while it is loading. A load that failed is tried again as long as the component is there.
 */
export function useLazy<Module>(lazy: LazyModule<Module>, failed?: () => void): Module | null {
  const [loaded, setLoaded] = useState<Module | null>(null)
  const onFail = useRef(failed)
  onFail.current = failed
  useEffect(
    () =>
      lazy.use(
        (module) => setLoaded(() => module),
        () => onFail.current?.(),
      ),
    [lazy],
  )
  return loaded
}
