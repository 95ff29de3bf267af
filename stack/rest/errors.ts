/** PostgREST's errors: SQLSTATE to HTTP status, and the body `{ code, details, hint, message }`. */

import * as v from 'valibot'
import { isDatabaseUnavailable } from '../database-errors.ts'
import { isPoolExhausted } from '../database-pool.ts'
import type { Role } from '../types.ts'

export interface RestErrorBody {
  code: string
  message: string
  details: string | null
  hint: string | null
}

/** Ends a request with `response`. The library's router calls `getResponse`. */
export class RestFailure extends Error {
  override readonly name = 'RestFailure'
  readonly #response: Response

  constructor(response: Response, cause?: unknown) {
    super(`answered with ${response.status}`, { cause })
    this.#response = response
  }

  getResponse(): Response {
    return this.#response
  }
}

export function errorResponse(
  status: number,
  body: Partial<RestErrorBody> & Pick<RestErrorBody, 'code' | 'message'>,
  headers: Record<string, string> = {},
): Response {
  const { code, message, details = null, hint = null } = body
  return Response.json({ code, details, hint, message } satisfies RestErrorBody, {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
  })
}

export const schemaCacheUnavailable = (): Response =>
  errorResponse(503, {
    code: 'PGRST002',
    message: 'Could not query the database for the schema cache. Retrying.',
  })

const databaseUnavailable = (): Response =>
  errorResponse(503, { code: 'PGRST001', message: 'Database client error. Retrying the connection.' })

const poolTimeout = (): Response =>
  errorResponse(504, {
    code: 'PGRST003',
    message: 'Timed out acquiring connection from connection pool.',
  })

export const unexpectedError = (): Response =>
  errorResponse(500, { code: 'PGRSTX00', message: 'An unexpected error occurred' })

/** The answer to a failed statement; undefined for an error that does not come from the database. */
export function databaseErrorResponse(error: unknown, role: Role): Response | undefined {
  if (isPoolExhausted(error)) return poolTimeout()
  if (isDatabaseUnavailable(error)) return databaseUnavailable()
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined
  if (!/^[0-9A-Z]{5}$/.test(error.code)) return undefined
  const details = textOf(error, 'detail')
  const hint = textOf(error, 'hint')
  if (error.code === 'PGRST') return raisedResponse(error.message, details)
  return errorResponse(
    statusOf(error.code, error.message, role),
    { code: error.code, message: error.message, details, hint },
    error.code === '42501' && role === 'anon' ? { 'www-authenticate': 'Bearer' } : {},
  )
}

const CODE_STATUS: Readonly<Record<string, number>> = {
  '23503': 409,
  '23505': 409,
  '25006': 405,
  '42P01': 404,
  '42P17': 500,
  '53400': 500,
  '57P01': 503,
  P0001: 400,
}

const CLASS_STATUS: Readonly<Record<string, number>> = {
  '08': 503,
  '09': 500,
  '0L': 403,
  '0P': 403,
  '25': 500,
  '28': 403,
  '2D': 500,
  '38': 500,
  '39': 500,
  '3B': 500,
  '40': 500,
  '53': 503,
  '54': 500,
  '55': 500,
  '57': 500,
  '58': 500,
  F0: 500,
  HV: 500,
  P0: 500,
  XX: 500,
}

/** @see https://docs.postgrest.org/en/stable/references/errors.html */
function statusOf(code: string, message: string, role: Role): number {
  if (code.startsWith('PT')) {
    const status = Number(code.slice(2))
    return Number.isInteger(status) && status >= 200 && status <= 599 ? status : 500
  }
  if (code === '42501') return role === 'anon' ? 401 : 403
  if (code === '42883') return message.startsWith('function xmlagg(') ? 406 : 404
  if (code === '21000') return message.endsWith('requires a WHERE clause') ? 400 : 500
  return CODE_STATUS[code] ?? CLASS_STATUS[code.slice(0, 2)] ?? 400
}

/** The message of `raise sqlstate 'PGRST'`: the body. */
const RaisedBody = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    code: v.string(),
    message: v.string(),
    details: v.fallback(v.nullable(v.string()), null),
    hint: v.fallback(v.nullable(v.string()), null),
  }),
)

/** The detail of `raise sqlstate 'PGRST'`. */
const RaisedEnvelope = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    status: v.pipe(v.number(), v.integer(), v.minValue(200), v.maxValue(599)),
    headers: v.record(v.string(), v.string()),
  }),
)

function raisedResponse(message: string, detail: string | null): Response {
  const body = v.safeParse(RaisedBody, message)
  const envelope = v.safeParse(RaisedEnvelope, detail)
  if (body.success && envelope.success) {
    return errorResponse(envelope.output.status, body.output, envelope.output.headers)
  }
  return errorResponse(500, {
    code: 'PGRST121',
    message: 'Could not parse JSON in the "RAISE SQLSTATE \'PGRST\'" error',
  })
}

function textOf(error: Error, name: 'detail' | 'hint'): string | null {
  const value: unknown = Reflect.get(error, name)
  return typeof value === 'string' && value !== '' ? value : null
}
