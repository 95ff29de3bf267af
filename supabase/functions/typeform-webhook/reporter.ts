/**
 * The account that a claim is filed under. The first row that fits decides:
 *
 * | hidden `user_token` | hidden `user_id` | `email` answer     | outcome                                               |
 * |---------------------|------------------|--------------------|-------------------------------------------------------|
 * | of a form link      | any              | any                | the account that the link was made for                |
 * | other, or none      | of an account    | any                | that account                                          |
 * |                     | of no account    | of no account      | a new account with that id and address, and a mail    |
 * |                     | none             | of no account      | a new account with that address, and a mail           |
 * |                     | of none, or none | of an account      | the claim waits; a mail asks the address' owner       |
 * |                     | of none, or none | refused, or none   | `user_unknown`                                        |
 * |                     | not a UUID       | any                | `user_unknown`                                        |
 *
 * Everybody can write a `user_id` into the form's address. Where `requireSignedUser` is set, `user_id` therefore counts as
 * none, and only a token that `form_link()` made for a signed-in user names an existing account.
 *
 * An e-mail answer is typed text. An e-mail answer opens a new account, which only the owner of that mailbox can enter
 * (see accounts.ts), and never adds a claim to an existing account: the claim waits until the owner of the mailbox confirms
 * it (supabase/schemas/waiting_claims.sql). The id of a new account without `user_id` is derived
 * from the response's token, so that one response delivered twice, even at the same moment, ends in one account.
 */

import { AppError } from '../../../functions-shared/app-error.ts'
import { findAnswer, type TypeformResponse } from '../../../functions-shared/typeform.ts'
import { isUuid } from '../../../functions-shared/uuid.ts'

export interface Account {
  id: string
  email: string | null
  /** False until the first sign-in by a link or code to an account that a form opened. */
  isProven: boolean
}

export interface Reporter {
  /** The owner of the claim; null: the claim waits for the owner of the address. */
  userId: string | null
  /** Address of the mail with the link to the claim. Null: no mail is sent. */
  mailTo: string | null
}

export type CreateAccountResult =
  | { outcome: 'created'; account: Account }
  /** Another account has this address. */
  | { outcome: 'email_taken' }
  /** Auth refuses this address. */
  | { outcome: 'email_refused' }
  /** Another error, e.g. because a second delivery has just made an account with this id. */
  | { outcome: 'failed'; error: AppError }

export interface Accounts {
  /** The user whom the token of a form link was made for; null for a token that is unknown or has expired. */
  findByFormLink(token: string): Promise<string | null>
  find(id: string): Promise<Account | null>
  create(account: { id: string; email: string }): Promise<CreateAccountResult>
}

const EMAIL_FIELDS = ['email', 'reporter_email'] as const

export interface ReporterRules {
  /** Whether an id in the hidden field `user_id` counts for nothing. Default false. */
  requireSignedUser?: boolean
}

/** @throws AppError `user_unknown` with `details.reason`, or what the account service threw. */
export async function resolveReporter(
  response: TypeformResponse,
  accounts: Accounts,
  { requireSignedUser = false }: ReporterRules = {},
): Promise<Reporter> {
  const { hidden } = response.form_response
  const linked = hidden.user_token ? await accounts.findByFormLink(hidden.user_token.trim()) : null
  if (linked !== null) return { userId: linked, mailTo: null }
  const claimedId = requireSignedUser ? '' : (hidden.user_id?.trim().toLowerCase() ?? '')
  const email = findAnswer(response, 'email', EMAIL_FIELDS)?.email.trim().toLowerCase() ?? ''
  if (claimedId !== '' && !isUuid(claimedId)) throw unknown('user_id_malformed')
  if (claimedId !== '') {
    const account = await accounts.find(claimedId)
    // A delivery of this response may have opened the account and then failed: its invitation is missing.
    if (account) return { userId: account.id, mailTo: isInvited(account, email) ? email : null }
  }
  if (email === '') throw unknown(claimedId === '' ? 'no_user_id_and_no_email' : 'user_id_not_found')
  const id = claimedId === '' ? await idFromToken(response.form_response.token) : claimedId
  return await createOrFind({ id, email }, accounts)
}

async function createOrFind(wanted: { id: string; email: string }, accounts: Accounts): Promise<Reporter> {
  const result = await accounts.create(wanted)
  if (result.outcome === 'created') return { userId: result.account.id, mailTo: wanted.email }
  // Another delivery of the same response may have made the account meanwhile.
  const account = await accounts.find(wanted.id)
  if (account) return { userId: account.id, mailTo: isInvited(account, wanted.email) ? wanted.email : null }
  if (result.outcome === 'failed') throw result.error
  if (result.outcome === 'email_taken') return { userId: null, mailTo: wanted.email }
  throw unknown(result.outcome)
}

function isInvited(account: Account, email: string): boolean {
  return !account.isProven && account.email === email
}

/** A name-based UUID (version 8: SHA-256) of the response's token. */
async function idFromToken(token: string): Promise<string> {
  const name = new TextEncoder().encode(`typeform-response:${token}`)
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', name)).slice(0, 16)
  hash.set([((hash[6] ?? 0) & 0x0f) | 0x80], 6)
  hash.set([((hash[8] ?? 0) & 0x3f) | 0x80], 8)
  const hex = Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

function unknown(reason: string): AppError {
  return new AppError('user_unknown', { details: { reason } })
}
