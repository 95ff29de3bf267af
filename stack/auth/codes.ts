/**
 * Codes in mails, the tokens of links, and what is stored of them.
 *
 *   code (6 digits) + address ──HMAC with the stack's key──> token of the link ──SHA-224──> auth.one_time_tokens
 *
 * Neither a code nor a token can be found from the database's rows: a code has few digits, and GoTrue's own hash of address
 * and code could be tried out. Like GoTrue's, a token has 56 hexadecimal digits, with `pkce_` before those of a PKCE flow.
 */

import { createHash, createHmac, randomInt } from 'node:crypto'
import type { StackKeys } from '../types.ts'

export type FlowType = 'implicit' | 'pkce'

const PKCE_PREFIX = 'pkce_'

export function newCode(digits: number): string {
  return Array.from({ length: digits }, () => randomInt(10)).join('')
}

/** The token of the link in the mail that has the code. */
export function linkToken(
  keys: Pick<StackKeys, 'signingKey'>,
  address: string,
  code: string,
  flow: FlowType,
): string {
  const key = createHash('sha256').update(`one-time tokens\0${keys.signingKey.d}`).digest()
  const token = createHmac('sha224', key).update(`${address}\0${code}`).digest('hex')
  return flow === 'pkce' ? `${PKCE_PREFIX}${token}` : token
}

export function flowOfToken(token: string): FlowType {
  return token.startsWith(PKCE_PREFIX) ? 'pkce' : 'implicit'
}

/** `token_hash` of `auth.one_time_tokens`. */
export function storedHash(token: string): string {
  const bare = token.startsWith(PKCE_PREFIX) ? token.slice(PKCE_PREFIX.length) : token
  const hash = createHash('sha224').update(bare).digest('hex')
  return flowOfToken(token) === 'pkce' ? `${PKCE_PREFIX}${hash}` : hash
}
