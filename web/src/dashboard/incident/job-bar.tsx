/** The progress of a job, while the job is queued or processing. */

import { ProgressBar } from '../../ui/progress-bar.tsx'
import type { Job } from '../records.ts'
import { openJob } from './job-status.ts'

/** @param title what the job is about. */
export function JobBar({ job, title, line }: { job: Job | null; title: string; line?: boolean }) {
  const open = openJob(job)
  if (open === null) return null
  return (
    <ProgressBar
      label={`Progress of ${title}`}
      progress={open.progress}
      waiting={open.status === 'queued'}
      line={line === true}
    />
  )
}
