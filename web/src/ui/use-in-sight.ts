/** Loads more of a list before its end is reached. */

import type { RefObject } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

/** Pixels beyond the pane at which the element counts as in sight. */
const MARGIN = '400px'

/**
 * Calls back while the element is in or near the pane: when it comes there, and after each draw that leaves it there.
 *
 * @returns the ref of the element.
 */
export function useInSight(
  pane: RefObject<Element | null>,
  inSight: () => void,
): RefObject<HTMLButtonElement | null> {
  const element = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (element.current === null) return
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) inSight()
      },
      { root: pane.current, rootMargin: MARGIN },
    )
    observer.observe(element.current)
    return () => observer.disconnect()
  })
  return element
}
