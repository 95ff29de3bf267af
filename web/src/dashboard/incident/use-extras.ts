/**
 * The parts of an incident's page that the first paint does without: people, uploads, voice notes, attachments, reports,
 * notes, timeline, live log. Loaded together as soon as there is an incident.
 */

import { useEffect, useState } from 'preact/hooks'
import { LazyModule } from '../../client/lazy-module.ts'
import type { Dashboard } from '../dashboard.ts'
import type { Extras } from './create-extras.ts'

export interface LoadedExtras {
  /** The components. */
  parts: typeof import('./extras.ts')
  /** What the components share. */
  state: Extras
}

const extrasModule = new LazyModule(() => import('./extras.ts'))

/** @returns null until the parts are loaded. */
export function useExtras(dashboard: Dashboard): LoadedExtras | null {
  const [loaded, setLoaded] = useState<LoadedExtras | null>(null)
  const isNeeded = dashboard.shown.value !== null || loaded !== null
  useEffect(() => {
    if (!isNeeded) return
    let state: Extras | null = null
    const stopWaiting = extrasModule.use((parts) => {
      state = parts.createExtras(dashboard)
      setLoaded({ parts, state })
    })
    return () => {
      stopWaiting()
      state?.close()
    }
  }, [dashboard, isNeeded])
  return loaded
}
