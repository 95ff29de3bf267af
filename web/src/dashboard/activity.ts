/** The log of live events: what arrived, when, and how fast. */

import type { JobMessage } from '../../../functions-shared/message-types.ts'
import type { ClientState, Delivery, StateEvent } from '../client/index.ts'
import { h, reconcile } from '../shared/dom.ts'
import { clockTime } from './format.ts'

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

const EVENT_LABELS: Record<JobMessage['type'], string> = {
  image_processing_started: 'Photo started',
  image_processing_progress: 'Photo in progress',
  image_processed: 'Photo ready',
  image_processing_failed: 'Photo failed',
  pdf_generation_started: 'Report started',
  pdf_generation_progress: 'Report in progress',
  pdf_generated: 'Report ready',
  pdf_generation_failed: 'Report failed',
  transcription_queued: 'Voice note queued',
  transcription_processing: 'Voice note started',
  transcription_progress: 'Voice note in progress',
  transcription_complete: 'Voice note transcribed',
  transcription_failed: 'Voice note failed',
  status_update: 'Status update',
}

const REASONS: Record<string, string | undefined> = {
  network: 'This device has no network.',
  socket: 'The socket was closed.',
  'join-timeout': 'The server did not answer the join.',
  'heartbeat-timeout': 'The server stopped answering.',
  'channel-closed': 'The server closed the channel.',
  join_refused: 'This user may not listen.',
  topic_in_use: 'Another part of the page listens already.',
}

const CONNECTION_LABELS = {
  live: 'Connected',
  offline: 'Connection lost',
  error: 'Connection refused',
} as const

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
        title: EVENT_LABELS[message.type],
        detail: [subject, message.error].filter((part) => part != null && part !== '').join(' · '),
        delayMs: delay !== null && delay <= LARGEST_DELAY ? delay : null,
      })
    },
    connection(change, state, now) {
      const { new: name } = change
      if (name !== 'live' && name !== 'offline' && name !== 'error') return
      // One line per loss, not one per attempt.
      if (name !== 'live' && state.reconnectAttempts > 1) return
      add({
        at: new Date(now).toISOString(),
        tone: name === 'error' ? 'failed' : 'neutral',
        title: CONNECTION_LABELS[name],
        detail: name === 'live' ? `up to message ${state.lastSeq}` : (REASONS[state.reason ?? ''] ?? ''),
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
