/** What happened to an incident, newest first, with the day above its first event. */

import './event.css'
import { useMemo } from 'preact/hooks'
import { clockTime, dateTime, day } from '../../shared/format.ts'
import { useStore } from '../../ui/use-store.ts'
import { useDashboard } from '../dashboard-context.ts'
import type { Incident } from '../records.ts'
import type { Extras } from './create-extras.ts'
import { type TimelineEvent, timelineOf } from './timeline-events.ts'
import type { TimelineStore } from './timeline-store.ts'

export function Timeline({ extras }: { extras: Extras }) {
  const incident = useDashboard().shown.value
  const room = extras.room.value
  return incident === null || room === null ? null : <Events incident={incident} store={room.timeline} />
}

function Events({ incident, store }: { incident: Incident; store: TimelineStore }) {
  const { messages } = useStore(store)
  const events = useMemo(() => timelineOf(incident, [...messages.values()]), [incident, messages])
  const days = events.map(({ at }) => localDay(at))
  return (
    <ol class="activity__list" aria-label="Timeline">
      {events.map((event, index) => (
        <EventLine
          key={event.key}
          event={event}
          heading={days[index] === days[index - 1] ? '' : day(days[index] ?? '')}
        />
      ))}
    </ol>
  )
}

/** @param heading the day, above its first event. */
function EventLine({ event, heading }: { event: TimelineEvent; heading: string }) {
  return (
    <li class="event" data-tone={event.tone}>
      {heading !== '' && <span class="event__day">{heading}</span>}
      <span class="event__dot" aria-hidden="true" />
      <span class="event__title">{event.title}</span>
      <time class="event__time" dateTime={event.at} title={dateTime(event.at)}>
        {clockTime(event.at)}
      </time>
      <span class="event__detail">{event.detail}</span>
    </li>
  )
}

/** The day where the user is, as `yyyy-mm-dd`. */
function localDay(iso: string): string {
  const date = new Date(iso)
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`
}
