/** A section of the incident page: a heading with a count, an action, and a list that hides while it is empty. */

import { h, setText } from '../../shared/dom.ts'

export interface Section {
  element: HTMLElement
  list: HTMLElement
  /** @param count items; with none the section shows its empty text, or nothing at all. */
  count(count: number): void
}

export interface SectionOptions {
  title: string
  action?: HTMLElement
  /** Shown while there is nothing; without it the section is hidden then. */
  empty?: string
  list?: 'ul' | 'div'
  className?: string
}

export function createSection({
  title,
  action,
  empty,
  list: tag = 'ul',
  className = 'rows',
}: SectionOptions): Section {
  const count = h('span', { class: 'count' })
  const list = h(tag, { class: className })
  const note = empty === undefined ? null : h('p', { class: 'section-empty' }, empty)
  const element = h(
    'section',
    { attrs: { 'aria-label': title } },
    h(
      'div',
      { class: 'pane-head' },
      h('h2', {}, title),
      count,
      action === undefined ? null : h('div', { class: 'pane-head__action' }, action),
    ),
    list,
    note,
  )
  return {
    element,
    list,
    count(items) {
      setText(count, items === 0 ? '' : String(items))
      list.hidden = items === 0
      if (note !== null) note.hidden = items > 0
      element.hidden = items === 0 && note === null
    },
  }
}
