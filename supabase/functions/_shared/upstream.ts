/**
 * What went wrong when REST, Auth or Storage answered a call of supabase-js with an error: away for now (then
 * the caller may come back), one of our own codes raised in SQL, or a fault of ours.
 */

import { AppError } from '../../../functions-shared/app-error.ts'
import { type ErrorCode, isErrorCode } from '../../../functions-shared/error-codes.ts'
import { isRecord } from '../../../functions-shared/unknown.ts'

export interface UpstreamFailure {
  error: unknown
  /** HTTP status; 0 or undefined where there was no answer at all. */
  status?: number | undefined
}

/** SQLSTATE classes that pass: connection, resources, operator intervention, system, rolled-back transactions. */
const TRANSIENT_SQLSTATE = /^(?:08|53|57|58|40)[0-9A-Z]{3}$/
/** PostgREST cannot reach its database (PGRST000 to PGRST003). */
const POSTGREST_AWAY = /^PGRST00\d$/
/** Raised by our SQL: SQLSTATE `PT` and an HTTP status, the message is the code. */
const RAISED_BY_US = /^PT\d{3}$/

export function databaseError(failure: UpstreamFailure): AppError {
  const code = codeOf(failure.error)
  if (code !== undefined && RAISED_BY_US.test(code)) {
    const raised = messageOf(failure.error)
    if (isErrorCode(raised)) return new AppError(raised, { cause: failure.error })
  }
  return new AppError(isDatabaseAway(failure, code) ? 'database_unavailable' : 'internal_error', {
    cause: failure.error,
  })
}

function isDatabaseAway({ status }: UpstreamFailure, code: string | undefined): boolean {
  if (code !== undefined && code !== '') return POSTGREST_AWAY.test(code) || TRANSIENT_SQLSTATE.test(code)
  // No code: no answer, or one that did not come from PostgREST but from something before it.
  return status === undefined || status === 0 || status === 429 || status >= 500
}

/** Auth needs the database for everything it answers, so its absence is the database's. */
export function authError(error: unknown): AppError {
  const status = statusOf(error)
  const away = status === undefined || status === 0 || status === 429 || status >= 500
  return new AppError(away ? 'database_unavailable' : 'internal_error', { cause: error })
}

/** @param notFound the code for an object that is not there. */
export function storageError(error: unknown, notFound: ErrorCode = 'internal_error'): AppError {
  const status = statusOf(error)
  if (status === 404 || codeOf(error) === 'NoSuchKey') return new AppError(notFound, { cause: error })
  const away = status === undefined || status === 0 || status === 429 || status >= 500
  return new AppError(away ? 'storage_unavailable' : 'internal_error', { cause: error })
}

/** The service's own code, e.g. `email_exists`, `PGRST116`, `23505`. */
export function codeOf(error: unknown): string | undefined {
  const code: unknown = isRecord(error) ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}

function messageOf(error: unknown): unknown {
  return isRecord(error) ? error.message : undefined
}

/** Storage sends its status as `status` or, in older versions, as text in `statusCode`. */
function statusOf(error: unknown): number | undefined {
  if (!isRecord(error)) return undefined
  if (typeof error.status === 'number') return error.status
  const status = Number(error.statusCode)
  return Number.isInteger(status) && status > 0 ? status : undefined
}
