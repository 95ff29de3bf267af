/** Offers to retry all failed jobs of an incident, where there are several. One failed job has a button beside its reason. */

import './failed-bar.css'
import { plural } from '../../shared/format.ts'
import { Icon } from '../../ui/icon.tsx'
import { ICONS } from '../icons.ts'
import { failedJobs } from '../incidents.ts'
import type { Incident } from '../records.ts'
import { RetryButton } from './retry-button.tsx'

export function FailedBar({ incident }: { incident: Incident }) {
  const failed = failedJobs(incident).map(({ id }) => id)
  if (failed.length < 2) return null
  return (
    <div class="failed-bar">
      <Icon paths={ICONS.alert} />
      <p>{plural(failed.length, 'piece')} of work failed</p>
      <RetryButton jobIds={failed} label="Retry all failed" />
    </div>
  )
}
