/** What a refusal of the service means: may it pass, and when; or does somebody have to act. */

import { AppError } from '../../../../../functions-shared/app-error.ts'
import type { ErrorCode } from '../../../../../functions-shared/error-codes.ts'
import { isRecord } from '../../../../../functions-shared/unknown.ts'

/** A service that asks for more than that is asked again after that. Milliseconds. */
export const MAX_RETRY_AFTER_MS = 3_600_000

/** Codes in the body that say more than the status. */
const BODY_CODES: Readonly<Record<string, ErrorCode>> = {
  insufficient_quota: 'provider_quota_exceeded',
  billing_hard_limit_reached: 'provider_quota_exceeded',
  invalid_api_key: 'provider_refused',
  model_not_found: 'provider_refused',
  rate_limit_exceeded: 'provider_rate_limited',
  server_error: 'provider_unavailable',
}

/** @param body the answer's JSON, if it is any: `{error: {type, code, message}}`. */
export function failureOf(status: number, body: unknown, headers: Headers, now: number): AppError {
  const code = bodyCode(isRecord(body) ? body.error : undefined) ?? statusCode(status)
  return withDelay(code, retryAfterMs(headers, now), status)
}

/** An error in the middle of a stream, whose status said that all was well. */
export function streamFailure(error: unknown): AppError {
  return withDelay(bodyCode(error) ?? 'provider_unavailable', null, undefined)
}

function withDelay(code: ErrorCode, delay: number | null, status: number | undefined): AppError {
  // The message may quote the key or the recording; its status is all that is kept.
  const cause = status === undefined ? undefined : Object.assign(new Error('refused'), { status })
  return new AppError(code, { cause, details: delay === null ? {} : { retryAfterMs: delay } })
}

function bodyCode(error: unknown): ErrorCode | undefined {
  if (!isRecord(error)) return undefined
  for (const value of [error.code, error.type]) {
    if (typeof value === 'string' && Object.hasOwn(BODY_CODES, value)) return BODY_CODES[value]
  }
  return undefined
}

function statusCode(status: number): ErrorCode {
  if (status === 429) return 'provider_rate_limited'
  if (status === 402) return 'provider_quota_exceeded'
  if (status === 408 || status === 504) return 'provider_timeout'
  if (status === 409 || status === 425 || status >= 500) return 'provider_unavailable'
  if (status === 413) return 'audio_too_large'
  if (status === 400 || status === 415 || status === 422) return 'provider_rejected_audio'
  // 401 and 403 are the key; 404, 405 and the redirects are the address or the model.
  return 'provider_refused'
}

/** Milliseconds that the service asks to wait; null where it says nothing. */
export function retryAfterMs(headers: Headers, now: number): number | null {
  const exact = Number(headers.get('retry-after-ms') ?? Number.NaN)
  if (exact >= 0) return Math.min(exact, MAX_RETRY_AFTER_MS)
  const text = headers.get('retry-after')?.trim() ?? ''
  if (text === '') return null
  const seconds = Number(text)
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - now
  return Number.isFinite(wait) ? Math.min(Math.max(0, wait), MAX_RETRY_AFTER_MS) : null
}
