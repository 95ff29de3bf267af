/** Requests to the database's functions: limited in time, and with the codes that they answer. */

import { AppError } from '../../../functions-shared/app-error.ts'
import { type ErrorCode, isErrorCode } from '../../../functions-shared/error-codes.ts'
import { unlessAborted } from './unless-aborted.ts'

interface Answer<T> {
  data: T
  error: null
}

interface Refusal {
  data: null
  error: { message: string; hint: string | null }
}

interface Request<T> extends PromiseLike<Answer<T> | Refusal> {
  abortSignal(signal: AbortSignal): PromiseLike<Answer<T> | Refusal>
}

/** Milliseconds. */
const REQUEST_TIMEOUT = 10_000

/**
 * @param otherwise the code of a failure that has none of its own, such as that of the network.
 * @throws AppError; a hint that is JSON is its `details.hint`.
 */
export async function call<T>(request: Request<T>, otherwise: ErrorCode, signal?: AbortSignal): Promise<T> {
  const timeout = AbortSignal.timeout(REQUEST_TIMEOUT)
  const limit = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
  const answer = await unlessAborted(limit, request.abortSignal(limit)).catch((cause: unknown) => {
    throw new AppError(otherwise, { cause })
  })
  const { data, error } = answer
  if (error === null) return data
  const code = isErrorCode(error.message) ? error.message : otherwise
  const hint = parseHint(error.hint)
  throw new AppError(code, { cause: error, ...(hint === undefined ? {} : { details: { hint } }) })
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
