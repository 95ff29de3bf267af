/** A photo as large as the screen allows, with buttons and swiping to the photos before and after it. */

import './photo-stage.css'
import { useRef, useState } from 'preact/hooks'
import { IconButton } from '../../ui/icon-button.tsx'
import { EXTRA_ICONS } from '../incident/extra-icons.ts'

export interface PhotoStageProps {
  name: string
  /** Where the preview is stored; null where the photo has none. */
  path: string | null
  /** A signed URL of the preview; null until it has been signed. */
  url: string | null
  /** Null at the first and at the last photo. */
  previous: (() => void) | null
  next: (() => void) | null
  close: () => void
}

/** Pixels that a finger has to move sideways. */
const SWIPE = 48

export function PhotoStage({ name, path, url, previous, next, close }: PhotoStageProps) {
  const start = useRef<{ x: number; y: number } | null>(null)

  function endSwipe({ clientX, clientY }: PointerEvent): void {
    if (start.current === null) return
    const [dx, dy] = [clientX - start.current.x, clientY - start.current.y]
    start.current = null
    if (Math.abs(dx) < SWIPE || Math.abs(dx) <= Math.abs(dy)) return
    if (dx > 0) previous?.()
    else next?.()
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the buttons and keys of the dialog do the same
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape does the same
    <div
      class="lightbox__stage"
      onPointerDown={({ clientX, clientY }) => {
        start.current = { x: clientX, y: clientY }
      }}
      onPointerUp={endSwipe}
      onClick={({ target, currentTarget }) => {
        if (target === currentTarget) close()
      }}
    >
      {path === null ? (
        <p class="lightbox__none">There is no preview of this photo. The original can be downloaded.</p>
      ) : (
        <Preview key={path} name={name} url={url} />
      )}
      {previous !== null && (
        <IconButton
          class="lightbox__previous"
          icon={EXTRA_ICONS.chevronLeft}
          label="Previous photo"
          onClick={previous}
        />
      )}
      {next !== null && (
        <IconButton
          class="lightbox__next"
          icon={EXTRA_ICONS.chevronRight}
          label="Next photo"
          onClick={next}
        />
      )}
    </div>
  )
}

function Preview({ name, url }: { name: string; url: string | null }) {
  // The first URL stays: one that was signed again leads to the same picture.
  const first = useRef(url)
  first.current ??= url
  const [isLoaded, setLoaded] = useState(false)
  return (
    <>
      <img
        class={isLoaded ? 'lightbox__image is-loaded' : 'lightbox__image'}
        src={first.current ?? undefined}
        alt={name}
        draggable={false}
        onLoad={() => setLoaded(true)}
      />
      {!isLoaded && <span class="lightbox__busy" role="status" aria-label="Loading" />}
    </>
  )
}
