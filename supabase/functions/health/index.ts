/** `GET /functions/v1/health`: for monitors; needs no key. */

import { VERSION } from '../../../functions-shared/version.ts'
import { edgeFunction } from '../_shared/edge-function.ts'
import { createLog } from '../_shared/log.ts'
import { databaseError } from '../_shared/upstream.ts'
import { handleHealth } from './handler.ts'

const log = createLog('health')

export default edgeFunction({ auth: 'none', timeoutMs: 3_000, cors: 'default' }, (request, admin) =>
  handleHealth(request, {
    version: VERSION,
    checkDatabase: async () => {
      const { error, status } = await admin.from('incidents').select('id').limit(1)
      if (error) throw databaseError({ error, status })
    },
    log,
  }),
)
