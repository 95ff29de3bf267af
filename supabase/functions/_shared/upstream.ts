/**
 * Errors of supabase-js as codes of ours: the service is unavailable at present (the caller may try again), SQL raised
 * one of our codes, or there is a defect in our code.
 */

import * as v from 'valibot'
import { AppError } from '../../../functions-shared/app-error.ts'
import { type ErrorCode, isErrorCode } from '../../../functions-shared/error-codes.ts'

export interface UpstreamFailure {
  error: unknown
  /** HTTP status; 0 or undefined without an answer. */
  status?: number | undefined
}

/** SQLSTATE classes of faults that pass: connection, resources, operator intervention, system, rolled-back transactions. */
const TRANSIENT_SQLSTATE = /^(?:08|53|57|58|40)[0-9A-Z]{3}$/
/** PGRST000 to PGRST003: PostgREST cannot reach its database. */
const POSTGREST_UNAVAILABLE = /^PGRST00\d$/
/** An error raised by our SQL: SQLSTATE `PT` with an HTTP status, and the code as its message. */
const RAISED_BY_OUR_SQL = /^PT\d{3}$/

const field = <Schema extends v.GenericSchema>(schema: Schema) => v.fallback(v.optional(schema), undefined)

/** Storage sends its status as `status` or, in older versions, as text in `statusCode`. */
const upstreamError = v.fallback(
  v.object({
    code: field(v.string()),
    message: field(v.string()),
    status: field(v.number()),
    statusCode: field(v.pipe(v.union([v.string(), v.number()]), v.toNumber(), v.minValue(1))),
  }),
  {},
)

export function databaseError(failure: UpstreamFailure): AppError {
  const { code, message } = v.parse(upstreamError, failure.error)
  if (code !== undefined && RAISED_BY_OUR_SQL.test(code) && isErrorCode(message)) {
    return new AppError(message, { cause: failure.error })
  }
  return new AppError(
    isDatabaseUnavailable(failure.status, code) ? 'database_unavailable' : 'internal_error',
    { cause: failure.error },
  )
}

function isDatabaseUnavailable(status: number | undefined, code: string | undefined): boolean {
  if (code !== undefined && code !== '')
    return POSTGREST_UNAVAILABLE.test(code) || TRANSIENT_SQLSTATE.test(code)
  // Without a code the answer came from a gateway, or there was none.
  return isUnavailable(status)
}

/** Auth needs the database for every answer, so its errors are reported as the database's. */
export function authError(error: unknown): AppError {
  return new AppError(isUnavailable(statusOf(error)) ? 'database_unavailable' : 'internal_error', {
    cause: error,
  })
}

/** @param notFound the code for a missing object. */
export function storageError(error: unknown, notFound: ErrorCode = 'internal_error'): AppError {
  const status = statusOf(error)
  if (status === 404 || codeOf(error) === 'NoSuchKey') return new AppError(notFound, { cause: error })
  return new AppError(isUnavailable(status) ? 'storage_unavailable' : 'internal_error', { cause: error })
}

function isUnavailable(status: number | undefined): boolean {
  return status === undefined || status === 0 || status === 429 || status >= 500
}

/** The service's own code, e.g. `email_exists`, `PGRST116`, `23505`. */
export function codeOf(error: unknown): string | undefined {
  return v.parse(upstreamError, error).code
}

function statusOf(error: unknown): number | undefined {
  const { status, statusCode } = v.parse(upstreamError, error)
  return status ?? statusCode
}
