/** Words for the state of a job. */

import { sentence } from '../../shared/format.ts'
import { failureReason } from '../../shared/missing-fields.ts'
import type { Job, JobStatus } from '../records.ts'

/** `received` for a file without a job. */
export type FileStatus = JobStatus | 'received'

const LABELS: Record<FileStatus, string> = {
  queued: 'Queued',
  processing: 'Processing',
  completed: 'Ready',
  failed: 'Failed',
  received: 'Received',
}

export function statusOf(job: Job | null): FileStatus {
  return job?.status ?? 'received'
}

export function statusLabel(job: Job | null): string {
  return LABELS[statusOf(job)]
}

/** A job that is queued or processing; null for every other job. */
export function openJob(job: Job | null): Job | null {
  return job !== null && (job.status === 'queued' || job.status === 'processing') ? job : null
}

/** What an open job does, e.g. `Storing thumbnail · 60%`; empty for every other job. */
export function activityOf(job: Job | null): string {
  if (job?.status === 'queued') return 'Waiting for its turn'
  if (job?.status !== 'processing') return ''
  return `${job.stage === null ? 'Starting' : sentence(job.stage)} · ${job.progress}%`
}

/** Why a job failed. */
export function reasonOf(job: Job): string {
  return job.error === null ? 'It could not be processed.' : failureReason(job.error)
}
