/** The variables that hosted Supabase puts into the environment of every function. */

import type { StackKeys } from '../types.ts'

/** @param url the gateway's address, as functions reach the gateway. */
export function supabaseEnvironment(
  url: string,
  keys: Pick<StackKeys, 'publishableKey' | 'secretKey' | 'anonKey' | 'serviceRoleKey' | 'jwks'>,
): Record<string, string> {
  return {
    SUPABASE_URL: url,
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: keys.publishableKey }),
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: keys.secretKey }),
    SUPABASE_JWKS: JSON.stringify(keys.jwks),
    SUPABASE_ANON_KEY: keys.anonKey,
    SUPABASE_SERVICE_ROLE_KEY: keys.serviceRoleKey,
  }
}
