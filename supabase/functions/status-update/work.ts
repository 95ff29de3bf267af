/** The work of a queued status job, which SQL has inserted: the update in its input is published. */

import * as v from 'valibot'
import { AppError } from '../../../functions-shared/app-error.ts'
import { readAs } from '../../../functions-shared/read-as.ts'
import type { ClaimedJob } from '../_shared/jobs.ts'

/** The result for `complete_job`, with the field names of the message to the browser. */
export interface PublishedStatus {
  status: string
  data?: unknown
}

const text = v.pipe(v.string(), v.nonEmpty())
const jobInput = v.object({ updateType: text, resource: text, status: text, data: v.optional(v.unknown()) })

/**
 * @throws AppError `status_sender_gone` for an update that another service sent, because only that service can do its
 * work; `invalid_status_update` with the field where the input is no status update.
 */
export function publish({ input }: Pick<ClaimedJob, 'input'>): PublishedStatus {
  if (input.elsewhere === true) throw new AppError('status_sender_gone')
  const { status, data } = readAs(
    jobInput,
    input,
    (field) => new AppError('invalid_status_update', { details: { field } }),
  )
  return { status, ...(data === undefined ? {} : { data }) }
}
