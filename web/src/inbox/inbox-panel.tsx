/**
 * The dialog that the bell opens. It leaves the page usable, and closes by Escape, by a click elsewhere, and when an item
 * is followed. On a phone it covers the page.
 */

import './base.css'
import './inbox-panel.css'
import { useSignal } from '@preact/signals'
import type { RefObject } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { placeBelow, showOnTop } from '../shared/place.ts'
import { Icon } from '../ui/icon.tsx'
import { INBOX_ICONS } from './icons.ts'
import { focusList, InboxList, type InboxListProps } from './inbox-list.tsx'
import { PreferencePanel } from './preference-panel.tsx'
import type { PreferenceSource } from './preferences.ts'

export interface InboxPanelProps extends Omit<InboxListProps, 'opened'> {
  /** The element that the panel stands below. */
  anchor: HTMLElement
  /** What the user wants of each kind of message; absent where the page does not offer it. */
  preferences?: PreferenceSource
  /** Closes the panel; a focus inside goes back to the bell. */
  close(): void
}

export function InboxPanel({ anchor, close, preferences, ...list }: InboxPanelProps) {
  const panel = useRef<HTMLElement>(null)
  const showsPreferences = useSignal(false)

  useLayoutEffect(() => {
    const { current } = panel
    if (current === null) return
    const place = (): void => placeBelow(current, anchor)
    showOnTop(current)
    place()
    focusList(current)
    window.addEventListener('resize', place)
    return () => window.removeEventListener('resize', place)
  }, [anchor])
  useClosing(panel, anchor, close)

  return (
    <section ref={panel} class="cw-inbox-panel" role="dialog" aria-label="Inbox">
      <div class="cw-inbox-panel__head">
        <h2>Inbox</h2>
        {preferences !== undefined && (
          <button
            type="button"
            class="cw-inbox-panel__preferences"
            aria-expanded={showsPreferences.value}
            onClick={() => {
              showsPreferences.value = !showsPreferences.value
            }}
          >
            What reaches you
          </button>
        )}
        <button type="button" class="cw-inbox-panel__close" aria-label="Close the inbox" onClick={close}>
          <Icon paths={INBOX_ICONS.close} class="cw-icon" />
        </button>
      </div>
      {preferences !== undefined && showsPreferences.value && <PreferencePanel source={preferences} />}
      <InboxList {...list} opened={close} />
    </section>
  )
}

function useClosing(panel: RefObject<HTMLElement | null>, anchor: HTMLElement, close: () => void): void {
  useEffect(() => {
    const stop = new AbortController()
    const belongs = (target: Element): boolean =>
      panel.current?.contains(target) === true || anchor.contains(target)
    document.addEventListener(
      'keydown',
      (event) => {
        if (event.key !== 'Escape' || event.defaultPrevented) return
        const { activeElement } = document
        if (activeElement !== null && activeElement !== document.body && !belongs(activeElement)) return
        event.preventDefault()
        close()
      },
      { signal: stop.signal },
    )
    document.addEventListener(
      'pointerdown',
      ({ target }) => {
        // Toasts lie above the panel and are about the same documents.
        if (target instanceof Element && !belongs(target) && target.closest('.cw-toasts') === null) close()
      },
      { signal: stop.signal },
    )
    return () => stop.abort()
  }, [panel, anchor, close])
}
