/** The state of a job in a word. The error code of a failure is its tooltip. */

import './job-pill.css'
import type { Job } from '../records.ts'
import { statusLabel, statusOf } from './job-status.ts'

export function JobPill({ job }: { job: Job | null }) {
  return (
    <span class="pill" data-status={statusOf(job)} title={job?.errorCode ?? ''}>
      {statusLabel(job)}
    </span>
  )
}
