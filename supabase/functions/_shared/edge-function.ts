/**
 * How each function is served: which key a caller needs, and the limits of its calls to Supabase.
 *
 *   export default edgeFunction({ auth: 'secret', timeoutMs: 8_000 }, (request, admin) => …)
 */

import { withSupabase } from '@supabase/server'
import type { SupabaseClient } from '@supabase/supabase-js'
import { supabaseFetch } from './outgoing.ts'

export interface EdgeFunctionOptions {
  /** `secret`: a caller sends a secret key. `none`: the function checks its callers itself, or serves everybody. */
  auth: 'secret' | 'none'
  /** Milliseconds for one call to REST, Auth or Storage. A service that takes longer counts as unavailable. */
  timeoutMs: number
  /** Whether browsers on other origins may read the answer. Default: they may not. */
  cors?: 'default' | 'disabled'
}

export interface EdgeFunction {
  fetch: (request: Request) => Promise<Response>
}

/** @param handle gets a client with the rights of the service role. */
export function edgeFunction(
  { auth, timeoutMs, cors = 'disabled' }: EdgeFunctionOptions,
  handle: (request: Request, admin: SupabaseClient) => Promise<Response>,
): EdgeFunction {
  const serve = withSupabase(
    {
      auth,
      cors,
      errors: { detailed: false },
      supabaseOptions: { db: { retry: false }, global: { fetch: supabaseFetch(timeoutMs) } },
    },
    (request, { supabaseAdmin }) => handle(request, supabaseAdmin),
  )
  return { fetch: (request) => serve(request) }
}
