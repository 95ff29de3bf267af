/** `POST /functions/v1/clean-storage`: called by the database every hour; removes objects that no row points to. */

import { edgeFunction } from '../_shared/edge-function.ts'
import { createFiles } from '../_shared/files.ts'
import { createLog } from '../_shared/log.ts'
import { handleCleaning } from './handler.ts'
import { createLeftovers } from './leftovers.ts'

const log = createLog('clean-storage')

// Removing a thousand objects takes Storage a while.
export default edgeFunction({ auth: 'secret', timeoutMs: 30_000 }, (request, admin) =>
  handleCleaning(request, { leftovers: createLeftovers(admin), files: createFiles(admin), log }),
)
