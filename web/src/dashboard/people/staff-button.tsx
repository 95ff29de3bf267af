/** The button of the top bar that opens the staff, for admins. Also accepts the invitations of the user. */

import { useEffect, useMemo, useState } from 'preact/hooks'
import { Button } from '../../ui/button.tsx'
import { useStore } from '../../ui/use-store.ts'
import { useDashboard } from '../dashboard-context.ts'
import { createPeopleBackend } from './people-backend.ts'
import { StaffDialog } from './staff-dialog.tsx'
import { StaffStore } from './staff-store.ts'

export function StaffButton() {
  const { supabase, userId, store: incidents } = useDashboard()
  const backend = useMemo(() => createPeopleBackend(supabase), [supabase])
  const store = useMemo(() => new StaffStore(backend, userId), [backend, userId])
  useEffect(() => () => store.close(), [store])
  useEffect(() => {
    // Places that were given to a user who was signed in already. A sign-in accepts the others.
    backend.acceptInvitations().then(
      (count) => {
        if (count === 0) return
        void incidents.refresh()
        void store.read()
      },
      // The next visit asks again.
      () => undefined,
    )
  }, [backend, incidents, store])
  const { isAdmin } = useStore(store).data
  const [isOpen, setOpen] = useState(false)
  if (!isAdmin) return null
  return (
    <>
      <Button
        small
        aria-haspopup="dialog"
        onClick={() => {
          store.quiet()
          void store.read()
          setOpen(true)
        }}
      >
        Staff
      </Button>
      {isOpen && <StaffDialog store={store} self={userId} close={() => setOpen(false)} />}
    </>
  )
}
