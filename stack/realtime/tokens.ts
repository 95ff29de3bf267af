/**
 * Checks access tokens: ES256 (or any other asymmetric algorithm of the JWKS) by `kid`, then `exp` and `role`.
 * A verified signature is remembered, so a thousand joins with one token cost one verification.
 */

import { compactVerify, createLocalJWKSet, decodeProtectedHeader, errors, type JSONWebKeySet } from 'jose'
import { isRecord, parseJson } from './protocol/serializer.ts'

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
  /** `exp` is no number, which the real server stumbles over too. */
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

const SIGNER_ERROR = 'Failed to generate JWT signer, check your JWT secret or JWKS configuration'
const MISSING_CLAIMS = 'Fields `role` and `exp` are required in JWT'
const MALFORMED = 'The token provided is not a valid JWT'

export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const keys = createLocalJWKSet(options.jwks)
  const known = new Map<string, Record<string, unknown>>()

  async function signedClaims(token: string): Promise<Signed> {
    const remembered = known.get(token)
    if (remembered) return { claims: remembered }
    const parts = peek(token)
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
    if (known.size >= REMEMBERED_TOKENS) {
      for (const oldest of known.keys()) {
        known.delete(oldest)
        break
      }
    }
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
      if (typeof exp !== 'number' || typeof role !== 'string')
        return { ok: false, failure: { kind: 'unknown' } }
      return { ok: true, claims: { ...claims, exp, role } }
    },
  }
}

/** Refusal of an upgrade. */
export function connectFailure(failure: TokenFailure): { status: number; message: string } {
  switch (failure.kind) {
    case 'malformed':
      return { status: 401, message: MALFORMED }
    case 'signer':
      return { status: 401, message: SIGNER_ERROR }
    case 'signature':
      return { status: 401, message: 'Failed to validate JWT signature' }
    case 'expired':
      return { status: 401, message: 'Token has expired' }
    case 'missing_claims':
      return { status: 401, message: MISSING_CLAIMS }
    case 'unknown':
      return { status: 500, message: 'Error connecting to Realtime' }
  }
}

/** Reason of a refused join. */
export function joinFailure(failure: TokenFailure): string {
  switch (failure.kind) {
    case 'malformed':
      return `MalformedJWT: ${MALFORMED}`
    case 'signer':
      return `JwtSignerError: ${SIGNER_ERROR}`
    case 'signature':
      return 'JwtSignatureError: Failed to validate JWT signature'
    case 'expired':
      return `InvalidJWTToken: ${expired(failure.seconds)}`
    case 'missing_claims':
      return `InvalidJWTToken: ${MISSING_CLAIMS}`
    case 'unknown':
      return 'Unknown Error on Channel'
  }
}

/** Text of the system message that closes a channel whose new token is refused. */
export function refreshFailure(failure: TokenFailure): string {
  switch (failure.kind) {
    case 'malformed':
      return MALFORMED
    case 'signer':
      return ':error_generating_signer'
    case 'signature':
      return ':signature_error'
    case 'expired':
      return expired(failure.seconds)
    case 'missing_claims':
      return MISSING_CLAIMS
    case 'unknown':
      return 'Unknown Error on Channel'
  }
}

export function expired(seconds: number): string {
  return `Token has expired ${seconds} seconds ago`
}

interface Peeked {
  alg: string
  kid: string | undefined
  claims: Record<string, unknown>
}

/** Header and claims of a well-formed token, unverified. */
function peek(token: string): Peeked | undefined {
  const parts = token.split('.')
  if (parts.length !== 3) return undefined
  let header: { alg?: string; kid?: string }
  try {
    header = decodeProtectedHeader(token)
  } catch {
    return undefined
  }
  const claims = parseJson(Buffer.from(parts[1] ?? '', 'base64url').toString())
  if (typeof header.alg !== 'string' || !isRecord(claims)) return undefined
  return { alg: header.alg, kid: header.kid, claims }
}
