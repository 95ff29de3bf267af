/** Performs one queued request. Its outcome has the columns of net._http_response. */

import { requestErrorText, requestTimeoutText } from './errors.ts'

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

/** Bytes of an answer; a longer one is an error. */
const MAX_RESPONSE_BYTES = 10 * 1024 * 1024

/** Never rejects. @param signal ends the request early */
export async function performRequest(request: QueuedRequest, signal: AbortSignal): Promise<RequestOutcome> {
  const { id, timeoutMs } = request
  const limit = AbortSignal.timeout(Math.max(1, timeoutMs))
  try {
    const response = await fetch(request.url, {
      method: request.method.toUpperCase(),
      headers: { 'user-agent': 'pg_net', ...request.headers },
      body: request.body,
      signal: AbortSignal.any([limit, signal]),
    })
    const content = await readContent(response)
    return {
      id,
      statusCode: response.status,
      contentType: response.headers.get('content-type'),
      headers: Object.fromEntries(response.headers),
      // PostgreSQL's text cannot hold NUL.
      content: content.replaceAll('\u0000', ''),
      timedOut: false,
      error: null,
    }
  } catch (error) {
    const timedOut = limit.aborted && !signal.aborted
    return {
      id,
      statusCode: null,
      contentType: null,
      headers: null,
      content: null,
      timedOut,
      error: timedOut ? requestTimeoutText(timeoutMs) : requestErrorText(error, signal.aborted),
    }
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
