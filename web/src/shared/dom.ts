/** Builds elements from data. Text is always text: nothing in here interprets markup. */

export type Child = Node | string | null | false | undefined

export interface Props {
  class?: string
  /** Attributes; `true` sets an empty one, `false` and `null` leave it out. */
  attrs?: Readonly<Record<string, string | number | boolean | null>>
  on?: { readonly [Type in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[Type]) => void }
}

export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag)
  if (props.class !== undefined) element.className = props.class
  for (const [name, value] of Object.entries(props.attrs ?? {})) setAttribute(element, name, value)
  for (const [type, listener] of Object.entries(props.on ?? {})) {
    element.addEventListener(type, listener as EventListener)
  }
  element.append(...children.filter(isPresent))
  return element
}

export function setAttribute(element: Element, name: string, value: string | number | boolean | null): void {
  if (value === false || value === null) element.removeAttribute(name)
  else element.setAttribute(name, value === true ? '' : String(value))
}

/** Changes the text only when it differs, so that screen readers and selections are left alone. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

export interface Keyed<Item> {
  key: (item: Item) => string
  create: (item: Item) => HTMLElement
  update?: (element: HTMLElement, item: Item) => void
}

const KEYS = new WeakMap<Element, string>()

/**
 * Makes the children of `parent` match `items`, keeping the elements of items that stay. Those that go leave first: an
 * element that would have to move past them loses the focus.
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
 * Gathers calls into one: after any number of them, `work` runs once, before the next frame is painted. In a hidden
 * page, which paints none, it runs in a later turn.
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

/** A line icon from path data on a 16 by 16 grid; decoration only, hidden from assistive technology. */
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

function isPresent(child: Child): child is Node | string {
  return child !== null && child !== false && child !== undefined && child !== ''
}
