/** One incident: what was reported, and its documents as they are processed. */

import { h, reconcile, setText } from '../shared/dom.ts'
import { dateTime, day } from '../shared/format.ts'
import { DocumentCard, type DocumentCardActions, type DocumentCardData } from './document-card.ts'
import { type IconName, icon } from './icons.ts'
import { describe, toneOf } from './incident-list.ts'
import type { Incident } from './incidents.ts'
import { summarise } from './incidents.ts'
import type { DashboardState } from './store.ts'

export interface DetailData {
  state: DashboardState
  incident: Incident | null
  cards: readonly DocumentCardData[]
}

export interface IncidentDetail {
  element: HTMLElement
  update(data: DetailData): void
}

export interface DetailActions extends DocumentCardActions {
  reload(): void
}

export function createIncidentDetail(actions: DetailActions): IncidentDetail {
  const title = h('h1', { attrs: { tabindex: -1 } })
  const badge = h('span', { class: 'badge' })
  const facts = h('dl', { class: 'facts' })
  const description = h('p', { class: 'description' })
  const documentCount = h('span', { class: 'count' })
  const grid = h('ul', { class: 'cards' })
  const answers = h('dl', { class: 'answers' })
  const answersSection = h(
    'details',
    { class: 'disclosure' },
    h('summary', {}, 'Answers of the form'),
    answers,
  )
  const content = h(
    'article',
    { class: 'detail__content' },
    h('a', { class: 'back', attrs: { href: '#/' } }, icon('arrowLeft'), 'Incidents'),
    h(
      'header',
      { class: 'detail__head' },
      h('div', { class: 'detail__title' }, title, badge),
      facts,
      description,
    ),
    h('section', {}, h('div', { class: 'pane-head' }, h('h2', {}, 'Documents'), documentCount), grid),
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
    notice.replaceChildren(...(name === '' ? [] : noticeOf(name, actions)))
  }

  return {
    element,
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
      const factsKey = JSON.stringify([incident.id, incident.occurredOn, incident.reporterEmail])
      if (factsKey !== shownFacts) {
        shownFacts = factsKey
        facts.replaceChildren(...factsOf(incident))
        answers.replaceChildren(
          ...incident.answers.flatMap(({ question, value }) => [h('dt', {}, question), h('dd', {}, value)]),
        )
        answersSection.hidden = incident.answers.length === 0
      }
      setText(documentCount, String(incident.documents.length))
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

type NoticeName = 'loading' | 'failed' | 'empty' | 'missing'

function noticeFor({ phase, selectedId }: DashboardState): NoticeName {
  if (phase !== 'ready') return phase
  return selectedId === null ? 'empty' : 'missing'
}

function noticeOf(name: NoticeName, actions: DetailActions): Node[] {
  if (name === 'loading') {
    return [
      h(
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
      ),
    ]
  }
  if (name === 'failed') {
    return message(
      'wifiOff',
      'The incidents could not be loaded',
      'The server did not answer. This page keeps trying.',
      h(
        'button',
        { class: 'button', attrs: { type: 'button' }, on: { click: () => actions.reload() } },
        icon('refresh'),
        'Try again',
      ),
    )
  }
  if (name === 'missing') {
    return message(
      'alert',
      'There is no such incident',
      'It may have been deleted, or you are not a member of it.',
      h('a', { class: 'button', attrs: { href: '#/' } }, 'All incidents'),
    )
  }
  return message(
    'inbox',
    'No incidents yet',
    'As soon as somebody sends in the form, the report appears here by itself.',
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

function factsOf(incident: Incident): HTMLElement[] {
  const facts: [string, string][] = [['Reported', dateTime(incident.createdAt)]]
  if (incident.occurredOn !== null) facts.push(['Happened', day(incident.occurredOn)])
  if (incident.reporterEmail !== null) facts.push(['Reporter', incident.reporterEmail])
  return facts.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value)))
}
