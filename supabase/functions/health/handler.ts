/** Whether the project can work, for monitors. The answer has no details of a failure. */

import { errorResponse, jsonResponse, requireMethod } from '../_shared/http.ts'
import type { Log } from '../_shared/log.ts'

export interface HealthDependencies {
  version: string
  /** Resolves when the database has answered; rejects when it has not. */
  checkDatabase: () => Promise<void>
  log: Log
}

/** 200 with `status: 'ok'`, or 503 with `status: 'unavailable'`; `checks` names the part that failed. */
export async function handleHealth(request: Request, dependencies: HealthDependencies): Promise<Response> {
  const { version, checkDatabase, log } = dependencies
  try {
    requireMethod(request, 'GET', 'HEAD')
    const database = await checkDatabase().then(
      () => true,
      (error: unknown) => {
        log.error('database_check_failed', error)
        return false
      },
    )
    return jsonResponse(
      {
        status: database ? 'ok' : 'unavailable',
        version,
        checks: { database: database ? 'ok' : 'unavailable' },
      },
      database ? 200 : 503,
    )
  } catch (error) {
    return errorResponse(error, log)
  }
}
