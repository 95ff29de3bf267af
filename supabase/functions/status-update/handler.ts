/**
 * Tells users what other services do: `{userId | incidentId, updateType, resource, status, …}` sends a status update,
 * `{jobId, …}` says the next word on one that is processing, and `{job_id}` is a nudge of the database.
 *
 * | answer                                                         | meaning                                      |
 * |----------------------------------------------------------------|----------------------------------------------|
 * | 201 `{jobId, userId, incidentId, state, duplicate: false}`     | sent                                         |
 * | 200, the same                                                  | advanced; with `duplicate: true` known already |
 * | 400, 404, 409, 413, 422, 503 `{error: {code, message, field?}}` | refused; nothing was told                    |
 *
 * A call without an answer may be repeated: with the same idempotency key it tells nobody twice.
 */

import { isRecord } from '../../../functions-shared/unknown.ts'
import { errorResponse, jsonResponse, parseJson, readBody, requireMethod } from '../_shared/http.ts'
import { handleNudge, type NudgeDependencies } from '../_shared/nudge.ts'
import { parseStatusUpdate } from './request.ts'
import type { StatusUpdates } from './status-updates.ts'
import { publish } from './work.ts'

export interface StatusUpdateDependencies extends Omit<NudgeDependencies, 'kind' | 'process'> {
  updates: StatusUpdates
}

/** Bytes of a request body: 32 KB of data and what is around it. */
const MAX_BODY_BYTES = 64 * 1024

export async function handleStatusUpdate(
  request: Request,
  { updates, ...worker }: StatusUpdateDependencies,
): Promise<Response> {
  const { log } = worker
  try {
    requireMethod(request, 'POST')
    const bytes = await readBody(request, MAX_BODY_BYTES)
    const body = parseJson(bytes)
    if (isRecord(body) && 'job_id' in body) {
      const nudge = new Request(request.url, { method: 'POST', body: bytes })
      return await handleNudge(nudge, {
        ...worker,
        kind: 'status',
        process: (job) => Promise.resolve(job).then(publish),
      })
    }
    const update = parseStatusUpdate(body, request.headers.get('idempotency-key'))
    const answer = await (update.kind === 'send' ? updates.send(update) : updates.advance(update))
    log.info('status_update', { job: answer.jobId, state: answer.state, duplicate: answer.duplicate })
    return jsonResponse(answer, update.kind === 'send' && !answer.duplicate ? 201 : 200)
  } catch (error) {
    return errorResponse(error, log)
  }
}
