/** Swiping a toast away by finger or pen, towards the side of the screen where it stands. A mouse selects text. */

export interface SwipeOptions {
  element: HTMLElement
  /** Called after a swipe that was fast or far enough. */
  away(): void
  signal: AbortSignal
}

/** Pixels until a touch counts as a swipe rather than a tap. */
const SLOP = 8

/** A swipe over this part of the width, or at so many pixels per millisecond, dismisses the toast. */
const FAR = 0.4
const FAST = 0.35

export function swipeAway({ element, away, signal }: SwipeOptions): void {
  let start: { x: number; y: number; at: number; id: number } | null = null
  let swiping = false

  const outwards = (x: number): number => (getComputedStyle(element).direction === 'rtl' ? -x : x)

  function place(x: number): void {
    element.style.setProperty('--cw-swipe', `${x}px`)
    element.style.setProperty(
      '--cw-swipe-fade',
      String(Math.min(1, Math.abs(x) / (element.offsetWidth || 1))),
    )
  }

  function end(): void {
    start = null
    swiping = false
    element.classList.remove('is-swiping')
    place(0)
  }

  element.addEventListener(
    'pointerdown',
    ({ pointerType, isPrimary, clientX, clientY, pointerId, timeStamp }) => {
      if (pointerType === 'mouse' || !isPrimary) return
      start = { x: clientX, y: clientY, at: timeStamp, id: pointerId }
    },
    { signal },
  )
  element.addEventListener(
    'pointermove',
    (event) => {
      if (start === null || event.pointerId !== start.id) return
      const [x, y] = [event.clientX - start.x, event.clientY - start.y]
      if (!swiping) {
        if (Math.abs(y) > SLOP && Math.abs(y) > Math.abs(x)) start = null
        if (start === null || Math.abs(x) < SLOP) return
        swiping = true
        element.classList.add('is-swiping')
        element.setPointerCapture(event.pointerId)
      }
      // Away from the screen's side the toast follows by a sixth only.
      place(outwards(x) > 0 ? x : x / 6)
    },
    { signal },
  )
  element.addEventListener(
    'pointerup',
    (event) => {
      if (start === null || !swiping || event.pointerId !== start.id) {
        start = null
        return
      }
      const distance = outwards(event.clientX - start.x)
      const speed = distance / Math.max(1, event.timeStamp - start.at)
      const gone = distance > element.offsetWidth * FAR || (distance > SLOP * 3 && speed > FAST)
      if (gone) {
        start = null
        away()
      } else end()
    },
    { signal },
  )
  element.addEventListener('pointercancel', end, { signal })
}
