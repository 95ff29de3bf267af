/** The firm's staff, for admins: who is on it, who is an admin, and whom it waits for. */

import { Dialog } from '../../ui/dialog.tsx'
import { useStore } from '../../ui/use-store.ts'
import { AddByEmail } from './add-by-email.tsx'
import { mailWords } from './invitation.ts'
import { Outcome } from './outcome.tsx'
import { PersonRow } from './person-row.tsx'
import { ROLE_WORDS } from './places.ts'
import type { StaffStore } from './staff-store.ts'

export interface StaffDialogProps {
  store: StaffStore
  self: string
  close(): void
}

export function StaffDialog({ store, self, close }: StaffDialogProps) {
  const state = useStore(store)
  const { staff, invitations } = state.data
  return (
    <Dialog title="Staff of the firm" close={close}>
      <ul aria-label="Staff">
        {staff.map((person) => (
          <PersonRow
            key={person.userId}
            id={person.userId}
            name={person.name}
            isSelf={person.userId === self}
            about={person.email}
            remove={() => void store.remove(person)}
            removeLabel={person.userId === self ? 'Leave' : 'Remove'}
          >
            <select
              class="input"
              aria-label={`Role of ${person.name}`}
              value={person.role}
              onChange={({ currentTarget }) =>
                void store.setRole(person, currentTarget.value === 'admin' ? 'admin' : 'handler')
              }
            >
              <option value="handler">Handler</option>
              <option value="admin">Admin</option>
            </select>
          </PersonRow>
        ))}
        {invitations.map((invitation) => (
          <PersonRow
            key={invitation.id}
            id={invitation.id}
            name={invitation.email}
            about={`${ROLE_WORDS[invitation.role] ?? invitation.role}, ${mailWords(invitation)}`}
            remove={() => void store.withdraw(invitation)}
            removeLabel="Withdraw"
          />
        ))}
      </ul>
      <AddByEmail
        label="Add somebody to the staff"
        roles={[
          ['handler', 'Handler'],
          ['admin', 'Admin'],
        ]}
        isBusy={state.isBusy}
        add={(email, role) => store.add(email, role === 'admin' ? 'admin' : 'handler')}
      />
      <Outcome {...state} />
    </Dialog>
  )
}
