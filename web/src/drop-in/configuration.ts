/** Settings of a page, from its data attributes. */

import { isRecord } from '../../../functions-shared/unknown.ts'
import { isUuid } from '../../../functions-shared/uuid.ts'
import { DropInError } from './drop-in-error.ts'
import { decodeBase64Url } from './token.ts'

export interface PageConfiguration {
  userId: string
  /** Without a slash at the end. */
  supabaseUrl: string
  supabaseKey: string
  /** Address of the page's server that answers with the session's token. */
  tokenUrl: string | undefined
  /** Where supabase-js keeps the session; undefined for its default. */
  storageKey: string | undefined
  /** Whether messages about jobs are shown as toasts. */
  toasts: boolean
  debug: boolean
}

type Attributes = Readonly<Record<string, string | undefined>>

/**
 * @param sources data attributes; the first source that has a setting counts.
 * @throws DropInError `configuration_missing`, `configuration_invalid`, with the attribute in `details.setting`.
 */
export function readConfiguration(...sources: readonly Attributes[]): PageConfiguration {
  const optional = (name: string): string | undefined => {
    for (const source of sources) {
      const value = source[name]?.trim()
      if (value !== undefined && value !== '') return value
    }
    return undefined
  }
  const required = (name: string): string => {
    const value = optional(name)
    if (value !== undefined) return value
    throw new DropInError('configuration_missing', { details: { setting: attributeOf(name) } })
  }
  const userId = required('userId')
  if (!isUuid(userId)) throw invalid('userId')
  return {
    userId: userId.toLowerCase(),
    supabaseUrl: addressOf(required('supabaseUrl')),
    supabaseKey: publicKey(required('supabaseKey')),
    tokenUrl: optional('tokenUrl'),
    storageKey: optional('storageKey'),
    toasts: optional('toasts') !== 'off',
    debug: optional('debug') === 'on',
  }
}

function addressOf(text: string): string {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) throw invalid('supabaseUrl')
  return new URL(text).href.replace(/\/+$/, '')
}

/** Refuses a secret key, which every visitor of the page could read. */
function publicKey(key: string): string {
  if (key.startsWith('sb_secret_') || roleOf(key) === 'service_role') throw invalid('supabaseKey')
  return key
}

/** Role of a key of the older form, which is a JWT. */
function roleOf(key: string): unknown {
  try {
    const claims: unknown = JSON.parse(decodeBase64Url(key.split('.')[1] ?? ''))
    return isRecord(claims) ? claims.role : null
  } catch {
    return null
  }
}

function invalid(name: string): DropInError {
  return new DropInError('configuration_invalid', { details: { setting: attributeOf(name) } })
}

/** `userId` is `data-user-id` in the page. */
function attributeOf(name: string): string {
  return `data-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}
