/**
 * Sends the mails of invitations that are due. Two calls at the same time share the invitations: the database gives each to
 * one of them. An invitation whose attempt is not reported, because the function was stopped, is due again later.
 */

import { errorResponse, jsonResponse, requireMethod } from '../_shared/http.ts'
import type { Log } from '../_shared/log.ts'
import type { Invitation, Invitations } from './invitations.ts'
import type { Post } from './post.ts'

export interface InvitationDependencies {
  invitations: Invitations
  post: Post
  log: Log
}

/** Invitations claimed at once. Their mails are sent one after the other: Auth limits what it sends. */
export const ROUND = 10
const MAX_ROUNDS = 5

/** 200 `{"sent": n, "failed": n}`; 503 while the database is unavailable. */
export async function handleInvitations(
  request: Request,
  { invitations, post, log }: InvitationDependencies,
): Promise<Response> {
  try {
    requireMethod(request, 'POST')
    const counts = { sent: 0, failed: 0 }
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const due = await invitations.claim(ROUND)
      for (const invitation of due) {
        const failure = await attempt(invitation, post, log)
        await invitations.mailed(invitation.id, failure)
        counts[failure === null ? 'sent' : 'failed'] += 1
        const fields = { invitation: invitation.id, incident: invitation.incidentId }
        if (failure === null) log.info('invitation_sent', fields)
        else log.warn('invitation_failed', { ...fields, code: failure })
      }
      if (due.length < ROUND) break
    }
    return jsonResponse(counts)
  } catch (error) {
    return errorResponse(error, log)
  }
}

/** @returns the code of the failure; null for a mail that was sent. */
async function attempt(invitation: Invitation, post: Post, log: Log): Promise<string | null> {
  try {
    return await post(invitation)
  } catch (error) {
    log.error('invitation_attempt_broke', error, { invitation: invitation.id })
    return 'mail_unavailable'
  }
}
