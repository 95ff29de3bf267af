/** Elements for the views that are not components yet: notes, uploads, lightbox. */

import { h, svgIcon } from '../shared/dom.ts'
import { ICONS } from './icons.ts'
import { EXTRA_ICONS } from './incident/extra-icons.ts'
import { hueOf, initials, type Person } from './incident/person.ts'

type ExtraIcon = keyof typeof EXTRA_ICONS

export function icon(name: keyof typeof ICONS): SVGSVGElement {
  return svgIcon(ICONS[name])
}

export function extraIcon(name: ExtraIcon): SVGSVGElement {
  return svgIcon(EXTRA_ICONS[name])
}

export function iconButton(
  name: ExtraIcon,
  label: string,
  onClick: () => void,
  className = '',
): HTMLButtonElement {
  return h(
    'button',
    {
      class: `icon-button ${className}`.trim(),
      attrs: { type: 'button', 'aria-label': label, title: label },
      on: { click: onClick },
    },
    extraIcon(name),
  )
}

export function smallButton(name: ExtraIcon, label: string, onClick: () => void): HTMLButtonElement {
  return h(
    'button',
    { class: 'button button--small', attrs: { type: 'button' }, on: { click: onClick } },
    extraIcon(name),
    h('span', {}, label),
  )
}

export function avatar({ userId, name }: Pick<Person, 'userId' | 'name'>): HTMLElement {
  const element = h('span', { class: 'avatar', attrs: { 'aria-hidden': 'true' } }, initials(name))
  element.style.setProperty('--hue', String(hueOf(userId)))
  return element
}
