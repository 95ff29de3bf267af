/** A job as its messages tell of it: what its row says, but for the fields that a type of message leaves out. */

import { stateOf } from '../../../../functions-shared/job-state.ts'
import type { JobMessage } from '../../../../functions-shared/message-types.ts'
import type { QueueJob } from '../ports.ts'

/** @param known what was known before. @returns null for a message that has no place among the job's others. */
export function jobOfMessage(message: JobMessage, known?: QueueJob | null): QueueJob | null {
  const status = stateOf(message)
  const { jobId, revision, progress, stage, error, errorCode } = message
  if (status === null || revision === undefined) return null
  return {
    jobId,
    status,
    progress: status === 'completed' ? 100 : (progress ?? known?.progress ?? 0),
    stage: stage ?? null,
    error: error ?? null,
    errorCode: errorCode ?? null,
    revision,
  }
}
