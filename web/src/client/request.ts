/** Requests to the database, with a time limit and the database's error codes. */

import { type ClientErrorCode, isClientErrorCode } from '../../../functions-shared/client-error-codes.ts'
import type { BackendRequest } from './backend.ts'
import { ClientError } from './client-error.ts'
import type { Identity } from './ports.ts'
import { unlessAborted } from './unless-aborted.ts'

/** Milliseconds. */
const REQUEST_TIMEOUT = 10_000

/**
 * @param otherwise the code of a failure without a code of its own, such as a network failure.
 * @param timeoutMs milliseconds after which the request counts as failed.
 * @throws AppError; a hint in JSON becomes `details.hint`.
 */
export async function call(
  request: BackendRequest,
  otherwise: ClientErrorCode,
  signal?: AbortSignal,
  timeoutMs: number = REQUEST_TIMEOUT,
): Promise<unknown> {
  const timeout = AbortSignal.timeout(timeoutMs)
  const limit = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
  const answer = await unlessAborted(limit, request.abortSignal(limit)).catch((cause: unknown) => {
    throw new ClientError(otherwise, { cause })
  })
  const { data, error } = answer
  if (error === null) return data
  const code = isClientErrorCode(error.message)
    ? error.message
    : answer.status === 401
      ? 'session_expired'
      : otherwise
  const hint = parseHint(error.hint)
  throw new ClientError(code, { cause: error, ...(hint === undefined ? {} : { details: { hint } }) })
}

function parseHint(hint: string | null): unknown {
  if (typeof hint !== 'string' || hint === '') return undefined
  try {
    return JSON.parse(hint)
  } catch {
    // The hint is text for people.
    return undefined
  }
}

/** The database answers for the signed-in user, which can change while a request is running. */
export async function requireUser(identity: Identity, userId: string): Promise<void> {
  if ((await identity.currentUserId()) !== userId) throw new ClientError('user_mismatch')
}

/** A whole number of at least 0. PostgREST sends bigint as a number, other REST layers as text. */
export function toCount(value: unknown): number {
  const count = typeof value === 'string' && value !== '' ? Number(value) : value
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0) throw unreadable()
  return count
}

export function unreadable(): ClientError {
  return new ClientError('history_unavailable', { cause: new TypeError('unexpected shape of the answer') })
}
