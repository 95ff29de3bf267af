import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  connectFailure,
  createTokenVerifier,
  joinFailure,
  refreshFailure,
  type TokenVerifier,
} from './tokens.ts'

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
  it('gives its claims', async () => {
    const claims = { role: 'authenticated', sub: 'u', exp: NOW + 1 }
    expect(await verifier.verify(await sign(claims))).toEqual({ ok: true, claims })
  })

  it('is refused for what is wrong with it', async () => {
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

  it('is refused in the words of the place where it is used', () => {
    const failure = { kind: 'expired', seconds: 3 } as const
    expect(connectFailure(failure)).toEqual({ status: 401, message: 'Token has expired' })
    expect(joinFailure(failure)).toBe('InvalidJWTToken: Token has expired 3 seconds ago')
    expect(refreshFailure(failure)).toBe('Token has expired 3 seconds ago')
    expect(refreshFailure({ kind: 'signature' })).toBe(':signature_error')
  })
})
