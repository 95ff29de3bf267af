/** What hosted Supabase gives every function in its environment. */

import type { StackKeys } from '../types.ts'

/** @param url the gateway, as functions reach it. */
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
