/** Animation of a change in the page, left out where the system setting asks for reduced motion. */

const DURATION = 240
const EASING = 'cubic-bezier(0.2, 0.9, 0.3, 1)'

export function motionAllowed(): boolean {
  return !document.hidden && !matchMedia('(prefers-reduced-motion: reduce)').matches
}

/** Makes the change. Elements that the change has moved glide from their old place; new elements animate by their style. */
export function moveSmoothly(elements: readonly HTMLElement[], change: () => void): void {
  if (!motionAllowed()) {
    change()
    return
  }
  const before = elements.map((element) => element.getBoundingClientRect())
  change()
  elements.forEach((element, index) => {
    const old = before[index]
    if (old === undefined || old.height === 0 || !element.isConnected) return
    const now = element.getBoundingClientRect()
    const [x, y] = [old.left - now.left, old.bottom - now.bottom]
    if (Math.abs(x) < 1 && Math.abs(y) < 1) return
    element.animate([{ translate: `${x}px ${y}px` }, { translate: '0px 0px' }], {
      duration: DURATION,
      easing: EASING,
    })
  })
}

/** The element's height has changed. The page below glides to its new place. @param before pixels of height. */
export function resizeFrom(element: HTMLElement, before: number): void {
  const after = element.getBoundingClientRect().height
  if (!motionAllowed() || Math.abs(before - after) < 1) return
  element.animate(
    [before, after].map((height) => ({ blockSize: `${height}px`, overflow: 'clip' })),
    { duration: DURATION, easing: EASING },
  )
}

/** Called before the element is removed. @returns fades a copy of the element in its old place; called after the removal. */
export function prepareFade(element: HTMLElement): () => void {
  const { parentElement, offsetLeft, offsetTop, offsetWidth, offsetHeight } = element
  if (parentElement === null || !motionAllowed()) return () => undefined
  return () => {
    const ghost = element.cloneNode(true)
    if (!(ghost instanceof HTMLElement)) return
    ghost.inert = true
    ghost.ariaHidden = 'true'
    for (const name of Object.keys(ghost.dataset)) if (name !== 'type') delete ghost.dataset[name]
    ghost.classList.add('is-leaving')
    Object.assign(ghost.style, {
      left: `${offsetLeft}px`,
      top: `${offsetTop}px`,
      width: `${offsetWidth}px`,
      height: `${offsetHeight}px`,
    })
    parentElement.append(ghost)
    const end = (): void => ghost.remove()
    const fade = ghost.animate([{}, { opacity: 0, scale: 0.96 }], { duration: 160, easing: 'ease-out' })
    fade.finished.then(end, end)
  }
}
