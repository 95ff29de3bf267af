/**
 * A `fetch` for supabase-js whose token requests have a time limit, and whose sessions end by this device's clock.
 *
 * - supabase-js has no limit for token requests. One that hangs (half-open connection, captive portal) would block all
 *   requests that need the token, for minutes after the network has come back.
 * - Auth answers with the end of the session by the server's clock (`expires_at`), which supabase-js compares with the
 *   device's. On a device whose clock is ahead each session would look ended, and each request would renew the token.
 *   Without that field supabase-js counts the session's length from the time of the answer.
 *
 * ```ts
 * createClient(url, key, { global: { fetch: limitAuthRequests() } })
 * ```
 */

import { isRecord } from '../../../functions-shared/unknown.ts'

/** Milliseconds. */
const DEFAULT_TIMEOUT = 10_000

/** @param timeout milliseconds after which a request to `/auth/v1/` counts as failed. */
export function limitAuthRequests(
  timeout: number = DEFAULT_TIMEOUT,
  fetch: typeof globalThis.fetch = globalThis.fetch,
): typeof globalThis.fetch {
  return async (input, init) => {
    const url = input instanceof Request ? input.url : String(input)
    if (!new URL(url, 'http://localhost').pathname.startsWith('/auth/v1/')) return fetch(input, init)
    const limit = AbortSignal.timeout(timeout)
    const signals = [limit, init?.signal ?? (input instanceof Request ? input.signal : null)]
    const signal = AbortSignal.any(signals.filter((each) => each !== null))
    return endingByThisClock(await fetch(input, { ...init, signal }))
  }
}

/** The answer, without the server's time of the session's end. */
async function endingByThisClock(response: Response): Promise<Response> {
  const type = response.headers.get('content-type') ?? ''
  if (!response.ok || !type.includes('json')) return response
  const text = await response.text()
  return new Response(withoutEnd(text), {
    status: response.status,
    statusText: response.statusText,
    headers: response.headers,
  })
}

function withoutEnd(text: string): string {
  const answer: unknown = JSON.parse(text)
  if (!isRecord(answer) || typeof answer.access_token !== 'string' || typeof answer.expires_in !== 'number')
    return text
  const { expires_at: _end, ...session } = answer
  return JSON.stringify(session)
}
