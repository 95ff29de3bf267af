/** The timeline beside an incident: read once, then continued by the messages that arrive. */

import type { SupabaseClient } from '@supabase/supabase-js'
import type { Database } from '../../../../functions-shared/database.types.ts'
import type { JobMessage } from '../../../../functions-shared/message-types.ts'
import { parseMessage } from '../../../../functions-shared/parse-message.ts'
import { h, reconcile, setText } from '../../shared/dom.ts'
import { clockTime, dateTime, day } from '../../shared/format.ts'
import type { Incident } from '../records.ts'
import { type TimelineEvent, timelineOf } from './timeline-events.ts'

/** Notifications that are read; what is older is told by the rows. */
const LIMIT = 200

export class TimelineSource {
  readonly #supabase: SupabaseClient<Database>
  readonly #messages = new Map<string, JobMessage>()
  #jobs = ''

  constructor(supabase: SupabaseClient<Database>) {
    this.#supabase = supabase
  }

  get messages(): readonly JobMessage[] {
    return [...this.#messages.values()]
  }

  add(message: JobMessage): void {
    if (message.seq !== undefined) this.#messages.set(`${message.epoch} ${message.seq}`, message)
  }

  /**
   * Reads what the user was told about the incident's jobs, by their index; again when there are others.
   * @returns whether anything was read.
   */
  async read(incident: Incident): Promise<boolean> {
    const jobIds = [...incident.documents, ...incident.reports].flatMap(({ job }) =>
      job === null ? [] : [job.id],
    )
    const key = jobIds.join()
    if (key === this.#jobs || jobIds.length === 0) return false
    this.#jobs = key
    const { data, error } = await this.#supabase
      .from('notifications')
      .select('payload')
      .in('job_id', jobIds)
      .order('seq', { ascending: false })
      .limit(LIMIT)
    if (error !== null) {
      this.#jobs = ''
      return false
    }
    for (const { payload } of data) {
      const parsed = parseMessage(payload)
      if (parsed.kind === 'message') this.add(parsed.message)
    }
    return true
  }
}

export interface TimelineView {
  element: HTMLElement
  update(incident: Incident, messages: readonly JobMessage[]): void
}

export function createTimelineView(): TimelineView {
  const list = h('ol', { class: 'activity__list', attrs: { 'aria-label': 'Timeline' } })
  let shown: TimelineEvent[] = []
  let shownFor: [Incident, number] | null = null
  return {
    element: list,
    update(incident, messages) {
      if (shownFor?.[0] === incident && shownFor[1] === messages.length) return
      shownFor = [incident, messages.length]
      shown = timelineOf(incident, messages)
      let shownDay = ''
      reconcile(list, shown, {
        key: ({ key }) => key,
        create: createEvent,
        update(line, event) {
          const eventDay = day(localDay(event.at))
          updateEvent(line, event, eventDay === shownDay ? '' : eventDay)
          shownDay = eventDay
        },
      })
    },
  }
}

function createEvent(): HTMLElement {
  return h(
    'li',
    { class: 'event' },
    h('span', { class: 'event__day' }),
    h('span', { class: 'event__dot', attrs: { 'aria-hidden': 'true' } }),
    h('span', { class: 'event__title' }),
    h('time', { class: 'event__time' }),
    h('span', { class: 'event__detail' }),
  )
}

/** @param heading the day, on its first line. */
function updateEvent(line: HTMLElement, event: TimelineEvent, heading: string): void {
  line.dataset.tone = event.tone
  const texts: Record<string, string> = {
    '.event__title': event.title,
    '.event__detail': event.detail,
    time: clockTime(event.at),
    '.event__day': heading,
  }
  for (const [selector, text] of Object.entries(texts)) {
    const target = line.querySelector(selector)
    if (target !== null) setText(target, text)
  }
  const time = line.querySelector('time')
  time?.setAttribute('datetime', event.at)
  time?.setAttribute('title', dateTime(event.at))
}

function localDay(iso: string): string {
  const date = new Date(iso)
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`
}
