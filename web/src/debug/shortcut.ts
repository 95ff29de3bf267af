/** Alt+Shift+D or `?debug` in the address open the debug panel, and load its code when first used. */

import type { DebugPanel, DebugPanelOptions } from './index.tsx'

/** @returns removes the shortcut and the panel. */
export function offerDebugPanel(options: DebugPanelOptions): () => void {
  const stop = new AbortController()
  let panel: DebugPanel | null = null
  let loading = false

  async function toggle(): Promise<void> {
    if (panel !== null) {
      panel.toggle()
      return
    }
    if (loading) return
    loading = true
    try {
      const { createDebugPanel } = await import('./index.tsx')
      if (stop.signal.aborted) return
      panel = createDebugPanel(options)
      panel.toggle()
    } catch (cause) {
      console.warn('The debug panel could not be loaded.', cause)
    } finally {
      loading = false
    }
  }

  document.addEventListener(
    'keydown',
    (event) => {
      if (!event.altKey || !event.shiftKey || event.ctrlKey || event.metaKey || event.code !== 'KeyD') return
      event.preventDefault()
      void toggle()
    },
    { signal: stop.signal },
  )
  if (isAskedFor()) void toggle()

  return () => {
    stop.abort()
    panel?.destroy()
  }
}

/** `?debug` is in the address. */
export function isAskedFor(): boolean {
  return new URLSearchParams(location.search).has('debug')
}
