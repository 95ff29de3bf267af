/**
 * What the address of the page brings: the proof of a mailbox, and where its reader wanted to go. Addresses come by mail, so
 * they are text of anybody: only ids are read of them, and they lead to pages of the dashboard alone.
 *
 *   /auth/confirm?token_hash=…&type=…&redirect_to=…    our mails: spent after a click, so a scanner's GET spends nothing
 *   /?incident=…&claim=…#access_token=…                Auth's own link (implicit flow)
 *   /?incident=…&code=…                                Auth's own link (PKCE, in the browser that asked for it)
 *   /?…#error=…&error_code=…&error_description=…       a link of Auth that was expired or used
 */

import type { EmailOtpType } from '@supabase/supabase-js'
import { isUuid } from '../../../../functions-shared/uuid.ts'
import { incidentHref, incidentIdOf } from '../route.ts'

export type Arrival =
  | { kind: 'nothing' }
  | { kind: 'token'; tokenHash: string; type: EmailOtpType }
  | { kind: 'code'; code: string }
  | { kind: 'session'; accessToken: string; refreshToken: string; isRecovery: boolean }
  /** The first of two confirmations of a new address. */
  | { kind: 'half_confirmed' }
  | { kind: 'failed'; code: string }

export interface Landing {
  arrival: Arrival
  /** The part of the address that names what is shown: `#/incidents/<id>`, or empty. */
  hash: string
  /** A claim whose mail was opened, to be confirmed after the sign-in. */
  claim: ClaimLink | null
}

export interface ClaimLink {
  incidentId: string
  /** Proves that the link came by mail; null in a link without one. */
  token: string | null
}

const TYPES: readonly EmailOtpType[] = ['email', 'magiclink', 'signup', 'invite', 'recovery', 'email_change']
/** Parameters of links that are read once. */
const TAKEN: readonly string[] = ['incident', 'claim', 'code', 'error', 'error_code', 'token_hash', 'message']
const CONFIRM_PATH = 'auth/confirm'

/** @param base the path that the dashboard is served under, with a slash at its end. */
export function readLanding(address: URL, base: string): Landing {
  const target = targetOf(address, base)
  const fragment = new URLSearchParams(address.hash.startsWith('#/') ? '' : address.hash.slice(1))
  return { arrival: arrivalOf(address, fragment, base), ...target }
}

/** Whether nothing in the address is to be taken out of it. */
export function isPlain({ search, hash }: URL): boolean {
  const names = [...new URLSearchParams(search).keys()]
  return (hash === '' || hash.startsWith('#/')) && !names.some((name) => TAKEN.includes(name))
}

/** The address without what {@link readLanding} took out of it. */
export function plainAddress({ hash }: Pick<Landing, 'hash'>, base: string): string {
  return `${base}${hash}`
}

/** Where a mail that is asked for here leads: to the incident on the screen. */
export function returnAddress(address: URL, base: string, claim: ClaimLink | null): string {
  const url = new URL(base, address.origin)
  const incidentId = claim?.incidentId ?? incidentIdOf(address.hash)
  if (incidentId !== null && isUuid(incidentId)) url.searchParams.set('incident', incidentId)
  if (claim?.token != null) url.searchParams.set('claim', claim.token)
  return url.href
}

function arrivalOf(address: URL, fragment: URLSearchParams, base: string): Arrival {
  const { searchParams: query } = address
  const error =
    fragment.get('error_code') ?? fragment.get('error') ?? query.get('error_code') ?? query.get('error')
  if (error !== null) return { kind: 'failed', code: error }
  const accessToken = fragment.get('access_token')
  const refreshToken = fragment.get('refresh_token')
  if (accessToken !== null && refreshToken !== null) {
    return { kind: 'session', accessToken, refreshToken, isRecovery: fragment.get('type') === 'recovery' }
  }
  if (fragment.has('message') || query.has('message')) return { kind: 'half_confirmed' }
  const isConfirmPage = address.pathname.replace(/\/$/, '') === `${base}${CONFIRM_PATH}`
  const tokenHash = query.get('token_hash')
  const type = TYPES.find((each) => each === query.get('type'))
  if (isConfirmPage) {
    return tokenHash === null || tokenHash === '' || type === undefined
      ? { kind: 'failed', code: 'otp_expired' }
      : { kind: 'token', tokenHash, type }
  }
  const code = query.get('code')
  return code === null || code === '' ? { kind: 'nothing' } : { kind: 'code', code }
}

function targetOf(address: URL, base: string): Pick<Landing, 'hash' | 'claim'> {
  const redirect = address.searchParams.get('redirect_to')
  const inside = redirect === null ? address : ownAddress(redirect, address, base)
  if (inside === null) return { hash: '', claim: null }
  const linked = incidentIdOf(inside.hash)
  if (linked !== null) return { hash: inside.hash, claim: null }
  const incidentId = inside.searchParams.get('incident')
  if (incidentId === null || !isUuid(incidentId))
    return { hash: inside.hash.startsWith('#/') ? inside.hash : '', claim: null }
  const token = inside.searchParams.get('claim')
  const isToken = token !== null && /^[0-9a-f]{64}$/.test(token)
  return { hash: incidentHref(incidentId), claim: isToken ? { incidentId, token } : null }
}

/** An address of the dashboard itself; null for another. */
function ownAddress(text: string, page: URL, base: string): URL | null {
  if (!URL.canParse(text, page.origin)) return null
  const url = new URL(text, page.origin)
  return url.origin === page.origin && url.pathname.startsWith(base) ? url : null
}
