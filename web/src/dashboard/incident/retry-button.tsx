/** Puts failed jobs into the queue again. */

import { Button } from '../../ui/button.tsx'
import { useDashboard } from '../dashboard-context.ts'
import { ICONS } from '../icons.ts'

export interface RetryButtonProps {
  jobIds: readonly string[]
  label: string
  /** The accessible name, where the label alone does not say what is tried again. */
  name?: string
}

export function RetryButton({ jobIds, label, name }: RetryButtonProps) {
  const { state, retry } = useDashboard()
  const busy = jobIds.some((id) => state.value.retrying.has(id))
  return (
    <Button
      small
      icon={ICONS.refresh}
      busy={busy}
      disabled={busy}
      aria-label={name}
      onClick={() => retry(jobIds)}
    >
      {label}
    </Button>
  )
}
