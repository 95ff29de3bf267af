/** What a viewer of a case does not get: a viewer reads, and changes nothing. */

import type { ComponentChildren } from 'preact'
import { useStore } from '../../ui/use-store.ts'
import type { Extras } from '../incident/create-extras.ts'
import type { CasePeopleStore } from './case-people-store.ts'

/** Shows its children while the user's place on the case is not known. */
export function WritersOnly({ extras, children }: { extras: Extras; children: ComponentChildren }) {
  const room = extras.room.value
  return room === null ? children : <UnlessViewer store={room.people}>{children}</UnlessViewer>
}

function UnlessViewer({ store, children }: { store: CasePeopleStore; children: ComponentChildren }) {
  return useStore(store).data.place === 'viewer' ? null : children
}
