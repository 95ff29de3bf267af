/** What of the inbox is shown, and marking all of it. */

import type { JobMessageFamily } from '../../../functions-shared/message-types.ts'
import { KIND_CHOICES } from '../../../functions-shared/message-words.ts'
import { h, setText } from '../shared/dom.ts'
import { inboxIcon } from './icons.ts'
import type { NoticeFilter } from './source.ts'
import type { InboxState } from './store.ts'

export interface FilterBar {
  element: HTMLElement
  update(state: InboxState): void
}

/** Kinds of jobs by the names that people read; null for every kind. */
const KINDS: readonly (readonly [JobMessageFamily | null, string])[] = [[null, 'Every kind'], ...KIND_CHOICES]

export function createFilterBar(options: {
  changed: (filter: NoticeFilter) => void
  markAll: () => void
}): FilterBar {
  let filter: NoticeFilter = { unreadOnly: false, family: null }

  function change(part: Partial<NoticeFilter>): void {
    filter = { ...filter, ...part }
    options.changed(filter)
  }

  const tab = (text: string, unreadOnly: boolean) =>
    h(
      'button',
      { class: 'cw-inbox__tab', attrs: { type: 'button' }, on: { click: () => change({ unreadOnly }) } },
      text,
    )
  const all = tab('All', false)
  const unread = tab('Unread', true)
  const kind = h(
    'select',
    {
      class: 'cw-inbox__kind',
      attrs: { 'aria-label': 'Kind' },
      on: { change: () => change({ family: KINDS[kind.selectedIndex]?.[0] ?? null }) },
    },
    ...KINDS.map(([, text]) => h('option', {}, text)),
  )
  const markText = h('span', {})
  const mark = h(
    'button',
    { class: 'cw-inbox__mark-all', attrs: { type: 'button' }, on: { click: () => options.markAll() } },
    inboxIcon('checks'),
    markText,
  )
  const element = h(
    'div',
    { class: 'cw-inbox__filters' },
    h('div', { class: 'cw-inbox__tabs', attrs: { role: 'group', 'aria-label': 'Show' } }, all, unread),
    kind,
    mark,
  )

  return {
    element,
    update({ filter: shown, unreadCount, items }) {
      all.setAttribute('aria-pressed', String(!shown.unreadOnly))
      unread.setAttribute('aria-pressed', String(shown.unreadOnly))
      setText(markText, shown.family === null ? 'Mark all as read' : 'Mark these as read')
      const nothing = shown.family === null ? unreadCount === 0 : !items.some((item) => item.unread)
      mark.setAttribute('aria-disabled', String(nothing))
    },
  }
}
