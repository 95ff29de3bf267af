/** How the state of a piece of work is called. */

import type { JobStatus } from './records.ts'

/** `received` where no work is to be done. */
export type CardStatus = JobStatus | 'received'

export const STATUS_LABELS: Record<CardStatus, string> = {
  queued: 'Queued',
  processing: 'Processing',
  completed: 'Ready',
  failed: 'Failed',
  received: 'Received',
}
