/** The log of live events: what arrived, when, and how fast. */

import type { JobMessage } from '../../../functions-shared/message-types.ts'
import type { ClientState, Delivery, StateEvent } from '../client/index.ts'
import { h, reconcile } from '../shared/dom.ts'
import { clockTime, sentence } from './format.ts'

export interface ActivityEntry {
  key: string
  at: string
  tone: 'done' | 'failed' | 'busy' | 'neutral'
  title: string
  detail: string
  /** Milliseconds from the change to this page; null where that says nothing. */
  delayMs: number | null
  count: number
}

export interface Activity {
  element: HTMLElement
  message(message: JobMessage, delivery: Delivery, subject: string | null, now: number): void
  connection(change: StateEvent, state: ClientState, now: number): void
}

const LIMIT = 100

/** Beyond this, clocks differ or the message waited: not a delay worth showing. Milliseconds. */
const LARGEST_DELAY = 10_000

export function createActivity(): Activity {
  const list = h('ol', { class: 'activity__list' })
  const empty = h('p', { class: 'activity__empty' }, 'Events appear here as they happen.')
  const element = h(
    'aside',
    { class: 'activity', attrs: { 'aria-label': 'Activity' } },
    h(
      'details',
      { attrs: { open: true } },
      h('summary', { class: 'pane-head' }, h('h2', {}, 'Activity')),
      empty,
      list,
    ),
  )
  let entries: readonly ActivityEntry[] = []
  let counter = 0

  function add(entry: Omit<ActivityEntry, 'key' | 'count'>): void {
    const [last] = entries
    // Progress of one document is one line that counts.
    const same =
      last !== undefined &&
      last.tone === 'busy' &&
      entry.tone === 'busy' &&
      last.detail === entry.detail &&
      last.title === entry.title
    entries = same
      ? [{ ...entry, key: last.key, count: last.count + 1 }, ...entries.slice(1)]
      : [{ ...entry, key: String(++counter), count: 1 }, ...entries].slice(0, LIMIT)
    empty.hidden = true
    reconcile(list, entries, {
      key: ({ key, count }) => `${key}:${count}`,
      create: createEntry,
    })
  }

  return {
    element,
    message(message, delivery, subject, now) {
      const sentAt = Date.parse(message.timestamp)
      const delay = delivery.replayed || Number.isNaN(sentAt) ? null : Math.max(0, now - sentAt)
      add({
        at: message.timestamp,
        tone: toneOf(message),
        title: sentence(message.type),
        detail: [subject, message.error].filter((part) => part != null && part !== '').join(' · '),
        delayMs: delay !== null && delay <= LARGEST_DELAY ? delay : null,
      })
    },
    connection(change, state, now) {
      if (change.new !== 'live' && change.new !== 'offline' && change.new !== 'error') return
      if (
        change.new !== 'live' &&
        (change.old === 'connecting' || change.old === change.new) &&
        state.reconnectAttempts > 1
      )
        return
      add({
        at: new Date(now).toISOString(),
        tone: change.new === 'live' ? 'neutral' : change.new === 'error' ? 'failed' : 'neutral',
        title:
          change.new === 'live'
            ? 'Connected'
            : change.new === 'offline'
              ? 'Connection lost'
              : 'Connection refused',
        detail: change.new === 'live' ? `at message ${state.lastSeq}` : (state.reason ?? ''),
        delayMs: null,
      })
    },
  }
}

function toneOf(message: JobMessage): ActivityEntry['tone'] {
  if (message.status === 'failed') return 'failed'
  return message.status === 'completed' ? 'done' : 'busy'
}

function createEntry(entry: ActivityEntry): HTMLElement {
  return h(
    'li',
    { class: 'event', attrs: { 'data-tone': entry.tone } },
    h('span', { class: 'event__dot', attrs: { 'aria-hidden': 'true' } }),
    h(
      'span',
      { class: 'event__title' },
      entry.title,
      entry.count > 1 && h('span', { class: 'event__count' }, ` ×${entry.count}`),
    ),
    h('span', { class: 'event__delay' }, entry.delayMs === null ? '' : `${entry.delayMs} ms`),
    h('span', { class: 'event__detail' }, entry.detail),
    h('time', { class: 'event__time', attrs: { datetime: entry.at } }, clockTime(entry.at)),
  )
}
