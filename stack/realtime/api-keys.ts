/**
 * What a gateway does with API keys: `sb_publishable_...` and `sb_secret_...` stand for a token of the role `anon`
 * and `service_role`. Anything else is passed on as it is.
 */

import type { StackKeys } from '../types.ts'

export type RealtimeKeys = Pick<StackKeys, 'publishableKey' | 'secretKey' | 'anonKey' | 'serviceRoleKey'>

export function tokenOfKey(keys: RealtimeKeys, key: string): string {
  if (key === keys.publishableKey) return keys.anonKey
  if (key === keys.secretKey) return keys.serviceRoleKey
  return key
}
