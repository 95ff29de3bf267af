/** One incident in the list: its title, how far its documents are, and when it was reported. */

import './incident-row.css'
import { useState } from 'preact/hooks'
import { RelativeTime } from '../../ui/relative-time.tsx'
import { describe, summarise, toneOf } from '../incidents.ts'
import { STATE_WORDS } from '../people/places.ts'
import type { Incident } from '../records.ts'
import { incidentHref } from '../route.ts'

export interface IncidentRowProps {
  incident: Incident
  isCurrent: boolean
  /** The incident arrived while the page was open. */
  isFresh: boolean
  /** Number of unread notifications about it. */
  unread: number
}

/** Incidents whose row has been seen to arrive. A row that comes back by scrolling does not arrive again. */
const arrived = new Set<string>()

export function IncidentRow({ incident, isCurrent, isFresh, unread }: IncidentRowProps) {
  const { id, title, state, createdAt, documents } = incident
  const [arrives] = useState(() => isFresh && !arrived.has(id))
  if (arrives) arrived.add(id)
  const summary = summarise(incident)
  return (
    <a
      class={arrives ? 'row is-fresh' : 'row'}
      href={incidentHref(id)}
      aria-current={isCurrent ? 'page' : undefined}
      data-tone={toneOf(summary)}
    >
      <span class="row__dot" aria-hidden="true" />
      <span class="row__title">
        {title}
        {unread > 0 && (
          <span class="row__unread">
            {unread > 99 ? '99+' : unread}
            <span class="visually-hidden"> unread</span>
          </span>
        )}
      </span>
      <span class="row__summary">
        {state !== 'new' && `${STATE_WORDS[state]} · `}
        {describe(summary, documents.length)}
      </span>
      <RelativeTime class="row__time" iso={createdAt} />
      {summary.open > 0 && (
        <span class="row__bar" aria-hidden="true" style={{ '--progress': summary.progress / 100 }} />
      )}
    </a>
  )
}
