/** Requests to a function and its responses: methods, size of the body, and the one shape of an error body. */

import { AppError } from '../../../functions-shared/app-error.ts'
import { readAll } from './byte-streams.ts'
import type { Log } from './log.ts'

const NO_STORE = { 'cache-control': 'no-store' } as const

export function jsonResponse(body: unknown, status = 200): Response {
  return Response.json(body, { status, headers: NO_STORE })
}

/** Answers with the error's code. An error that is no {@link AppError} is logged and answered as `internal_error`. */
export function errorResponse(error: unknown, log: Log): Response {
  const known = error instanceof AppError ? error : new AppError('internal_error', { cause: error })
  if (known.status >= 500) log.error('request_failed', known, { code: known.code })
  else log.warn('request_refused', { code: known.code })
  return jsonResponse(known.toJSON(), known.status)
}

/** @throws AppError `method_not_allowed` with the methods that are accepted. */
export function requireMethod(request: Request, ...allowed: readonly string[]): void {
  if (!allowed.includes(request.method)) throw new AppError('method_not_allowed', { details: { allowed } })
}

/** Refuses a body by its announced length, before it is read. @throws AppError `body_too_large` */
export function requireAnnouncedSize(request: Request, maxBytes: number): void {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw new AppError('body_too_large')
}

/**
 * The body's bytes, as they were sent. They are counted while they arrive, because the announced length may be wrong.
 * @throws AppError `body_too_large` above `maxBytes`
 */
export async function readBody(request: Request, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  requireAnnouncedSize(request, maxBytes)
  return await readAll(request.body ?? [], { maxBytes, tooLarge: 'body_too_large' })
}

/** @throws AppError `invalid_json`, also where the bytes are not UTF-8. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new AppError('invalid_json', { cause })
  }
}
