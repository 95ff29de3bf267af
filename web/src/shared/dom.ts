/** Builds elements for pages without a framework: toasts and the connection indicator. Text stays text, never markup. */

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

function setAttribute(element: Element, name: string, value: string | number | boolean | null): void {
  if (value === false || value === null) element.removeAttribute(name)
  else element.setAttribute(name, value === true ? '' : String(value))
}

/** Changes the text only where it differs: screen readers repeat a text that is set again, and a selection is lost. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

function isPresent(child: Child): child is Node | string {
  return child !== null && child !== false && child !== undefined && child !== ''
}
