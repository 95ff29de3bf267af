/** The case notes of the incident on the screen. */

import '../notes/notes.css'
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import { now } from '../../ui/clock.ts'
import { useStore } from '../../ui/use-store.ts'
import { useDashboard } from '../dashboard-context.ts'
import { createNotesView } from '../notes/notes-view.ts'
import type { Extras } from './create-extras.ts'
import type { IncidentRoom } from './incident-room.ts'

export function Notes({ extras }: { extras: Extras }) {
  const room = extras.room.value
  return room === null ? null : <RoomNotes key={room.incidentId} room={room} />
}

function RoomNotes({ room }: { room: IncidentRoom }) {
  const { userId, client, complain } = useDashboard()
  const { notes, members, incidentId } = room
  const place = useRef<HTMLDivElement>(null)
  const state = useStore(notes)
  const { typing } = useStore(members)
  const view = useMemo(
    () =>
      createNotesView({
        self: userId,
        nameOf: (id) => (id === null ? 'Somebody who left' : members.person(id).name),
        write: (body) => notes.write(body),
        // A typing signal that is lost is not worth telling.
        typing: () => void client.sendTyping(incidentId).catch(() => undefined),
        retry: (id) => notes.retry(id),
        discard: (id) => notes.discard(id),
        loadEarlier: () =>
          void notes
            .loadEarlier()
            .catch(() => complain('Earlier notes could not be read', 'Try again in a moment.')),
        reload: () => void notes.refresh(),
      }),
    [userId, client, complain, notes, members, incidentId],
  )
  useLayoutEffect(() => place.current?.replaceChildren(view.element), [view])
  view.update(state, typing, now.value)
  return <div class="tab-panel__fill" ref={place} />
}
