/** One incident: what was reported, and its photos as they are processed. The rest of it is loaded after the first paint. */

import { h, reconcile, setText } from '../shared/dom.ts'
import { dateTime, day, plural } from '../shared/format.ts'
import { DocumentCard, type DocumentCardActions, type DocumentCardData } from './document-card.ts'
import { icon } from './icons.ts'
import { describe, toneOf } from './incident-list.ts'
import { failedJobs, summarise } from './incidents.ts'
import { type NoticeName, noticeFor, noticeOf } from './notices.ts'
import type { Incident } from './records.ts'
import type { DashboardState } from './store.ts'

export interface DetailData {
  state: DashboardState
  incident: Incident | null
  /** Of the photos. */
  cards: readonly DocumentCardData[]
}

/** Places for what is loaded later. */
export interface DetailSlots {
  /** Who else is there. */
  people: HTMLElement
  /** Adding files, under what is known of the incident. */
  uploads: HTMLElement
  /** Voice notes, attachments, reports: after the photos. */
  sections: HTMLElement
}

export interface IncidentDetail {
  element: HTMLElement
  slots: DetailSlots
  update(data: DetailData): void
}

export interface DetailActions extends DocumentCardActions {
  reload(): void
  retryAll(jobIds: readonly string[]): void
}

export function createIncidentDetail(actions: DetailActions): IncidentDetail {
  const slots: DetailSlots = {
    people: h('div', { class: 'people' }),
    uploads: h('div', { class: 'uploads' }),
    sections: h('div', {}, sectionSkeleton()),
  }
  const title = h('h1', { attrs: { tabindex: -1 } })
  const badge = h('span', { class: 'badge' })
  const facts = h('dl', { class: 'facts' })
  const description = h('p', { class: 'description' })
  const photoCount = h('span', { class: 'count' })
  const grid = h('ul', { class: 'cards' })
  const noPhotos = h('p', { class: 'section-empty' }, 'No photos yet.')
  const answers = h('dl', { class: 'answers' })
  const answersSection = h(
    'details',
    { class: 'disclosure' },
    h('summary', {}, 'Answers of the form'),
    answers,
  )
  const failedText = h('p', {})
  let failed: readonly string[] = []
  const retryAll = h(
    'button',
    {
      class: 'button button--small',
      attrs: { type: 'button' },
      on: { click: () => actions.retryAll(failed) },
    },
    icon('refresh'),
    'Retry all failed',
  )
  const failedBar = h(
    'div',
    { class: 'failed-bar', attrs: { hidden: true } },
    icon('alert'),
    failedText,
    retryAll,
  )
  const content = h(
    'article',
    { class: 'detail__content' },
    h('a', { class: 'back', attrs: { href: '#/' } }, icon('arrowLeft'), 'Incidents'),
    h(
      'header',
      { class: 'detail__head' },
      h('div', { class: 'detail__title' }, title, badge, slots.people),
      facts,
      description,
    ),
    slots.uploads,
    failedBar,
    h(
      'section',
      { attrs: { 'aria-label': 'Photos' } },
      h('div', { class: 'pane-head' }, h('h2', {}, 'Photos'), photoCount),
      grid,
      noPhotos,
    ),
    slots.sections,
    answersSection,
  )
  const notice = h('div', { class: 'notice' })
  const element = h('main', { class: 'detail', attrs: { id: 'main' } }, notice, content)
  const cards = new WeakMap<HTMLElement, DocumentCard>()
  let shownNotice = ''
  let shownFacts = ''

  function showNotice(name: NoticeName | ''): void {
    if (name === shownNotice) return
    shownNotice = name
    notice.replaceChildren(...(name === '' ? [] : noticeOf(name, actions.reload)))
  }

  function showFailed(incident: Incident, retrying: ReadonlySet<string>): void {
    failed = failedJobs(incident).map(({ id }) => id)
    // For one, the button beside its reason is enough.
    failedBar.hidden = failed.length < 2
    setText(failedText, `${plural(failed.length, 'piece')} of work failed`)
    const busy = failed.some((id) => retrying.has(id))
    retryAll.disabled = busy
    retryAll.classList.toggle('is-busy', busy)
  }

  return {
    element,
    slots,
    update({ state, incident, cards: cardData }) {
      content.hidden = incident === null
      notice.hidden = incident !== null
      showNotice(incident === null ? noticeFor(state) : '')
      if (incident === null) return

      const summary = summarise(incident)
      setText(title, incident.title)
      setText(badge, describe(summary, incident.documents.length))
      badge.dataset.tone = toneOf(summary)
      setText(description, incident.description ?? '')
      description.hidden = incident.description === null
      const factsKey = JSON.stringify([incident.id, incident.complete, incident.occurredOn])
      if (factsKey !== shownFacts) {
        shownFacts = factsKey
        facts.replaceChildren(...factsOf(incident))
        answers.replaceChildren(
          ...incident.answers.flatMap(({ question, value }) => [h('dt', {}, question), h('dd', {}, value)]),
        )
        answersSection.hidden = incident.answers.length === 0
      }
      showFailed(incident, state.retrying)
      setText(photoCount, String(cardData.length))
      noPhotos.hidden = cardData.length > 0
      reconcile(grid, cardData, {
        key: ({ document }) => document.id,
        create: (data) => {
          const card = new DocumentCard(data, actions)
          cards.set(card.element, card)
          return card.element
        },
        update: (cardElement, data) => cards.get(cardElement)?.update(data),
      })
    },
  }
}

function factsOf(incident: Incident): HTMLElement[] {
  const facts: [string, string][] = [['Reported', dateTime(incident.createdAt)]]
  if (incident.occurredOn !== null) facts.push(['Happened', day(incident.occurredOn)])
  if (incident.reporterEmail !== null) facts.push(['Reporter', incident.reporterEmail])
  return facts.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value)))
}

function sectionSkeleton(): HTMLElement {
  return h(
    'div',
    { class: 'section-skeleton', attrs: { 'aria-hidden': 'true' } },
    h('span', { class: 'skeleton skeleton--short' }),
    h('span', { class: 'skeleton skeleton--block' }),
  )
}
