/**
 * When components are drawn: once before the next frame, after any number of changes. A hidden page paints no frames; its
 * components are drawn in a later turn.
 */

import { options } from 'preact'

type Schedule = NonNullable<typeof options.debounceRendering>

const beforeNextFrame: Schedule = (draw) => {
  if (document.hidden) setTimeout(draw)
  else requestAnimationFrame(draw)
}

const atOnce: Schedule = (draw) => draw()

/** Called before anything is mounted. */
export function drawOncePerFrame(): void {
  options.debounceRendering = beforeNextFrame
}

/** Makes the change and draws it before this function returns: for code that measures or focuses what was drawn. */
export function drawNow(change: () => void): void {
  options.debounceRendering = atOnce
  try {
    change()
  } finally {
    options.debounceRendering = beforeNextFrame
  }
}
