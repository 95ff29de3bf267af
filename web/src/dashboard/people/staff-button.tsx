/** The button of the top bar that opens the staff, for admins. */

import { useEffect, useMemo, useState } from 'preact/hooks'
import { Button } from '../../ui/button.tsx'
import { useStore } from '../../ui/use-store.ts'
import { useDashboard } from '../dashboard-context.ts'
import { createPeopleBackend } from './people-backend.ts'
import { StaffDialog } from './staff-dialog.tsx'
import { StaffStore } from './staff-store.ts'

export function StaffButton() {
  const { supabase, userId } = useDashboard()
  const store = useMemo(() => new StaffStore(createPeopleBackend(supabase), userId), [supabase, userId])
  useEffect(() => () => store.close(), [store])
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
