/** API keys in the form of hosted Supabase: `sb_<kind>_<22 random characters>_<8 characters of checksum>`. */

import { createHash, randomBytes } from 'node:crypto'

export type ApiKeyKind = 'publishable' | 'secret'

const RANDOM_LENGTH = 22
const CHECKSUM_LENGTH = 8
/** Stands for the project's reference in the checksum of a self-hosted key. */
const PROJECT_REF = 'supabase-self-hosted'

const PATTERN = /^(sb_(publishable|secret)_[A-Za-z0-9_-]{22})_([A-Za-z0-9_-]{8})$/

export function generateApiKey(kind: ApiKeyKind): string {
  const body = `sb_${kind}_${randomBytes(17).toString('base64url').slice(0, RANDOM_LENGTH)}`
  return `${body}_${checksum(body)}`
}

/** The kind of a key; undefined for a text that is no key or has a wrong checksum. */
export function apiKeyKind(key: string): ApiKeyKind | undefined {
  const match = PATTERN.exec(key)
  if (match?.[1] === undefined || checksum(match[1]) !== match[3]) return undefined
  return match[2] === 'secret' ? 'secret' : 'publishable'
}

function checksum(body: string): string {
  return createHash('sha256').update(`${PROJECT_REF}|${body}`).digest('base64url').slice(0, CHECKSUM_LENGTH)
}
