/** Lists, frames and icons for the toasts, which come without a framework. */

export interface Keyed<Item> {
  key: (item: Item) => string
  create: (item: Item) => HTMLElement
  update?: (element: HTMLElement, item: Item) => void
}

const KEYS = new WeakMap<Element, string>()

/**
 * Makes the children of `parent` match `items`. Elements of items that stay are kept. Elements of items that are gone are
 * removed first, because an element that moves past them would lose the focus.
 */
export function reconcile<Item>(parent: Element, items: readonly Item[], keyed: Keyed<Item>): void {
  const wanted = new Set(items.map(keyed.key))
  const existing = new Map<string, HTMLElement>()
  for (const child of [...parent.children]) {
    const key = KEYS.get(child)
    if (key === undefined) continue
    if (!wanted.has(key)) child.remove()
    else if (child instanceof HTMLElement) existing.set(key, child)
  }
  let before: Element | null = parent.firstElementChild
  for (const item of items) {
    const key = keyed.key(item)
    const element = existing.get(key) ?? keyed.create(item)
    KEYS.set(element, key)
    keyed.update?.(element, item)
    if (element === before) before = before.nextElementSibling
    else parent.insertBefore(element, before)
  }
}

/**
 * Runs `work` once before the next frame, after any number of requests. A hidden page paints no frames: there, `work`
 * runs in a later turn.
 */
export function oncePerFrame(work: () => void): { request(): void; cancel(): void } {
  let cancel: (() => void) | null = null
  const run = (): void => {
    cancel = null
    work()
  }
  return {
    request() {
      if (cancel !== null) return
      if (document.hidden) {
        const timer = setTimeout(run, 0)
        cancel = () => clearTimeout(timer)
      } else {
        const frame = requestAnimationFrame(run)
        cancel = () => cancelAnimationFrame(frame)
      }
    },
    cancel() {
      cancel?.()
      cancel = null
    },
  }
}

const SVG = 'http://www.w3.org/2000/svg'

/** A line icon from path data on a 16 by 16 grid. Decoration only: hidden from assistive technology. */
export function svgIcon(paths: readonly string[], className = 'icon'): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg')
  for (const [name, value] of Object.entries({
    class: className,
    viewBox: '0 0 16 16',
    fill: 'none',
    stroke: 'currentColor',
    'stroke-width': '1.5',
    'stroke-linecap': 'round',
    'stroke-linejoin': 'round',
    'aria-hidden': 'true',
    focusable: 'false',
  })) {
    svg.setAttribute(name, value)
  }
  for (const data of paths) {
    const path = document.createElementNS(SVG, 'path')
    path.setAttribute('d', data)
    svg.append(path)
  }
  return svg
}
