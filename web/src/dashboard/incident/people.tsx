/** The other members who look at the incident right now. */

import './people.css'
import { useStore } from '../../ui/use-store.ts'
import { useDashboard } from '../dashboard-context.ts'
import { Avatar } from './avatar.tsx'
import type { Extras } from './create-extras.ts'
import type { IncidentMembers } from './incident-members.ts'

/** Faces that are shown; more people are counted. */
const SHOWN = 4

export function People({ extras }: { extras: Extras }) {
  const room = extras.room.value
  return room === null ? null : <Present members={room.members} />
}

function Present({ members }: { members: IncidentMembers }) {
  const { userId: self } = useDashboard()
  const others = useStore(members).present.filter(({ userId }) => userId !== self)
  if (others.length === 0) return null
  return (
    <div class="people">
      <ul class="people__list" aria-label="Also looking at this incident">
        {others.slice(0, SHOWN).map((person) => (
          <li key={person.userId} title={`${person.name} is looking at this, too`}>
            <Avatar {...person} />
            <span class="visually-hidden">{person.name}</span>
          </li>
        ))}
      </ul>
      <span class="people__more">{others.length > SHOWN && `+${others.length - SHOWN}`}</span>
    </div>
  )
}
