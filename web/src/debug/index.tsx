/** The debug panel; to be imported when it is asked for: `await import('./debug/index.tsx')`. */

import { signal } from '@preact/signals'
import { drawNow } from '../ui/frames.ts'
import { mount } from '../ui/mount.ts'
import { DebugPanel as Panel } from './debug-panel.tsx'
import { type DebugClient, DebugStore, type DebugSupabase } from './debug-store.ts'

export interface DebugPanelOptions {
  client: DebugClient
  supabase: DebugSupabase
  /** Default `document.body`. */
  parent?: HTMLElement
}

export interface DebugPanel {
  readonly isOpen: boolean
  toggle(): void
  destroy(): void
}

/** Frames are recorded from here on, also while the panel is closed. */
export function createDebugPanel({
  client,
  supabase,
  parent = document.body,
}: DebugPanelOptions): DebugPanel {
  const store = new DebugStore(client, supabase)
  const isOpen = signal(false)
  const place = document.createElement('div')
  let focusBefore: Element | null = null
  parent.append(place)

  /** Draws at once, so that the focus can move. */
  function setOpen(open: boolean): void {
    if (open) focusBefore = document.activeElement
    const hadFocus = place.contains(document.activeElement)
    drawNow(() => {
      isOpen.value = open
    })
    if (hadFocus && !open && focusBefore instanceof HTMLElement) focusBefore.focus()
  }

  const toggle = (): void => setOpen(!isOpen.value)
  const unmount = mount(<Panel store={store} isOpen={isOpen} close={toggle} />, place)

  return {
    get isOpen() {
      return isOpen.value
    },
    toggle,
    destroy() {
      unmount()
      store.close()
      place.remove()
    },
  }
}
