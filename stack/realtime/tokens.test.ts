import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { tokenRefusal } from './errors.ts'
import { createTokenVerifier, type TokenVerifier } from './tokens.ts'

const NOW = 1_800_000_000

let verifier: TokenVerifier
let sign: (claims: Record<string, unknown>, kid?: string) => Promise<string>

beforeAll(async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'known', alg: 'ES256' }
  verifier = createTokenVerifier({ jwks: { keys: [jwk] }, now: () => NOW * 1000 })
  sign = (claims, kid = 'known') =>
    new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey)
})

async function failureOf(token: string) {
  const check = await verifier.verify(token)
  return check.ok ? undefined : check.failure
}

describe('a token', () => {
  it('that is valid gives its claims', async () => {
    const claims = { role: 'authenticated', sub: 'u', exp: NOW + 1 }
    expect(await verifier.verify(await sign(claims))).toEqual({ ok: true, claims })
  })

  it('that is malformed, forged, expired or lacks claims is refused with its own failure', async () => {
    const good = await sign({ role: 'anon', exp: NOW + 1 })
    const forged = `${good.slice(0, -4)}AAAA`
    expect(await failureOf('nonsense')).toEqual({ kind: 'malformed' })
    expect(await failureOf('')).toEqual({ kind: 'malformed' })
    expect(await failureOf('a.b.c')).toEqual({ kind: 'malformed' })
    expect(await failureOf(forged)).toEqual({ kind: 'signature' })
    expect(await failureOf(await sign({ role: 'anon', exp: NOW + 1 }, 'unknown'))).toEqual({ kind: 'signer' })
    expect(await failureOf(await sign({ role: 'anon', exp: NOW - 25 }))).toEqual({
      kind: 'expired',
      seconds: 25,
    })
    expect(await failureOf(await sign({ role: 'anon' }))).toEqual({ kind: 'missing_claims' })
    expect(await failureOf(await sign({ exp: NOW + 1 }))).toEqual({ kind: 'missing_claims' })
  })

  it('signed with a shared secret has no signer', async () => {
    const token = await new SignJWT({ role: 'anon', exp: NOW + 1 })
      .setProtectedHeader({ alg: 'HS256', kid: 'known' })
      .sign(new TextEncoder().encode('super-secret-jwt-token-with-at-least-32-characters-long'))
    expect(await failureOf(token)).toEqual({ kind: 'signer' })
  })

  it('is refused in the words for upgrade, join or refresh', () => {
    expect(tokenRefusal({ kind: 'expired', seconds: 3 })).toEqual({
      upgrade: { status: 401, message: 'Token has expired' },
      join: 'InvalidJWTToken: Token has expired 3 seconds ago',
      refresh: 'Token has expired 3 seconds ago',
    })
    expect(tokenRefusal({ kind: 'signature' }).refresh).toBe(':signature_error')
  })
})
