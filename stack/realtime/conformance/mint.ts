/** Signs tokens with exactly the given claims, genuine or forged. */

import { randomBytes } from 'node:crypto'
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose'

export type Mint = (claims: Record<string, unknown>, forged: boolean) => Promise<string>

/** @param key private ES256 key with `kid` */
export async function mintWithKey(key: JWK): Promise<Mint> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const genuine = await importJWK(key, 'ES256')
  const forger = await importJWK(await exportJWK(privateKey), 'ES256')
  return (claims, forged) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: key.kid ?? '' })
      .sign(forged ? forger : genuine)
}

/** HS256, for projects that still use a shared secret. */
export function mintWithSecret(secret: string): Mint {
  const genuine = new TextEncoder().encode(secret)
  const forger = randomBytes(32)
  return (claims, forged) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(forged ? forger : genuine)
}
