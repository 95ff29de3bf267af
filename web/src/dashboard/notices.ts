/** What stands in the place of an incident while there is none to show. */

import { h } from '../shared/dom.ts'
import { type IconName, icon } from './icons.ts'
import type { DashboardState } from './store.ts'

export type NoticeName = 'loading' | 'failed' | 'offline' | 'empty' | 'missing'

export function noticeFor({ phase, selectedId }: DashboardState): NoticeName {
  if (phase === 'failed') return navigator.onLine ? 'failed' : 'offline'
  if (phase === 'loading') return 'loading'
  return selectedId === null ? 'empty' : 'missing'
}

export function noticeOf(name: NoticeName, reload: () => void): Node[] {
  switch (name) {
    case 'loading':
      return [skeleton()]
    case 'failed':
      return message(
        'wifiOff',
        'The incidents could not be loaded',
        'The server did not answer. This page keeps trying.',
        tryAgain(reload),
      )
    case 'offline':
      return message(
        'wifiOff',
        'You are offline',
        'Nothing of an earlier visit is kept on this device. The incidents appear when the network is back.',
        tryAgain(reload),
      )
    case 'missing':
      return message(
        'alert',
        'There is no such incident',
        'It may have been deleted, or you are not a member of it.',
        h('a', { class: 'button', attrs: { href: '#/' } }, 'All incidents'),
      )
    case 'empty':
      return message(
        'inbox',
        'No incidents yet',
        'As soon as somebody sends in the form, the report appears here by itself.',
      )
  }
}

function tryAgain(reload: () => void): HTMLElement {
  return h(
    'button',
    { class: 'button', attrs: { type: 'button' }, on: { click: reload } },
    icon('refresh'),
    'Try again',
  )
}

function message(name: IconName, title: string, text: string, action?: HTMLElement): Node[] {
  return [
    h(
      'div',
      { class: 'empty' },
      h('span', { class: 'empty__icon' }, icon(name)),
      h('h1', {}, title),
      h('p', {}, text),
      action,
    ),
  ]
}

function skeleton(): HTMLElement {
  return h(
    'div',
    { class: 'detail-skeleton', attrs: { 'aria-label': 'Loading', role: 'status' } },
    h('span', { class: 'skeleton skeleton--title' }),
    h('span', { class: 'skeleton skeleton--line' }),
    h(
      'div',
      { class: 'cards' },
      ...Array.from({ length: 3 }, () =>
        h(
          'div',
          { class: 'card' },
          h('div', { class: 'card__media' }, h('span', { class: 'skeleton skeleton--fill' })),
          h(
            'div',
            { class: 'card__body' },
            h('span', { class: 'skeleton' }),
            h('span', { class: 'skeleton skeleton--short' }),
          ),
        ),
      ),
    ),
  )
}
