/** Requests to the database: limited in time, and with the codes that it answers. */

import { type ClientErrorCode, isClientErrorCode } from '../../../functions-shared/client-error-codes.ts'
import type { BackendRequest } from './backend.ts'
import { ClientError } from './client-error.ts'
import type { Identity } from './ports.ts'
import { unlessAborted } from './unless-aborted.ts'

/** Milliseconds. */
const REQUEST_TIMEOUT = 10_000

/**
 * @param otherwise the code of a failure that has none of its own, such as that of the network.
 * @param timeoutMs milliseconds after which it counts as failed.
 * @throws AppError; a hint that is JSON is its `details.hint`.
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
  const code = isClientErrorCode(error.message) ? error.message : otherwise
  const hint = parseHint(error.hint)
  throw new ClientError(code, { cause: error, ...(hint === undefined ? {} : { details: { hint } }) })
}

function parseHint(hint: string | null): unknown {
  if (typeof hint !== 'string' || hint === '') return undefined
  try {
    return JSON.parse(hint)
  } catch {
    // Words for people.
    return undefined
  }
}

/** The database answers whoever is signed in; that can change while a request is under way. */
export async function requireUser(identity: Identity, userId: string): Promise<void> {
  if ((await identity.currentUserId()) !== userId) throw new ClientError('user_mismatch')
}

/** A whole number that is not negative. PostgREST sends bigint as a number, other layers as text. */
export function toCount(value: unknown): number {
  const count = typeof value === 'string' && value !== '' ? Number(value) : value
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0) throw unreadable()
  return count
}

export function unreadable(): ClientError {
  return new ClientError('history_unavailable', { cause: new TypeError('unexpected shape of the answer') })
}
