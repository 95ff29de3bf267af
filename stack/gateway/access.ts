/**
 * Finds out who calls: the API key gives the project's role, the bearer token may give the user.
 *
 *   apikey (header or query)   publishable, secret, or a legacy token of role anon / service_role
 *   Authorization: Bearer      the same key again, or a user's token, which then decides
 */

import type { JWTPayload } from 'jose'
import { isBrowser } from '../keys/browser.ts'
import { type TokenFailure, verifyToken } from '../keys/index.ts'
import type { Caller, Role, StackKeys } from '../types.ts'

type KeyFailure = 'no_key' | 'invalid_key' | 'secret_key_in_browser'

export type AccessFailure = KeyFailure | TokenFailure

/** Whether the API key was accepted and the user's token was not. */
export function isTokenFailure(failure: AccessFailure): failure is TokenFailure {
  return failure !== 'no_key' && failure !== 'invalid_key' && failure !== 'secret_key_in_browser'
}

type Access = { ok: true; caller: Caller } | { ok: false; failure: AccessFailure }

export const ANONYMOUS: Caller = { role: 'anon', claims: { role: 'anon' } }
const SERVICE: Caller = { role: 'service_role', claims: { role: 'service_role' } }

/** Finds out who calls. Never throws. */
export type CheckAccess = (request: Request) => Promise<Access>

const ROLES: readonly Role[] = ['anon', 'authenticated', 'service_role']
/** Verified tokens that are kept: a page sends the same token with every request. */
const CACHE_SIZE = 1000

export function createAccessCheck(keys: StackKeys): CheckAccess {
  const verify = cachingVerifier(keys)

  const callerOfKey = async (key: string): Promise<Caller | undefined> => {
    if (key === keys.publishableKey) return ANONYMOUS
    if (key === keys.secretKey) return SERVICE
    const verdict = await verify(key)
    if (!verdict.ok) return undefined
    const { role } = verdict.caller
    return role === 'authenticated' ? undefined : verdict.caller
  }

  return async (request) => {
    const bearer = bearerToken(request.headers.get('authorization'))
    const key = request.headers.get('apikey') ?? new URL(request.url).searchParams.get('apikey')
    if (key === null) {
      if (bearer === undefined) return { ok: false, failure: 'no_key' }
      const caller = await callerOfKey(bearer)
      if (caller !== undefined) return admit(caller, bearer, request, keys)
      const verdict = await verify(bearer)
      return verdict.ok ? verdict : { ok: false, failure: 'invalid_key' }
    }
    const project = await callerOfKey(key)
    if (project === undefined) return { ok: false, failure: 'invalid_key' }
    const admitted = admit(project, key, request, keys)
    if (!admitted.ok || bearer === undefined || bearer === key) return admitted
    if (bearer === keys.publishableKey) return { ok: true, caller: ANONYMOUS }
    if (bearer === keys.secretKey) return admit(SERVICE, bearer, request, keys)
    return verify(bearer)
  }
}

/** A secret key in a browser is no longer secret: refused, as on hosted Supabase. */
function admit(caller: Caller, key: string, request: Request, keys: StackKeys): Access {
  if (key === keys.secretKey && isBrowser(request.headers.get('user-agent'))) {
    return { ok: false, failure: 'secret_key_in_browser' }
  }
  return { ok: true, caller }
}

function bearerToken(header: string | null): string | undefined {
  return header === null ? undefined : /^Bearer\s+(\S+)\s*$/i.exec(header)?.[1]
}

function cachingVerifier(keys: StackKeys): (token: string) => Promise<Access> {
  const cache = new Map<string, { caller: Caller; expiresAt: number }>()
  return async (token) => {
    const known = cache.get(token)
    if (known !== undefined && known.expiresAt > Date.now() / 1000) return { ok: true, caller: known.caller }
    cache.delete(token)
    const verdict = await verifyToken(keys, token)
    if (!verdict.ok) return verdict
    const caller = toCaller(verdict.claims)
    if (caller === undefined) return { ok: false, failure: 'invalid' }
    if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value ?? '')
    cache.set(token, { caller, expiresAt: verdict.claims.exp ?? 0 })
    return { ok: true, caller }
  }
}

function toCaller(claims: JWTPayload): Caller | undefined {
  const role = ROLES.find((known) => known === claims.role)
  if (role === undefined) return undefined
  const { sub, ...rest } = claims
  return { role, claims: { ...rest, ...(sub !== undefined && { sub }), role } }
}
