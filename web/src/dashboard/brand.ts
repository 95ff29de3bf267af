/** Name and mark. */

import { h, svgIcon } from '../shared/dom.ts'

export function brand(className = ''): HTMLElement {
  return h(
    'span',
    { class: `brand ${className}`.trim() },
    h('span', { class: 'brand__mark' }, svgIcon(['M1.5 8.5h3l2-5 3 9 2-4h3'])),
    h('span', { class: 'brand__name' }, 'Claimwire'),
  )
}
