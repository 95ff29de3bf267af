/** The keys of the inbox, for whoever asks. */

import { h } from '../shared/dom.ts'

const KEYS: readonly [string, string][] = [
  ['j, k', 'next, previous'],
  ['Enter', 'open'],
  ['e', 'mark as read or unread'],
  ['Shift E', 'mark all as read'],
  ['Esc', 'close'],
]

export function createShortcutHelp(): { element: HTMLElement; toggle(): void } {
  const keys = h(
    'dl',
    { class: 'cw-inbox__keys', attrs: { hidden: true, id: 'cw-inbox-keys' } },
    ...KEYS.flatMap(([key, text]) => [
      h(
        'div',
        {},
        h('dt', {}, ...key.split(/(, | )/).map((part) => (/^\W/.test(part) ? part : h('kbd', {}, part)))),
        h('dd', {}, text),
      ),
    ]),
  )
  const button = h(
    'button',
    {
      class: 'cw-inbox__help',
      attrs: { type: 'button', 'aria-expanded': 'false', 'aria-controls': 'cw-inbox-keys' },
      on: { click: toggle },
    },
    'Keyboard shortcuts ',
    h('kbd', { attrs: { 'aria-hidden': 'true' } }, '?'),
  )

  function toggle(): void {
    keys.hidden = !keys.hidden
    button.setAttribute('aria-expanded', String(!keys.hidden))
  }

  return { element: h('div', { class: 'cw-inbox__foot' }, keys, button), toggle }
}
