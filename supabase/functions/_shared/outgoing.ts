/**
 * Requests of a function to Supabase and to other services. An answer stays within a time and a size, and is never
 * decompressed: a compressed answer of a few kilobytes could fill the worker's memory.
 */

import { AppError } from '../../../functions-shared/app-error.ts'
import type { ErrorCode } from '../../../functions-shared/error-codes.ts'
import type { ByteLimit } from './byte-streams.ts'

export interface AnswerLimits {
  /** Milliseconds from the request to the end of the answer's body. Default: the caller's signal alone ends it. */
  timeoutMs?: number
  /** Bytes of the answer's body. */
  maxBytes: number
  /** Code of the error for an answer that is compressed or too large. */
  refusal: ErrorCode
  /** Default: the platform's. */
  fetch?: typeof fetch | undefined
}

/** Bytes of one answer of REST, Auth or Storage. The largest are files of 25 MB. */
const MAX_SUPABASE_ANSWER_BYTES = 32 * 1024 * 1024

/** The fetch for a Supabase client. @param timeoutMs milliseconds for one call, body included */
export function supabaseFetch(timeoutMs: number, inner: typeof fetch = fetch): typeof fetch {
  return boundedFetch({
    timeoutMs,
    maxBytes: MAX_SUPABASE_ANSWER_BYTES,
    refusal: 'internal_error',
    fetch: inner,
  })
}

/**
 * A fetch that asks for an uncompressed answer. Deno leaves the body of an answer as it is when the request names an
 * encoding itself, so an answer that is compressed all the same is recognised by its `Content-Encoding`.
 */
export function boundedFetch({
  timeoutMs,
  maxBytes,
  refusal,
  fetch: send = fetch,
}: AnswerLimits): typeof fetch {
  return async (input, init) => {
    const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined))
    headers.set('accept-encoding', 'identity')
    const signal = signalFor(input, init, timeoutMs)
    const response = await send(input, { ...init, headers, signal })
    return await bounded(response, signal, { maxBytes, tooLarge: refusal })
  }
}

function signalFor(
  input: Parameters<typeof fetch>[0],
  init: RequestInit | undefined,
  timeoutMs: number | undefined,
): AbortSignal {
  const given = init?.signal ?? (input instanceof Request ? input.signal : null)
  const signals = [given, timeoutMs === undefined ? null : AbortSignal.timeout(timeoutMs)]
  return AbortSignal.any(signals.filter((signal) => signal !== null))
}

async function bounded(response: Response, signal: AbortSignal, limit: ByteLimit): Promise<Response> {
  const { body, status, statusText, headers } = response
  if (body === null) return response
  const encoding = headers.get('content-encoding') ?? 'identity'
  if (
    encoding.trim().toLowerCase() !== 'identity' ||
    Number(headers.get('content-length')) > limit.maxBytes
  ) {
    await body.cancel()
    throw new AppError(limit.tooLarge, { cause: new TypeError('The answer is compressed or too large') })
  }
  const stream = body.pipeThrough(countBytes(signal, limit), { signal })
  return new Response(stream, { status, statusText, headers })
}

/**
 * @param signal referenced while the body is read: Deno collects a combined signal without references as garbage, and its
 * abort event is then lost.
 */
function countBytes(
  signal: AbortSignal,
  { maxBytes, tooLarge }: ByteLimit,
): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  let length = 0
  return new TransformStream({
    transform(chunk, controller) {
      signal.throwIfAborted()
      length += chunk.length
      if (length > maxBytes) throw new AppError(tooLarge)
      controller.enqueue(chunk)
    },
  })
}
