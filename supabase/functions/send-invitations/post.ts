/**
 * Sends the mail of an invitation by Auth, which works with hosted Auth as it is: its invitation for an address without an
 * account, its sign-in link for one with an account. Both links lead to the case. A session that began with
 * such a link proves the mailbox, and the database then makes the user a member (`supabase/schemas/invitations.sql`).
 */

import type { SupabaseClient } from '@supabase/supabase-js'
import { codeOf } from '../_shared/upstream.ts'
import type { Invitation } from './invitations.ts'

/** @returns the code of the failure; null for a mail that was sent. */
export type Post = (invitation: Invitation) => Promise<string | null>

const CODE = /^[a-z][a-z0-9_]{0,63}$/

/** @param dashboardUrl where the link leads; undefined: to the Site URL of Auth. */
export function createPost(client: SupabaseClient, dashboardUrl: URL | undefined): Post {
  return async (invitation) => {
    const { email, hasAccount } = invitation
    const target = dashboardUrl === undefined ? undefined : linkTo(invitation, dashboardUrl)
    if (!hasAccount) {
      const { error } = await client.auth.admin.inviteUserByEmail(
        email,
        target === undefined ? {} : { redirectTo: target },
      )
      if (error === null) return null
      // The account was opened since the invitation was claimed.
      if (codeOf(error) !== 'email_exists') return failureOf(error)
    }
    const { error } = await client.auth.signInWithOtp({
      email,
      options: { shouldCreateUser: false, ...(target !== undefined && { emailRedirectTo: target }) },
    })
    return error === null ? null : failureOf(error)
  }
}

function failureOf(error: unknown): string {
  const code = codeOf(error) ?? ''
  return CODE.test(code) ? code : 'mail_unavailable'
}

/** The dashboard reads `incident` of its address. */
export function linkTo({ incidentId }: Pick<Invitation, 'incidentId'>, dashboardUrl: URL): string {
  const url = new URL(dashboardUrl)
  url.search = ''
  url.hash = ''
  if (incidentId !== null) url.searchParams.set('incident', incidentId)
  return url.href
}
