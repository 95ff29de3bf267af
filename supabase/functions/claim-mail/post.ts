/**
 * Sends a mail by Auth: its sign-in link, which leads to the claim. Works with hosted Auth as it is, because the account is
 * there (`shouldCreateUser: false`) and the mail is Auth's own.
 */

import type { SupabaseClient } from '@supabase/supabase-js'
import { codeOf } from '../_shared/upstream.ts'
import type { ClaimMail, Outcome } from './outbox.ts'

export type Post = (mail: ClaimMail) => Promise<Outcome>

/** Codes of Auth for addresses and accounts that no further attempt changes. */
const REFUSED: readonly string[] = [
  'email_address_invalid',
  'email_address_not_authorized',
  'validation_failed',
  'otp_disabled',
  'signup_disabled',
  'user_banned',
  'user_not_found',
]
const CODE = /^[a-z][a-z0-9_]{0,63}$/

/** @param dashboardUrl where the link leads; undefined: to the Site URL of Auth, which shows the newest claim. */
export function createPost(client: SupabaseClient, dashboardUrl: URL | undefined): Post {
  return async (mail) => {
    const { error } = await client.auth.signInWithOtp({
      email: mail.email,
      options: {
        shouldCreateUser: false,
        ...(dashboardUrl !== undefined && { emailRedirectTo: linkTo(mail, dashboardUrl) }),
      },
    })
    if (error === null) return { outcome: 'sent' }
    const code = codeOf(error) ?? ''
    if (REFUSED.includes(code)) return { outcome: 'refused', code }
    return { outcome: 'failed', code: CODE.test(code) ? code : 'mail_unavailable' }
  }
}

/** The dashboard reads `incident` and `claim` of its address (web/src/dashboard/sign-in/landing.ts). */
export function linkTo({ incidentId, token }: ClaimMail, dashboardUrl: URL): string {
  const url = new URL(dashboardUrl)
  url.search = ''
  url.hash = ''
  url.searchParams.set('incident', incidentId)
  if (token !== null) url.searchParams.set('claim', token)
  return url.href
}
