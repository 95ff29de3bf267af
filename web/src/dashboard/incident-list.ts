/** The list of incidents, newest first. Of thousands, those are drawn that are on the screen or near it. */

import { h, oncePerFrame, reconcile, setAttribute, setText } from '../shared/dom.ts'
import { plural, relativeTime } from '../shared/format.ts'
import { icon } from './icons.ts'
import { type Summary, summarise } from './incidents.ts'
import { windowOf } from './list-window.ts'
import type { Incident } from './records.ts'
import type { DashboardState } from './store.ts'

export interface IncidentList {
  element: HTMLElement
  update(state: DashboardState, shownId: string | null, now: number): void
  /** It is what the page is about, as on a phone, or while nothing else is there. */
  setRole(role: { isMain: boolean; hasTitle: boolean }): void
  destroy(): void
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
  /** What each row shows: a row of which nothing has changed is left alone. */
  const shown = new WeakMap<HTMLElement, string>()
  const incidentOf = new WeakMap<HTMLElement, Incident>()
  const heights = new Map<string, number>()
  /** Of the list when they were measured. */
  let width = 0
  /** Those that have been seen to arrive: it is not shown again when somebody scrolls back to them. */
  const arrived = new Set<string>()
  let noted = ''
  /** What the list was drawn from, and which rows of it. */
  let drawn: readonly unknown[] = []
  let data: ListData = { incidents: [], shownId: null, fresh: new Set(), isWhole: true, now: 0 }

  const frame = oncePerFrame(() => draw())
  const stop = new AbortController()
  // The pane scrolls, or on a phone the page: both pass through here.
  document.addEventListener('scroll', frame.request, { capture: true, passive: true, signal: stop.signal })
  // At once: the next Tab may come before the next frame.
  list.addEventListener('focusin', () => draw())
  const resized = new ResizeObserver(frame.request)
  resized.observe(element)

  function draw(): void {
    measure()
    const { incidents, shownId, fresh, isWhole, now } = data
    const focused = list.contains(document.activeElement)
      ? document.activeElement?.closest<HTMLElement>('li')
      : null
    const keep = focused == null ? -1 : incidents.findIndex(({ id }) => id === incidentOf.get(focused)?.id)
    const rows = incidents.map(({ id }) => heights.get(id) ?? ROW)
    const { first, end, before, after } = windowOf(rows, band(), keep < 0 ? null : keep)
    const view = [incidents, shownId, fresh, isWhole, Math.floor(now / TIMES_LAST), first, end, before, after]
    const unchanged = view.every((part, index) => part === drawn[index])
    drawn = view
    if (unchanged) return
    list.style.setProperty('--before', `${before}px`)
    list.style.setProperty('--after', `${after}px`)
    let place = first
    reconcile(list, incidents.slice(first, end), {
      key: ({ id }) => id,
      create: createRow,
      update: (row, incident) => {
        place += 1
        const current = incident.id === shownId
        const isNew = fresh.has(incident.id) && !arrived.has(incident.id)
        if (isNew) arrived.add(incident.id)
        const mark = `${current} ${isWhole ? incidents.length : -1} ${place} ${Math.floor(now / TIMES_LAST)}`
        if (incidentOf.get(row) === incident && shown.get(row) === mark) return
        incidentOf.set(row, incident)
        shown.set(row, mark)
        // What is not drawn counts as well.
        setAttribute(row, 'aria-setsize', isWhole ? incidents.length : -1)
        setAttribute(row, 'aria-posinset', place)
        updateRow(row, incident, { current, isNew, now })
      },
    })
  }

  /** Pixels from the list's beginning that are to be drawn. */
  function band(): { from: number; to: number } {
    const pane = element.getBoundingClientRect()
    // Not on the screen: what it will begin with.
    if (pane.height === 0) return { from: 0, to: 2 * BESIDE }
    const { top } = list.getBoundingClientRect()
    return {
      from: Math.max(pane.top, 0) - top - BESIDE,
      to: Math.min(pane.bottom, innerHeight) - top + BESIDE,
    }
  }

  /** As they are drawn, before some of them go. */
  function measure(): void {
    if (list.clientWidth === 0) return
    // In another width every title takes other lines.
    if (list.clientWidth !== width) heights.clear()
    width = list.clientWidth
    for (const row of list.children) {
      const incident = row instanceof HTMLElement ? incidentOf.get(row) : undefined
      if (incident !== undefined) heights.set(incident.id, row.getBoundingClientRect().height)
    }
  }

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
      data = { incidents, shownId, fresh: state.fresh, isWhole: state.more === 'none', now }
      draw()
    },
    destroy() {
      stop.abort()
      resized.disconnect()
      frame.cancel()
    },
  }
}

interface ListData {
  incidents: readonly Incident[]
  shownId: string | null
  fresh: ReadonlySet<string>
  /** There are none beyond these. */
  isWhole: boolean
  now: number
}

/** Pixels of a row that has not been drawn yet. */
const ROW = 60

/** Pixels beyond the screen in which rows are drawn: as many as are passed between two frames, and by a few Tabs. */
const BESIDE = 800

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
  isNew: boolean
  now: number
}

function updateRow(row: HTMLElement, incident: Incident, { current, isNew, now }: RowState): void {
  const link = row.querySelector('a')
  const [title, time, summaryText, bar] = ['.row__title', '.row__time', '.row__summary', '.row__bar'].map(
    (selector) => row.querySelector<HTMLElement>(selector),
  )
  if (link === null || !title || !time || !summaryText || !bar) return
  const summary = summarise(incident)
  link.toggleAttribute('aria-current', current)
  if (current) link.setAttribute('aria-current', 'page')
  link.dataset.tone = toneOf(summary)
  if (isNew) link.classList.add('is-fresh')
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
