/**
 * Status updates of other services for users: `{userId | incidentId, updateType, resource, status, …}` sends one,
 * `{jobId, …}` reports on one that is processing, and `{job_id}` is a nudge of the database.
 *
 * | answer                                                         | meaning                                      |
 * |----------------------------------------------------------------|----------------------------------------------|
 * | 201 `{jobId, userId, incidentId, state, duplicate: false}`     | sent                                         |
 * | 200, the same                                                  | advanced; `duplicate: true`: known already   |
 * | 400, 404, 409, 413, 422, 503 `{error: {code, message, field?}}` | refused; the user was not notified           |
 *
 * A call without an answer may be repeated. With the same idempotency key, the user is notified once.
 */

import * as v from 'valibot'
import { errorResponse, jsonResponse, parseJson, readBody, requireMethod } from '../_shared/http.ts'
import { answerNudge, type NudgeDependencies } from '../_shared/nudge.ts'
import { parseStatusUpdate } from './request.ts'
import type { StatusUpdates } from './status-updates.ts'
import { publish } from './work.ts'

export interface StatusUpdateDependencies extends Omit<NudgeDependencies, 'kind' | 'process'> {
  updates: StatusUpdates
}

/** Bytes of a request body: 32 KB of `data`, and the other fields. */
const MAX_BODY_BYTES = 64 * 1024

const nudge = v.looseObject({ job_id: v.unknown() })

export async function handleStatusUpdate(
  request: Request,
  { updates, ...worker }: StatusUpdateDependencies,
): Promise<Response> {
  const { log } = worker
  try {
    requireMethod(request, 'POST')
    const body = parseJson(await readBody(request, MAX_BODY_BYTES))
    if (v.is(nudge, body)) {
      const process: NudgeDependencies['process'] = (job) => Promise.resolve(job).then(publish)
      return await answerNudge(body, request.url, { ...worker, kind: 'status', process })
    }
    const update = parseStatusUpdate(body, request.headers.get('idempotency-key'))
    const answer = await (update.kind === 'send' ? updates.send(update) : updates.advance(update))
    log.info('status_update', { job: answer.jobId, state: answer.state, duplicate: answer.duplicate })
    return jsonResponse(answer, update.kind === 'send' && !answer.duplicate ? 201 : 200)
  } catch (error) {
    return errorResponse(error, log)
  }
}
