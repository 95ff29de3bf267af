/** Errors of Auth in words: what happened, and what to do. */

export interface AuthFailure {
  /** Auth's code; undefined for an error without one. */
  code?: string | undefined
  /** HTTP status; 0 or undefined without an answer. */
  status?: number | undefined
  message: string
}

const WORDS: Readonly<Record<string, string>> = {
  invalid_credentials: 'Email or password is wrong.',
  email_not_confirmed: 'This address is not confirmed yet. Sign in by email instead: that confirms it.',
  otp_expired: 'The code is wrong or too old. Look for the newest mail, or have a new one sent.',
  validation_failed: 'This is not an email address.',
  email_address_invalid: 'No mail can be sent to this address. Is it spelled right?',
  email_address_not_authorized: 'No mail can be sent to this address. Is it spelled right?',
  user_banned: 'This account is closed. Ask the firm that handles your claim.',
  over_email_send_rate_limit: 'A mail was sent a moment ago. Wait a little before you have another one sent.',
  over_request_rate_limit: 'Too many attempts. Wait a few minutes, then try again.',
  weak_password: 'This password is too easy to guess. Take a longer one.',
  same_password: 'This is your present password. Choose another one.',
  email_exists: 'Another account has this address.',
  user_already_exists: 'Another account has this address.',
  reauthentication_not_valid: 'The code is wrong or too old. Look for the newest mail.',
  session_not_found: 'You are signed out. Sign in again.',
  session_expired: 'You are signed out. Sign in again.',
  account_deleted: 'This account was deleted, so you are signed out. Nothing of it is kept in this browser.',
  bad_code_verifier: 'This link works only in the browser that it was asked for in.',
  pkce_code_verifier_not_found: 'This link works only in the browser that it was asked for in.',
  flow_state_not_found: 'This link works only in the browser that it was asked for in.',
}

const NO_ANSWER = 'The server could not be reached. Try again in a moment.'

export function authWords({ code, status }: AuthFailure): string {
  const words = WORDS[code ?? '']
  if (words !== undefined) return words
  if (status === 429) return WORDS.over_request_rate_limit ?? NO_ANSWER
  return status === undefined || status === 0 || status >= 500 ? NO_ANSWER : 'That did not work. Try again.'
}

/** A link that cannot be used, in words. */
export function linkWords(failure: AuthFailure): string {
  const isSpent = ['otp_expired', 'access_denied', 'user_not_found'].includes(failure.code ?? '')
  return isSpent
    ? 'This link was used already, or it is too old. Links work once, and for an hour.'
    : authWords(failure)
}

/** Seconds until Auth sends another mail, as its refusal says; null where it does not. */
export function waitOf({ code, status, message }: AuthFailure): number | null {
  if (code !== 'over_email_send_rate_limit' && status !== 429) return null
  const [, seconds] = /after (\d{1,4}) seconds?/.exec(message) ?? []
  return seconds === undefined ? 60 : Number(seconds)
}
