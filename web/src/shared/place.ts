/** Places a panel below its button, on the side of the button that faces the middle of the page. */

/** Sets `--cw-top`, `--cw-left`, `--cw-right` and `--cw-height`, in pixels, for a panel of `position: fixed`. */
export function placeBelow(panel: HTMLElement, anchor: Element, gap = 8): void {
  const { bottom, left, right } = anchor.getBoundingClientRect()
  const { clientWidth, clientHeight } = document.documentElement
  const onTheLeft = left + right < clientWidth
  const top = Math.round(bottom + gap)
  const values = {
    '--cw-top': `${top}px`,
    '--cw-left': onTheLeft ? `${Math.max(gap, Math.round(left))}px` : 'auto',
    '--cw-right': onTheLeft ? 'auto' : `${Math.max(gap, Math.round(clientWidth - right))}px`,
    '--cw-height': `${Math.max(120, clientHeight - top - gap)}px`,
  }
  for (const [name, value] of Object.entries(values)) panel.style.setProperty(name, value)
}

/** Shows a panel above all else where the browser has a top layer; elsewhere its z-index decides. */
export function showOnTop(panel: HTMLElement): void {
  if (typeof panel.showPopover !== 'function') return
  panel.popover = 'manual'
  panel.showPopover()
}
