/** A `QueueJob` from a message. Fields that a type of message leaves out come from the known job. */

import { stateOf } from '../../../../functions-shared/job-state.ts'
import type { JobMessage } from '../../../../functions-shared/message-types.ts'
import type { QueueJob } from '../ports.ts'

/** @param known the job before the message. @returns null for a message without a revision. */
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
