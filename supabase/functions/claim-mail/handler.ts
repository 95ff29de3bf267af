/**
 * Sends the mails that are due after forms. Two calls at the same time share the mails: the database gives each to one of
 * them. A mail whose attempt is not reported, because the function was stopped, is due again later.
 */

import { errorResponse, jsonResponse, requireMethod } from '../_shared/http.ts'
import type { Log } from '../_shared/log.ts'
import type { ClaimMail, Outbox, Outcome } from './outbox.ts'
import type { Post } from './post.ts'

export interface MailDependencies {
  outbox: Outbox
  post: Post
  log: Log
}

/** Mails taken at once. They are sent one after the other: Auth limits what it sends. */
export const ROUND = 10
const MAX_ROUNDS = 5

/** 200 `{"sent": n, "refused": n, "failed": n}`; 503 while the database is unavailable. */
export async function handleMails(
  request: Request,
  { outbox, post, log }: MailDependencies,
): Promise<Response> {
  try {
    requireMethod(request, 'POST')
    const counts = { sent: 0, refused: 0, failed: 0 }
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const mails = await outbox.take(ROUND)
      for (const mail of mails) {
        const outcome = await attempt(mail, post, log)
        await outbox.finish(mail, outcome)
        counts[outcome.outcome] += 1
        const fields = { incident: mail.incidentId, kind: mail.kind, attempt: mail.attempt }
        if (outcome.outcome === 'sent') log.info('mail_sent', fields)
        else log.warn(`mail_${outcome.outcome}`, { ...fields, code: outcome.code })
      }
      if (mails.length < ROUND) break
    }
    return jsonResponse(counts)
  } catch (error) {
    return errorResponse(error, log)
  }
}

async function attempt(mail: ClaimMail, post: Post, log: Log): Promise<Outcome> {
  try {
    return await post(mail)
  } catch (error) {
    log.error('mail_attempt_broke', error, { incident: mail.incidentId })
    return { outcome: 'failed', code: 'mail_unavailable' }
  }
}
