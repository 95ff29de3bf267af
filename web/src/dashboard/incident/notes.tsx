/** The case notes of the incident on the screen. */

import { useStore } from '../../ui/use-store.ts'
import { useDashboard } from '../dashboard-context.ts'
import { CaseNotes } from '../notes/case-notes.tsx'
import type { Extras } from './create-extras.ts'
import type { IncidentRoom } from './incident-room.ts'

/** Writers of notes who are no longer members have no role. */
const MEMBER_ROLES = new Set(['owner', 'handler', 'viewer'])

export function Notes({ extras }: { extras: Extras }) {
  const room = extras.room.value
  return room === null ? null : <RoomNotes key={room.incidentId} room={room} />
}

function RoomNotes({ room }: { room: IncidentRoom }) {
  const { userId, client, complain } = useDashboard()
  const { notes, members, incidentId, people } = room
  const { typing, people: named } = useStore(members)
  return (
    <CaseNotes
      store={notes}
      self={userId}
      people={[...named.values()].filter(
        (person) => person.userId !== userId && MEMBER_ROLES.has(person.role),
      )}
      nameOf={(id) => (id === null ? 'Somebody who left' : members.person(id).name)}
      typing={typing}
      isReadOnly={useStore(people).data.place === 'viewer'}
      // A typing signal that is lost is not worth telling.
      sendTyping={() => void client.sendTyping(incidentId).catch(() => undefined)}
      earlierFailed={() => complain('Earlier notes could not be read', 'Try again in a moment.')}
    />
  )
}
