/** What stands in the list in place of incidents. */

import { Button } from '../../ui/button.tsx'
import { RowSkeleton } from '../../ui/skeleton.tsx'
import { useDashboard } from '../dashboard-context.ts'
import { ICONS } from '../icons.ts'
import type { Phase } from '../store.ts'

/** @param phase null while there are incidents. */
export function ListNote({ phase }: { phase: Phase | null }) {
  const { store } = useDashboard()
  if (phase === 'loading') return [1, 2, 3, 4, 5].map((row) => <RowSkeleton key={row} />)
  if (phase === 'ready') return <p>Nothing reported yet.</p>
  if (phase === null) return null
  return (
    <>
      <p>The incidents could not be loaded.</p>
      <Button small icon={ICONS.refresh} onClick={() => void store.refresh()}>
        Try again
      </Button>
    </>
  )
}
