/**
 * Addresses of the REST API, behind the gateway's `/rest/v1`. `@supabase/lite` serves them; this file passes requests in
 * and corrects answers.
 *
 *   /<table or view>    GET, HEAD, POST, PATCH, PUT, DELETE
 *   /rpc/<function>     POST; GET for functions that do not write
 */

import { isTooDeep } from '../json.ts'
import type { Logger } from '../types.ts'
import { asOneObject, expectsOneRow } from './cardinality.ts'
import type { Call } from './connection.ts'
import { errorResponse, RestFailure, unexpectedError } from './errors.ts'

const LIBRARY_PREFIX = '/rest/v1'
/** The library would check tokens of its own kind. The gateway has checked the caller already. */
const HANDLED_HEADERS: readonly string[] = ['authorization', 'apikey', 'origin']

/** The request as the library gets it. @throws RestFailure `PGRST102` for JSON that is nested too deeply */
export async function requestFor(request: Request, path: string): Promise<Request> {
  const url = new URL(request.url)
  url.pathname = `${LIBRARY_PREFIX}${path}`
  if (url.searchParams.has('apikey')) url.searchParams.delete('apikey')
  const headers = new Headers(request.headers)
  for (const name of HANDLED_HEADERS) headers.delete(name)
  const { method } = request
  if (request.body === null) return new Request(url, { method, headers })
  if (!(headers.get('content-type') ?? 'json').includes('json')) {
    return new Request(url, { method, headers, body: request.body, duplex: 'half' })
  }
  // The library reads the whole body in any case.
  const body = await request.text()
  if (isTooDeep(body)) {
    throw new RestFailure(errorResponse(400, { code: 'PGRST102', message: 'Empty or invalid json' }))
  }
  return new Request(url, { method, headers, body })
}

/** The library's answer as PostgREST would give it. */
export async function answerOf(response: Response, call: Call, logger: Logger): Promise<Response> {
  if (response.status === 404 && !isJson(response)) {
    return errorResponse(404, { code: 'PGRST125', message: 'Invalid path specified in request URL' })
  }
  if (response.status === 500) {
    // The library answers an unexpected error with its text, which belongs in the log.
    const body = await response.clone().text()
    if (!isJson(response) || body.includes('"SUP"')) {
      logger.error('rest', 'request_failed', { path: call.path, body })
      return unexpectedError()
    }
  }
  return expectsOneRow(call) ? asOneObject(response) : response
}

function isJson({ headers }: Response): boolean {
  return (headers.get('content-type') ?? '').includes('json')
}
