/**
 * Error codes of the client library, and of the database functions that the client calls. A page loads this table alone;
 * `error-codes.ts` has the codes of the whole product.
 */

export const CLIENT_ERROR_CODES = {
  database_unavailable: { status: 503, message: 'The database is unavailable; try again later.' },
  client_unavailable: { status: 503, message: 'The client could not be loaded; trying again.' },
  invalid_arguments: { status: 400, message: 'The arguments are missing or contradict each other.' },
  not_signed_in: { status: 401, message: 'You are not signed in.' },
  session_expired: { status: 401, message: 'The sign-in has ended and could not be renewed.' },
  account_deleted: { status: 401, message: 'This account was deleted.' },
  user_mismatch: { status: 403, message: 'connect() was called with the id of another user.' },
  connection_lost: { status: 503, message: 'The live connection was lost; trying again.' },
  join_refused: { status: 403, message: 'The server refused the live connection for this user.' },
  topic_in_use: { status: 409, message: 'Another part of this page already listens to this topic.' },
  history_unavailable: { status: 503, message: 'Missed notifications could not be read; trying again.' },
  message_unrecognised: { status: 422, message: 'A message of an unknown shape arrived and was skipped.' },
  listener_failed: { status: 500, message: 'An event listener of the page failed.' },
  too_many_connections: { status: 429, message: 'This account is connected on as many devices as allowed.' },
  connection_displaced: { status: 409, message: 'Another device has taken the place of this one.' },
  rate_limited: { status: 429, message: 'Too many requests; try again in a moment.' },
  message_too_large: { status: 413, message: 'The message is larger than allowed.' },
  topic_forbidden: { status: 403, message: 'You may not send messages here.' },
} as const satisfies Record<string, { status: number; message: string }>

/** Error codes of the drop-in script. */
export const DROP_IN_ERROR_CODES = {
  configuration_missing: { status: 500, message: 'The page lacks a setting of its live connection.' },
  configuration_invalid: { status: 500, message: 'A setting of the live connection cannot be used.' },
  token_unavailable: { status: 503, message: 'The page could not get a token for its live connection.' },
} as const satisfies Record<string, { status: number; message: string }>

export type DropInErrorCode = keyof typeof DROP_IN_ERROR_CODES

export type ClientErrorCode = keyof typeof CLIENT_ERROR_CODES

export function isClientErrorCode(value: unknown): value is ClientErrorCode {
  return typeof value === 'string' && Object.hasOwn(CLIENT_ERROR_CODES, value)
}
