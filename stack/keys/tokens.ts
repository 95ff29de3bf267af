/** Signs and checks the stack's ES256 tokens. No other algorithm is accepted. */

import {
  type CryptoKey,
  createLocalJWKSet,
  errors,
  importJWK,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
  SignJWT,
} from 'jose'
import type { StackKeys } from '../types.ts'

const ALGORITHM = 'ES256'
/** Seconds; the lifetime of a user's access token, as on hosted Supabase. */
const DEFAULT_LIFETIME = 3600

export interface MintOptions {
  /** Seconds from `issuedAt`. Default 3600. A negative value gives an expired token. */
  expiresIn?: number
  /** Seconds since 1970. Default now. */
  issuedAt?: number
}

export type TokenFailure = 'malformed' | 'expired' | 'invalid'

export type TokenVerdict = { ok: true; claims: JWTPayload } | { ok: false; failure: TokenFailure }

const signers = new WeakMap<object, Promise<CryptoKey | Uint8Array>>()
const verifiers = new WeakMap<object, JWTVerifyGetKey>()

/** Signs `claims` (with `iat` and `exp` added) with the stack's key. */
export async function mintToken(
  keys: Pick<StackKeys, 'signingKey'>,
  claims: Readonly<Record<string, unknown>>,
  options: MintOptions = {},
): Promise<string> {
  const issuedAt = options.issuedAt ?? Math.floor(Date.now() / 1000)
  return new SignJWT({ ...claims })
    .setProtectedHeader({
      alg: ALGORITHM,
      typ: 'JWT',
      ...(keys.signingKey.kid && { kid: keys.signingKey.kid }),
    })
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + (options.expiresIn ?? DEFAULT_LIFETIME))
    .sign(await signerOf(keys.signingKey))
}

/** Checks form, signature, algorithm and expiry. Never throws for a bad token. */
export async function verifyToken(keys: Pick<StackKeys, 'jwks'>, token: string): Promise<TokenVerdict> {
  if (token.split('.').length !== 3) return { ok: false, failure: 'malformed' }
  try {
    const { payload } = await jwtVerify(token, verifierOf(keys.jwks), {
      algorithms: [ALGORITHM],
      requiredClaims: ['exp'],
    })
    return { ok: true, claims: payload }
  } catch (error) {
    if (error instanceof errors.JWTExpired) return { ok: false, failure: 'expired' }
    if (error instanceof errors.JOSEError) return { ok: false, failure: 'invalid' }
    // jose does not wrap parse errors of a garbled header or payload.
    if (error instanceof TypeError || error instanceof SyntaxError) return { ok: false, failure: 'malformed' }
    throw error
  }
}

function signerOf(jwk: StackKeys['signingKey']): Promise<CryptoKey | Uint8Array> {
  let signer = signers.get(jwk)
  if (!signer) {
    signer = importJWK(jwk, ALGORITHM)
    signers.set(jwk, signer)
  }
  return signer
}

function verifierOf(jwks: StackKeys['jwks']): JWTVerifyGetKey {
  let verifier = verifiers.get(jwks)
  if (!verifier) {
    verifier = createLocalJWKSet(jwks)
    verifiers.set(jwks, verifier)
  }
  return verifier
}
