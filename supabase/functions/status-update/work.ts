/** The work of a queued status job: to publish what is in its input. Inserted by SQL, many at once, it waits its turn. */

import { AppError } from '../../../functions-shared/app-error.ts'
import { textAt } from '../../../functions-shared/unknown.ts'
import type { ClaimedJob } from '../_shared/jobs.ts'

/** What `complete_job` gets; the names are those of the message to the browser. */
export interface PublishedStatus {
  status: string
  data?: unknown
}

/**
 * @throws AppError `status_sender_gone` for an update that another service sent: its work can be done there only;
 * `invalid_status_update` with the field where the input is no status update.
 */
export function publish({ input }: Pick<ClaimedJob, 'input'>): PublishedStatus {
  if (input.elsewhere === true) throw new AppError('status_sender_gone')
  const field = (name: string): string => {
    const value = textAt(input, name)
    if (value === undefined) throw new AppError('invalid_status_update', { details: { field: name } })
    return value
  }
  field('updateType')
  field('resource')
  return { status: field('status'), ...(input.data === undefined ? {} : { data: input.data }) }
}
