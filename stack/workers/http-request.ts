/** Performs one queued request and says what came of it, in the words of net._http_response. */

import { isDatabaseUnavailable } from '../database-errors.ts'

export interface QueuedRequest {
  id: string
  method: string
  url: string
  headers: Readonly<Record<string, string>>
  body: Uint8Array<ArrayBuffer> | null
  timeoutMs: number
}

export interface RequestOutcome {
  id: string
  statusCode: number | null
  contentType: string | null
  headers: Readonly<Record<string, string>> | null
  content: string | null
  timedOut: boolean | null
  error: string | null
}

/** Bytes of an answer that are kept; a longer one is an error. */
const MAX_RESPONSE_BYTES = 10 * 1024 * 1024

/** Never rejects. @param signal ends the request before its time. */
export async function performRequest(request: QueuedRequest, signal: AbortSignal): Promise<RequestOutcome> {
  const nothing = { statusCode: null, contentType: null, headers: null, content: null }
  const limit = AbortSignal.timeout(Math.max(1, request.timeoutMs))
  try {
    const response = await fetch(request.url, {
      method: request.method.toUpperCase(),
      headers: { 'user-agent': 'pg_net', ...request.headers },
      body: request.body,
      signal: AbortSignal.any([limit, signal]),
    })
    const content = await readContent(response)
    return {
      id: request.id,
      statusCode: response.status,
      contentType: response.headers.get('content-type'),
      headers: Object.fromEntries(response.headers),
      // PostgreSQL's text has no NUL.
      content: content.replaceAll('\u0000', ''),
      timedOut: false,
      error: null,
    }
  } catch (error) {
    if (limit.aborted && !signal.aborted) {
      const message = `Timeout of ${request.timeoutMs} ms reached`
      return { id: request.id, ...nothing, timedOut: true, error: message }
    }
    return { id: request.id, ...nothing, timedOut: false, error: reasonOf(error, signal) }
  }
}

async function readContent(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > MAX_RESPONSE_BYTES) throw new Error(`The answer is larger than ${MAX_RESPONSE_BYTES} bytes`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

/** libcurl's sentences where it has one, as people search for those. */
function reasonOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'The worker was stopped'
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return "Couldn't resolve host name"
  if (code === 'ECONNREFUSED' || isDatabaseUnavailable(cause)) return "Couldn't connect to server"
  return cause instanceof Error ? cause.message : 'The request failed'
}
