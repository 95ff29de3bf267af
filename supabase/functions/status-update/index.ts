/** `POST /functions/v1/status-update`: called by other services, and nudged by the database; both send a secret key. */

import { edgeFunction } from '../_shared/edge-function.ts'
import { createWorker } from '../_shared/job-function.ts'
import { createJobStore } from '../_shared/jobs.ts'
import { handleStatusUpdate } from './handler.ts'
import { createStatusUpdates } from './status-updates.ts'

/** Publishing a status update is one short call to the database. */
const CONCURRENCY = 20
const worker = createWorker('status-update', CONCURRENCY)

export default edgeFunction({ auth: 'secret', timeoutMs: 8_000 }, (request, admin) =>
  handleStatusUpdate(request, {
    ...worker,
    jobs: createJobStore(admin),
    updates: createStatusUpdates(admin),
  }),
)
