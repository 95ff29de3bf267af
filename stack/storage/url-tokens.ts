/**
 * Tokens of signed URLs: HS256 tokens with the object's path and an expiry. Their key is derived from the key that signs user
 * tokens. The two keys differ, so that neither kind of token passes for the other.
 */

import { hkdfSync } from 'node:crypto'
import { errors, type JWK, jwtVerify, SignJWT } from 'jose'
import { StorageError } from './errors.ts'

interface DownloadGrant {
  use: 'download'
  /** `<bucket>/<name>`. */
  url: string
}

interface UploadGrant {
  use: 'upload'
  url: string
  upsert: boolean
  /** Id of the user who asked for the URL. */
  owner: string | undefined
}

type UrlGrant = DownloadGrant | UploadGrant

export interface UrlTokens {
  /** @param expiresIn seconds. */
  sign(grant: UrlGrant, expiresIn: number): Promise<string>
  /**
   * @returns the grant and its expiry in seconds since 1970.
   * @throws StorageError `InvalidJWT`, or `InvalidSignature` where the token is for another path or use.
   */
  verify<Use extends UrlGrant['use']>(
    token: string,
    expected: { use: Use; url: string },
  ): Promise<Extract<UrlGrant, { use: Use }> & { exp: number }>
}

export function createUrlTokens(signingKey: JWK): UrlTokens {
  if (signingKey.d === undefined) throw new TypeError('the signing key has no private part')
  const key = new Uint8Array(
    hkdfSync('sha256', Buffer.from(signingKey.d, 'base64url'), '', 'storage signed urls', 32),
  )
  return {
    sign: (grant, expiresIn) =>
      new SignJWT({ ...grant })
        .setProtectedHeader({ alg: 'HS256' })
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1000) + expiresIn)
        .sign(key),
    async verify(token, expected) {
      const payload = await payloadOf(token, key)
      const grant = parseGrant(payload)
      if (grant === undefined || !isFor(grant, expected)) throw new StorageError('InvalidSignature')
      return { ...grant, exp: payload.exp }
    },
  }
}

async function payloadOf(token: string, key: Uint8Array): Promise<Record<string, unknown> & { exp: number }> {
  try {
    const { payload } = await jwtVerify(token, key, { algorithms: ['HS256'], requiredClaims: ['exp'] })
    return { ...payload, exp: payload.exp ?? 0 }
  } catch (cause) {
    if (!(cause instanceof errors.JOSEError)) throw cause
    throw new StorageError('InvalidJWT', { message: reasonOf(cause), cause })
  }
}

/** The messages that hosted Supabase sends. */
function reasonOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return '"exp" claim timestamp check failed'
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature verification failed'
  return 'Invalid Compact JWS'
}

function parseGrant({ use, url, upsert, owner }: Record<string, unknown>): UrlGrant | undefined {
  if (typeof url !== 'string') return undefined
  if (use === 'download') return { use, url }
  if (use !== 'upload' || typeof upsert !== 'boolean') return undefined
  return { use, url, upsert, owner: typeof owner === 'string' ? owner : undefined }
}

function isFor<Use extends UrlGrant['use']>(
  grant: UrlGrant,
  expected: { use: Use; url: string },
): grant is Extract<UrlGrant, { use: Use }> {
  return grant.use === expected.use && grant.url === expected.url
}
