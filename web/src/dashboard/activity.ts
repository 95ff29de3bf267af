/** The log of live events: what arrived, when, and how fast. */

import type { JobMessage } from '../../../functions-shared/message-types.ts'
import { LOG_TITLES } from '../../../functions-shared/message-words.ts'
import type { ClientState, Delivery, StateEvent } from '../client/index.ts'
import { h, reconcile, setText } from '../shared/dom.ts'
import { clockTime } from '../shared/format.ts'

interface Entry {
  key: string
  at: string
  tone: 'done' | 'failed' | 'busy' | 'neutral'
  title: string
  /** Whose name may become known only after the event. */
  message: JobMessage | null
  note: string
  /** Milliseconds from the change to this page; null where that says nothing. */
  delayMs: number | null
  count: number
}

export interface Activity {
  element: HTMLElement
  message(message: JobMessage, delivery: Delivery, now: number): void
  connection(change: StateEvent, state: ClientState, now: number): void
  /** Shows what was added, and names that have become known. */
  update(): void
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

/** @param subjectOf how people know what a message is about; null where that is not known (yet). */
export function createActivity(subjectOf: (message: JobMessage) => string | null): Activity {
  const list = h('ol', { class: 'activity__list' })
  const empty = h('p', { class: 'activity__empty' }, 'Events appear here as they happen.')
  const element = h('div', { class: 'activity' }, empty, list)
  let entries: readonly Entry[] = []
  let counter = 0
  /** Job -> the one line that counts its progress. */
  const progressLines = new Map<string, string>()

  function add(entry: Omit<Entry, 'key' | 'count'>): string {
    const key = String(++counter)
    entries = [{ ...entry, key, count: 1 }, ...entries].slice(0, LIMIT)
    return key
  }

  function render(): void {
    empty.hidden = entries.length > 0
    reconcile(list, entries, {
      key: ({ key }) => key,
      create: createEntry,
      update: (line, entry) => {
        const subject = entry.message === null ? null : subjectOf(entry.message)
        updateEntry(
          line,
          entry,
          [subject, entry.note].filter((part) => part !== null && part !== '').join(' · '),
        )
      },
    })
  }

  return {
    element,
    update: render,
    message(message, delivery, now) {
      const delay = now - Date.parse(message.timestamp)
      const shown = {
        at: message.timestamp,
        tone: toneOf(message),
        title: LOG_TITLES[message.type],
        message,
        note: message.error ?? '',
        delayMs: delivery.replayed || !(delay <= LARGEST_DELAY) ? null : Math.max(0, delay),
      }
      const { jobId } = message
      if (message.seq !== undefined) {
        progressLines.delete(jobId)
        add(shown)
        return
      }
      const line = progressLines.get(jobId)
      if (line === undefined || !entries.some(({ key }) => key === line)) {
        progressLines.set(jobId, add(shown))
        return
      }
      entries = entries.map((entry) =>
        entry.key === line ? { ...entry, ...shown, count: entry.count + 1 } : entry,
      )
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
        message: null,
        note: name === 'live' ? `up to message ${state.lastSeq}` : (REASONS[state.reason ?? ''] ?? ''),
        delayMs: null,
      })
    },
  }
}

function toneOf(message: JobMessage): Entry['tone'] {
  if (message.status === 'failed') return 'failed'
  return message.status === 'completed' ? 'done' : 'busy'
}

function createEntry(): HTMLElement {
  return h(
    'li',
    { class: 'event' },
    h('span', { class: 'event__dot', attrs: { 'aria-hidden': 'true' } }),
    h('span', { class: 'event__title' }),
    h('span', { class: 'event__delay' }),
    h('span', { class: 'event__detail' }),
    h('time', { class: 'event__time' }),
  )
}

function updateEntry(line: HTMLElement, entry: Entry, detail: string): void {
  line.dataset.tone = entry.tone
  const texts: Record<string, string> = {
    '.event__title': entry.count > 1 ? `${entry.title} ×${entry.count}` : entry.title,
    '.event__delay': entry.delayMs === null ? '' : `${entry.delayMs} ms`,
    '.event__detail': detail,
    '.event__time': clockTime(entry.at),
  }
  for (const [selector, text] of Object.entries(texts)) {
    const target = line.querySelector(selector)
    if (target !== null) setText(target, text)
  }
  line.querySelector('time')?.setAttribute('datetime', entry.at)
}
