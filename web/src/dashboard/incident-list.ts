/** The list of incidents, newest first. */

import { h, reconcile, setAttribute, setText } from '../shared/dom.ts'
import { plural, relativeTime } from '../shared/format.ts'
import { icon } from './icons.ts'
import { type Summary, summarise } from './incidents.ts'
import type { Incident } from './records.ts'
import type { DashboardState } from './store.ts'

export interface IncidentList {
  element: HTMLElement
  update(state: DashboardState, shownId: string | null, now: number): void
  /** It is what the page is about, as on a phone, or while nothing else is there. */
  setRole(role: { isMain: boolean; hasTitle: boolean }): void
}

export interface IncidentListActions {
  reload(): void
  loadMore(): void
}

export function createIncidentList({ reload, loadMore }: IncidentListActions): IncidentList {
  const count = h('span', { class: 'count' })
  const list = h('ul', { class: 'incidents' })
  const note = h('div', { class: 'list-note' })
  const more = h(
    'button',
    {
      class: 'button button--small list-more',
      attrs: { type: 'button', hidden: true },
      on: { click: loadMore },
    },
    'Show older',
  )
  const title = h('h2', { attrs: { tabindex: -1 } }, 'Incidents')
  const element = h(
    'div',
    { class: 'sidebar', attrs: { role: 'navigation', 'aria-label': 'Incidents' } },
    h('div', { class: 'pane-head' }, title, count),
    list,
    note,
    more,
  )
  // Older ones are read before somebody gets there.
  new IntersectionObserver((entries) => entries.some(({ isIntersecting }) => isIntersecting) && loadMore(), {
    rootMargin: '600px',
  }).observe(more)
  /** What each row shows: a row of which nothing has changed is left alone, so that thousands cost little. */
  const shown = new WeakMap<HTMLElement, Incident>()
  const marks = new WeakMap<HTMLElement, string>()
  let noted = ''
  /** What the list was drawn from. */
  let drawn: readonly unknown[] = []

  return {
    element,
    setRole({ isMain, hasTitle }) {
      setAttribute(element, 'role', isMain ? 'main' : 'navigation')
      setAttribute(title, 'aria-level', hasTitle ? 1 : null)
    },
    update(state, shownId, now) {
      const { phase, incidents } = state
      setText(count, phase === 'ready' ? `${incidents.length}${state.more === 'none' ? '' : '+'}` : '')
      element.setAttribute('aria-busy', String(phase === 'loading'))
      more.hidden = state.more === 'none'
      more.disabled = state.more === 'loading'
      setText(more, MORE_LABELS[state.more])
      const next = phase === 'ready' && incidents.length > 0 ? '' : phase
      if (next !== noted) {
        noted = next
        note.replaceChildren(...noteOf(next, reload))
      }
      const view = [incidents, shownId, state.fresh, Math.floor(now / TIMES_LAST)]
      const unchanged = view.every((part, index) => part === drawn[index])
      drawn = view
      if (unchanged) return
      reconcile(list, incidents, {
        key: ({ id }) => id,
        create: createRow,
        update: (row, incident) => {
          const current = incident.id === shownId
          const fresh = state.fresh.has(incident.id)
          const mark = `${current}${fresh}${Math.floor(now / TIMES_LAST)}`
          if (shown.get(row) === incident && marks.get(row) === mark) return
          shown.set(row, incident)
          marks.set(row, mark)
          updateRow(row, incident, { current, fresh, now })
        },
      })
    },
  }
}

/** Milliseconds for which relative times stay as they are: wording thousands of them takes its time. */
const TIMES_LAST = 30_000

const MORE_LABELS: Record<DashboardState['more'], string> = {
  none: '',
  there: 'Show older',
  loading: 'Loading older…',
  failed: 'Could not load. Try again',
}

function noteOf(phase: string, onRetry: () => void): Node[] {
  if (phase === 'loading') {
    return Array.from({ length: 5 }, () =>
      h(
        'div',
        { class: 'row-skeleton' },
        h('span', { class: 'skeleton' }),
        h('span', { class: 'skeleton skeleton--short' }),
      ),
    )
  }
  if (phase === 'failed') {
    return [
      h('p', {}, 'The incidents could not be loaded.'),
      h(
        'button',
        { class: 'button button--small', attrs: { type: 'button' }, on: { click: onRetry } },
        icon('refresh'),
        'Try again',
      ),
    ]
  }
  return phase === 'ready' ? [h('p', {}, 'Nothing reported yet.')] : []
}

function createRow({ id }: Incident): HTMLElement {
  return h(
    'li',
    {},
    h(
      'a',
      { class: 'row', attrs: { href: `#/incidents/${id}` } },
      h('span', { class: 'row__dot', attrs: { 'aria-hidden': 'true' } }),
      h('span', { class: 'row__title' }),
      h('span', { class: 'row__summary' }),
      h('time', { class: 'row__time' }),
      h('span', { class: 'row__bar', attrs: { 'aria-hidden': 'true' } }),
    ),
  )
}

interface RowState {
  current: boolean
  fresh: boolean
  now: number
}

function updateRow(row: HTMLElement, incident: Incident, { current, fresh, now }: RowState): void {
  const link = row.querySelector('a')
  const [title, time, summaryText, bar] = ['.row__title', '.row__time', '.row__summary', '.row__bar'].map(
    (selector) => row.querySelector<HTMLElement>(selector),
  )
  if (link === null || !title || !time || !summaryText || !bar) return
  const summary = summarise(incident)
  link.toggleAttribute('aria-current', current)
  if (current) link.setAttribute('aria-current', 'page')
  link.dataset.tone = toneOf(summary)
  link.classList.toggle('is-fresh', fresh)
  setText(title, incident.title)
  setText(time, relativeTime(incident.createdAt, now))
  time.setAttribute('datetime', incident.createdAt)
  setText(summaryText, describe(summary, incident.documents.length))
  bar.hidden = summary.open === 0
  bar.style.setProperty('--progress', String(summary.progress / 100))
}

export function toneOf(summary: Summary): 'busy' | 'failed' | 'done' {
  if (summary.open > 0) return 'busy'
  return summary.failed > 0 ? 'failed' : 'done'
}

export function describe(summary: Summary, documents: number): string {
  if (documents === 0) return 'No documents'
  if (summary.total === 0) return plural(documents, 'document')
  const failed = summary.failed === 0 ? '' : `, ${summary.failed} failed`
  return summary.open > 0
    ? `${summary.completed} of ${summary.total} ready${failed}`
    : `${plural(summary.completed, 'document')} ready${failed}`
}
