/**
 * Checks access tokens: ES256 (or any other asymmetric algorithm of the JWKS) by `kid`, then `exp` and `role`.
 * A verified signature is remembered, so a thousand joins with one token cost one verification.
 */

import {
  compactVerify,
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JSONWebKeySet,
} from 'jose'

export interface Claims extends Record<string, unknown> {
  role: string
  /** Seconds since 1970. */
  exp: number
}

export type TokenFailure =
  | { kind: 'malformed' }
  | { kind: 'signer' }
  | { kind: 'signature' }
  | { kind: 'expired'; seconds: number }
  | { kind: 'missing_claims' }
  /** `exp` or `role` has a wrong type; the real server has no error of its own for this. */
  | { kind: 'unknown' }

export type TokenCheck = { ok: true; claims: Claims } | { ok: false; failure: TokenFailure }

export interface TokenVerifier {
  verify(token: string): Promise<TokenCheck>
}

export interface TokenVerifierOptions {
  jwks: JSONWebKeySet
  /** Milliseconds since 1970. */
  now: () => number
}

type Signed = { claims: Record<string, unknown> } | { failure: TokenFailure }

const REMEMBERED_TOKENS = 2_000

export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const keys = createLocalJWKSet(options.jwks)
  const known = new Map<string, Record<string, unknown>>()

  async function signedClaims(token: string): Promise<Signed> {
    const remembered = known.get(token)
    if (remembered) return { claims: remembered }
    const parts = decode(token)
    if (!parts) return { failure: { kind: 'malformed' } }
    // No shared secret is configured: a symmetric or unknown algorithm has no signer.
    if (!options.jwks.keys.some((key) => key.kid === parts.kid && (key.alg ?? parts.alg) === parts.alg)) {
      return { failure: { kind: 'signer' } }
    }
    try {
      await compactVerify(token, keys)
    } catch (error) {
      const noKey = error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JOSENotSupported
      return { failure: { kind: noKey ? 'signer' : 'signature' } }
    }
    const [oldest] = known.keys()
    if (known.size >= REMEMBERED_TOKENS && oldest !== undefined) known.delete(oldest)
    known.set(token, parts.claims)
    return { claims: parts.claims }
  }

  return {
    async verify(token) {
      const signed = await signedClaims(token)
      if ('failure' in signed) return { ok: false, failure: signed.failure }
      const { claims } = signed
      const { exp, role } = claims
      if (typeof exp === 'number') {
        const seconds = Math.floor(options.now() / 1000) - exp
        if (seconds >= 0) return { ok: false, failure: { kind: 'expired', seconds: Math.floor(seconds) } }
      }
      if (exp === undefined || role === undefined) return { ok: false, failure: { kind: 'missing_claims' } }
      if (typeof exp !== 'number' || typeof role !== 'string') {
        return { ok: false, failure: { kind: 'unknown' } }
      }
      return { ok: true, claims: { ...claims, exp, role } }
    },
  }
}

interface DecodedToken {
  alg: string
  kid: string | undefined
  claims: Record<string, unknown>
}

/** Header and claims of a well-formed token, unverified. */
function decode(token: string): DecodedToken | undefined {
  try {
    const { alg, kid } = decodeProtectedHeader(token)
    return typeof alg === 'string' ? { alg, kid, claims: decodeJwt(token) } : undefined
  } catch {
    // jose throws several kinds of errors for a token that is not one.
    return undefined
  }
}
