/** Title, state and facts of an incident. */

import './incident-head.css'
import type { ComponentChildren } from 'preact'
import { dateTime, day } from '../../shared/format.ts'
import { describe, summarise, toneOf } from '../incidents.ts'
import type { Incident } from '../records.ts'

/** @param children what stands at the end of the title's line. */
export function IncidentHead({ incident, children }: { incident: Incident; children: ComponentChildren }) {
  const { title, description, documents } = incident
  const summary = summarise(incident)
  return (
    <header class="detail__head">
      <div class="detail__title">
        <h1 tabIndex={-1}>{title}</h1>
        <span class="badge" data-tone={toneOf(summary)}>
          {describe(summary, documents.length)}
        </span>
        {children}
      </div>
      <dl class="facts">
        {factsOf(incident).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {description !== null && <p class="description">{description}</p>}
    </header>
  )
}

function factsOf({ createdAt, occurredOn, reporterEmail }: Incident): [name: string, value: string][] {
  return [
    ['Reported', dateTime(createdAt)],
    ...(occurredOn === null ? [] : [['Happened', day(occurredOn)] satisfies [string, string]]),
    ...(reporterEmail === null ? [] : [['Reporter', reporterEmail] satisfies [string, string]]),
  ]
}
