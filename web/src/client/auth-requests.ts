/**
 * A `fetch` for supabase-js with a time limit for token requests, which supabase-js has not. A token request that hangs
 * (half-open connection, captive portal) would block all requests that need the token, for minutes after the network has
 * come back.
 *
 * ```ts
 * createClient(url, key, { global: { fetch: limitAuthRequests() } })
 * ```
 */

/** Milliseconds. */
const DEFAULT_TIMEOUT = 10_000

/** @param timeout milliseconds after which a request to `/auth/v1/` counts as failed. */
export function limitAuthRequests(
  timeout: number = DEFAULT_TIMEOUT,
  fetch: typeof globalThis.fetch = globalThis.fetch,
): typeof globalThis.fetch {
  return (input, init) => {
    const url = input instanceof Request ? input.url : String(input)
    if (!new URL(url, 'http://localhost').pathname.startsWith('/auth/v1/')) return fetch(input, init)
    const limit = AbortSignal.timeout(timeout)
    const signals = [limit, init?.signal ?? (input instanceof Request ? input.signal : null)]
    return fetch(input, { ...init, signal: AbortSignal.any(signals.filter((signal) => signal !== null)) })
  }
}
