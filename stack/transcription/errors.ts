/** Refusals in the form of OpenAI's API. */

import type { ServerResponse } from 'node:http'

export class RequestError extends Error {
  readonly status: number
  readonly code: string | null
  readonly retryAfterSeconds: number | undefined

  constructor(status: number, code: string | null, retryAfterSeconds?: number) {
    super(`${status} ${code ?? ''}`)
    this.status = status
    this.code = code
    this.retryAfterSeconds = retryAfterSeconds
  }
}

export function sendError(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const { status, code, retryAfterSeconds } =
    error instanceof RequestError ? error : new RequestError(500, 'server_error')
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
  })
  response.end(
    JSON.stringify({ error: { message: `The simulator answers ${status}.`, type: code, param: null, code } }),
  )
}
