/**
 * Keeps an element above all others: in the browser's top layer with the popover API, else with a large z-index. A modal
 * dialog makes all elements outside it inert, so the element moves into the dialog while one is open.
 */

export interface TopLayer {
  /** Call before showing content: of the top layer, the element that opened last is above the others. */
  raise(): void
  destroy(): void
}

export function keepOnTop(element: HTMLElement, home: HTMLElement): TopLayer {
  const stop = new AbortController()
  const hasPopover = typeof element.showPopover === 'function'
  if (hasPopover) element.popover = 'manual'

  function show(): void {
    if (hasPopover && element.isConnected) element.showPopover()
  }

  function host(): HTMLElement {
    const modals = document.querySelectorAll<HTMLElement>('dialog:modal')
    return modals.item(modals.length - 1) ?? home
  }

  function raise(): void {
    const target = host()
    if (element.parentElement === target && (!hasPopover || (element.matches(':popover-open') && !covered())))
      return
    // Moving or hiding the element drops the focus.
    const focused = element.contains(document.activeElement) ? document.activeElement : null
    if (element.parentElement !== target) target.append(element)
    else element.hidePopover()
    show()
    if (focused instanceof HTMLElement) focused.focus()
  }

  let opened = false
  /** Whether another element has entered the top layer since the last call. */
  function covered(): boolean {
    const since = opened
    opened = false
    return since
  }

  // Neither event bubbles; both pass through the document on their way down.
  const options = { capture: true, signal: stop.signal }
  document.addEventListener(
    'toggle',
    (event) => {
      const { target } = event
      if (!hasPopover || target === element || !(target instanceof HTMLElement)) return
      if (!target.matches(':popover-open, dialog[open]')) return
      opened = true
      raise()
    },
    options,
  )
  // In a turn of its own: the dialog is still modal while it closes.
  document.addEventListener('close', () => setTimeout(raise, 0), options)

  home.append(element)
  show()
  return {
    raise,
    destroy() {
      stop.abort()
      element.remove()
    },
  }
}
