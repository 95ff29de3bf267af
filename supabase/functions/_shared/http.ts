/** Requests in, responses out: limits, methods and the one shape of an error body. */

import { AppError } from '../../../functions-shared/app-error.ts'
import type { Log } from './log.ts'
import { concat } from './std.ts'

const NO_STORE = { 'cache-control': 'no-store' } as const

export function jsonResponse(body: unknown, status = 200): Response {
  return Response.json(body, { status, headers: NO_STORE })
}

/** Answers with the error's code. Whatever is not an {@link AppError} is logged and called `internal_error`. */
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

/** What is announced as too large need not be looked at. @throws AppError `body_too_large` */
export function requireAnnouncedSize(request: Request, maxBytes: number): void {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw new AppError('body_too_large')
}

/**
 * The body's bytes, counted while they arrive: `Content-Length` is only a claim.
 *
 * @throws AppError `body_too_large` once there are more than `maxBytes`; the rest is not read.
 */
export async function readBody(request: Request, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  requireAnnouncedSize(request, maxBytes)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength
    // Leaving the loop cancels the stream.
    if (size > maxBytes) throw new AppError('body_too_large')
    chunks.push(chunk)
  }
  return concat(chunks)
}

/** @throws AppError `invalid_json`, also where the bytes are not UTF-8. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new AppError('invalid_json', { cause })
  }
}

/** A fetch whose requests end after `ms`, body included; the caller's own signal still counts. */
export function fetchWithTimeout(ms: number, inner: typeof fetch = fetch): typeof fetch {
  return (input, init) => {
    const timeout = AbortSignal.timeout(ms)
    const signal = init?.signal ? AbortSignal.any([init.signal, timeout]) : timeout
    return inner(input, { ...init, signal })
  }
}
