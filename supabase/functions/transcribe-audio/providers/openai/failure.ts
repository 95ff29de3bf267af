/** Refusals of the service as codes: whether another attempt may succeed and when, or whether an operator must act. */

import * as v from 'valibot'
import { AppError } from '../../../../../functions-shared/app-error.ts'
import type { ErrorCode } from '../../../../../functions-shared/error-codes.ts'

/** Milliseconds. A service that asks for a longer wait is asked again after this one. */
export const MAX_RETRY_AFTER_MS = 3_600_000

/** Codes in the body that are more precise than the status. */
const BODY_CODES: ReadonlyMap<string, ErrorCode> = new Map<string, ErrorCode>([
  ['insufficient_quota', 'provider_quota_exceeded'],
  ['billing_hard_limit_reached', 'provider_quota_exceeded'],
  ['invalid_api_key', 'provider_refused'],
  ['model_not_found', 'provider_refused'],
  ['rate_limit_exceeded', 'provider_rate_limited'],
  ['server_error', 'provider_unavailable'],
])

const name = v.fallback(v.optional(v.string()), undefined)
const serviceError = v.fallback(v.object({ code: name, type: name }), {})
const refusal = v.fallback(v.object({ error: v.optional(serviceError) }), {})

/** @param body the answer's JSON, if it has any: `{error: {type, code, message}}`. */
export function failureOf(status: number, body: unknown, headers: Headers, now: number): AppError {
  const code = bodyCode(v.parse(refusal, body).error) ?? statusCode(status)
  return withDelay(code, retryAfterMs(headers, now), status)
}

/** An error within a stream, the status of which was 200. */
export function streamFailure(error: unknown): AppError {
  return withDelay(bodyCode(v.parse(serviceError, error)) ?? 'provider_unavailable', null, undefined)
}

function withDelay(code: ErrorCode, delay: number | null, status: number | undefined): AppError {
  // The service's message may quote the key or the recording, so only the status is kept.
  const cause = status === undefined ? undefined : Object.assign(new Error('refused'), { status })
  return new AppError(code, { cause, details: delay === null ? {} : { retryAfterMs: delay } })
}

function bodyCode({ code = '', type = '' }: v.InferOutput<typeof serviceError> = {}): ErrorCode | undefined {
  return BODY_CODES.get(code) ?? BODY_CODES.get(type)
}

function statusCode(status: number): ErrorCode {
  if (status === 429) return 'provider_rate_limited'
  if (status === 402) return 'provider_quota_exceeded'
  if (status === 408 || status === 504) return 'provider_timeout'
  if (status === 409 || status === 425 || status >= 500) return 'provider_unavailable'
  if (status === 413) return 'audio_too_large'
  if (status === 400 || status === 415 || status === 422) return 'provider_rejected_audio'
  // 401 and 403: the key. 404, 405 and redirects: the address or the model.
  return 'provider_refused'
}

/** Milliseconds that the service asks to wait; null where it asks for none. */
export function retryAfterMs(headers: Headers, now: number): number | null {
  const exact = Number(headers.get('retry-after-ms') ?? Number.NaN)
  if (exact >= 0) return Math.min(exact, MAX_RETRY_AFTER_MS)
  const text = headers.get('retry-after')?.trim() ?? ''
  if (text === '') return null
  const seconds = Number(text)
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - now
  return Number.isFinite(wait) ? Math.min(Math.max(0, wait), MAX_RETRY_AFTER_MS) : null
}
