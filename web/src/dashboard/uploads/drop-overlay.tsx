/** Files can be dropped anywhere on the page. While they are dragged over it, the page says where they will go. */

import './drop-overlay.css'
import { useEffect, useState } from 'preact/hooks'
import { Icon } from '../../ui/icon.tsx'
import { EXTRA_ICONS } from '../incident/extra-icons.ts'

export interface DropOverlayProps {
  /** Of the incident. */
  title: string
  add: (files: Iterable<File>) => void
}

export function DropOverlay({ title, add }: DropOverlayProps) {
  const [isShown, setShown] = useState(false)

  useEffect(() => {
    const stop = new AbortController()
    // A drag that enters an element has not left its parent: the count tells whether the page is still under the pointer.
    let entered = 0
    const listen = (
      type: 'dragenter' | 'dragleave' | 'dragover' | 'drop',
      react: (event: DragEvent) => void,
    ) =>
      document.addEventListener(
        type,
        (event) => {
          if (event.dataTransfer?.types.includes('Files') !== true) return
          react(event)
          setShown(entered > 0)
        },
        { signal: stop.signal },
      )
    listen('dragenter', () => {
      entered += 1
    })
    listen('dragleave', () => {
      entered -= 1
    })
    listen('dragover', (event) => event.preventDefault())
    listen('drop', (event) => {
      event.preventDefault()
      entered = 0
      add(event.dataTransfer?.files ?? [])
    })
    return () => stop.abort()
  }, [add])

  return (
    <div class="drop-overlay" hidden={!isShown} aria-hidden="true">
      <div class="drop-overlay__card">
        <Icon paths={EXTRA_ICONS.upload} />
        <p class="drop-overlay__title">{`Drop to add to “${title}”`}</p>
      </div>
    </div>
  )
}
