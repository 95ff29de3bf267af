/** A job as its messages tell of it: what its row says, but for the fields that a type of message leaves out. */

import type { JobMessage } from '../../../../functions-shared/message-types.ts'
import type { QueueJob } from '../ports.ts'

/** The words of the messages, as those of the rows. */
const STATUSES: Readonly<Record<string, QueueJob['status']>> = {
  pending: 'queued',
  queued: 'queued',
  processing: 'processing',
  generating: 'processing',
  completed: 'completed',
  failed: 'failed',
}

/** @param known what was known before. @returns null for a message that has no place among the job's others. */
export function jobOfMessage(message: JobMessage, known?: QueueJob | null): QueueJob | null {
  const status = STATUSES[message.status]
  const { jobId, revision, error, errorCode } = message
  if (status === undefined || revision === undefined) return null
  const progress = 'progress' in message ? message.progress : undefined
  return {
    jobId,
    status,
    progress: status === 'completed' ? 100 : (progress ?? known?.progress ?? 0),
    stage: ('stage' in message ? message.stage : undefined) ?? null,
    error: error ?? null,
    errorCode: errorCode ?? null,
    revision,
  }
}
