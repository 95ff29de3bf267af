/** Why the job of a row failed, and a button to try again. */

import './job-failure.css'
import type { Job } from '../records.ts'
import { reasonOf } from './job-status.ts'
import { RetryButton } from './retry-button.tsx'

export interface JobFailureProps {
  job: Job | null
  /** What the job is about. */
  title: string
  /** Shown in place of the job's error. */
  reason?: string | null
  /** Whether a retry alone can succeed. Default true. */
  canRetry?: boolean
}

export function JobFailure({ job, title, reason, canRetry = true }: JobFailureProps) {
  if (job?.status !== 'failed') return null
  return (
    <div class="row-failure">
      <p class="card__reason">{reason ?? reasonOf(job)}</p>
      {canRetry && <RetryButton jobIds={[job.id]} label="Retry" name={`Retry ${title}`} />}
    </div>
  )
}
