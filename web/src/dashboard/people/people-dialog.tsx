/** Who is on a case: members and invitations, with what the user may change. */

import { useId } from 'preact/hooks'
import { Dialog } from '../../ui/dialog.tsx'
import { useStore } from '../../ui/use-store.ts'
import type { Person } from '../incident/person.ts'
import { AddByEmail } from './add-by-email.tsx'
import type { CasePeopleState, CasePeopleStore } from './case-people-store.ts'
import { mailWords } from './invitation.ts'
import { Outcome } from './outcome.tsx'
import { PersonRow } from './person-row.tsx'
import { isFirm, mayRemove, ROLE_WORDS } from './places.ts'

export interface PeopleDialogProps {
  store: CasePeopleStore
  self: string
  close(): void
}

export function PeopleDialog({ store, self, close }: PeopleDialogProps) {
  const state = useStore(store)
  const { members, invitations, place } = state.data
  const mayAdd = place !== null && place !== 'viewer'
  const isOfFirm = place !== null && isFirm(place)
  return (
    <Dialog title="People on this case" close={close}>
      <ul aria-label="Members">
        {members.map((person) => (
          <Member key={person.userId} {...{ store, state, person, self }} />
        ))}
        {invitations.map((invitation) => (
          <PersonRow
            key={invitation.id}
            id={invitation.id}
            name={invitation.email}
            about={`${ROLE_WORDS[invitation.role] ?? invitation.role}, ${mailWords(invitation)}`}
            remove={mayAdd ? () => void store.withdraw(invitation) : null}
            removeLabel="Withdraw"
          />
        ))}
      </ul>
      {isOfFirm && <Assign store={store} state={state} />}
      {mayAdd && (
        <AddByEmail
          label={isOfFirm ? 'Add somebody' : 'Let somebody read along'}
          roles={
            isOfFirm
              ? [
                  ['viewer', 'Viewer'],
                  ['handler', 'Handler'],
                ]
              : [['viewer', 'Viewer']]
          }
          isBusy={state.isBusy}
          add={(email, role) => store.add(email, role)}
        />
      )}
      <Outcome {...state} />
    </Dialog>
  )
}

interface MemberProps {
  store: CasePeopleStore
  state: CasePeopleState
  person: Person
  self: string
}

function Member({ store, state, person, self }: MemberProps) {
  const { userId, name, role, isStaff } = person
  const { place } = state.data
  const isSelf = userId === self
  return (
    <PersonRow
      id={userId}
      name={name}
      isSelf={isSelf}
      about={ROLE_WORDS[role] ?? role}
      remove={place !== null && mayRemove(place, self, person) ? () => void store.remove(person) : null}
      removeLabel={isSelf ? 'Leave' : 'Remove'}
    >
      {place !== null && isFirm(place) && isStaff && role !== 'owner' && (
        <select
          class="input"
          aria-label={`Role of ${name}`}
          value={role}
          onChange={({ currentTarget }) => void store.setRole(person, currentTarget.value)}
        >
          <option value="handler">Handler</option>
          <option value="viewer">Viewer</option>
        </select>
      )}
    </PersonRow>
  )
}

/** Chooses a handler among the staff who do not handle the case yet. */
function Assign({ store, state }: Pick<MemberProps, 'store' | 'state'>) {
  const { staff, members } = state.data
  const id = useId()
  const taken = new Set(
    members.filter(({ role }) => role === 'handler' || role === 'owner').map(({ userId }) => userId),
  )
  const free = staff.filter(({ userId }) => !taken.has(userId))
  if (free.length === 0) return null
  return (
    <div class="add-person">
      <label for={id}>Assign to</label>
      <select
        class="input"
        id={id}
        value=""
        onChange={({ currentTarget }) => {
          const { value } = currentTarget
          currentTarget.value = ''
          if (value !== '') void store.assign(value)
        }}
      >
        <option value="">Choose somebody of the staff</option>
        {free.map(({ userId, name }) => (
          <option key={userId} value={userId}>
            {name}
          </option>
        ))}
      </select>
    </div>
  )
}
