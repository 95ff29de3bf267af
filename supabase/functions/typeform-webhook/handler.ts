/**
 * Stores a submitted form as an incident, its documents and their jobs. The files are fetched later by `process-image`,
 * because Typeform waits for the answer.
 *
 * Events other than a submitted form, such as a partial response, are answered 200 and ignored: Typeform repeats what gets
 * another answer.
 *
 * Typeform disables a webhook at once that answers 404 or 410, so neither is sent. After 503 it tries again for hours.
 */

import { AppError } from '../../../functions-shared/app-error.ts'
import { otherEventType, parseTypeformResponse } from '../../../functions-shared/typeform.ts'
import {
  errorResponse,
  jsonResponse,
  parseJson,
  readBody,
  requireAnnouncedSize,
  requireMethod,
} from '../_shared/http.ts'
import type { Log } from '../_shared/log.ts'
import type { Inbox, ReceivedResponse } from './inbox.ts'
import { type Accounts, type ReporterRules, resolveReporter } from './reporter.ts'
import { parseSignature, SIGNATURE_HEADER, verifySignature } from './signature.ts'

export interface WebhookDependencies {
  /** The current secret and, while it is being replaced, the previous one. */
  secrets: readonly string[]
  accounts: Accounts
  rules?: ReporterRules
  inbox: Inbox
  log: Log
}

/** Bytes of a request body. */
export const MAX_BODY_BYTES = 1024 * 1024

export async function handleWebhook(request: Request, dependencies: WebhookDependencies): Promise<Response> {
  const { secrets, accounts, rules, inbox, log } = dependencies
  try {
    requireMethod(request, 'POST')
    requireAnnouncedSize(request, MAX_BODY_BYTES)
    const signature = request.headers.get(SIGNATURE_HEADER)
    parseSignature(signature)
    const body = await readBody(request, MAX_BODY_BYTES)
    await verifySignature(body, signature, secrets)
    const json = parseJson(body)
    const ignored = otherEventType(json)
    if (ignored !== undefined) {
      log.info('event_ignored', { type: ignored })
      return jsonResponse({ ignored: true })
    }
    const response = parseTypeformResponse(json)
    const owner = await inbox.findOwner(response.form_response.token)
    const reporter =
      owner === null ? await resolveReporter(response, accounts, rules) : { userId: owner, mailTo: null }
    const received = await inbox.receive(response, reporter)
    log.info('response_received', {
      incident: received.incidentId,
      jobs: received.jobIds.length,
      duplicate: received.duplicate,
      waits: reporter.userId === null,
    })
    return jsonResponse(toBody(received))
  } catch (error) {
    return errorResponse(neverGone(error), log)
  }
}

/** Turns 404 and 410 into 500, because both would disable the webhook. No error of this function should have them. */
function neverGone(error: unknown): unknown {
  const gone = error instanceof AppError && (error.status === 404 || error.status === 410)
  return gone ? new AppError('internal_error', { cause: error }) : error
}

function toBody(received: ReceivedResponse): Record<string, unknown> {
  return {
    incident_id: received.incidentId,
    user_id: received.userId,
    document_ids: received.documentIds,
    job_ids: received.jobIds,
    duplicate: received.duplicate,
  }
}
