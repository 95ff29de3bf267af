/** What a gateway does with API keys, for the socket, which the gateway hands on unchecked. */

import type { StackKeys } from '../types.ts'

export interface KeyReader {
  /** The token that a key stands for; anything that is no key of the new kind is returned as it is. */
  tokenOf(key: string): string
  isSecret(key: string): boolean
}

export type RealtimeKeys = Pick<StackKeys, 'publishableKey' | 'secretKey' | 'anonKey' | 'serviceRoleKey'>

/** `sb_publishable_...` and `sb_secret_...` stand for a token of the role `anon` and `service_role`. */
export function keyReader(keys: RealtimeKeys): KeyReader {
  return {
    tokenOf(key) {
      if (key === keys.publishableKey) return keys.anonKey
      return key === keys.secretKey ? keys.serviceRoleKey : key
    },
    isSecret: (key) => key === keys.secretKey,
  }
}

/** Without a gateway, keys of the new kind mean nothing. */
export const NO_KEYS: KeyReader = { tokenOf: (key) => key, isSecret: () => false }
