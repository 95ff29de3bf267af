import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeProtectedHeader, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { AppError } from '../../functions-shared/app-error.ts'
import { apiKeyKind, generateApiKey } from './api-key.ts'
import { generateKeys, KEYS_FILE, loadOrCreateKeys, mintToken, verifyToken } from './index.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keys-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  const error = await promise.then(
    () => undefined,
    (caught: unknown) => caught,
  )
  if (!(error instanceof AppError)) throw new Error('expected an AppError', { cause: error })
  expect(error.code).toBe('keys_file_invalid')
  return error.details.reason
}

describe('loadOrCreateKeys', () => {
  test('makes a complete set once, private to its owner, and reads the same back', async () => {
    const first = await loadOrCreateKeys(join(folder, 'data'))
    expect(apiKeyKind(first.publishableKey)).toBe('publishable')
    expect(apiKeyKind(first.secretKey)).toBe('secret')
    expect((await stat(join(folder, 'data', KEYS_FILE))).mode & 0o777).toBe(0o600)
    expect(await loadOrCreateKeys(join(folder, 'data'))).toEqual(first)
    expect(await readdir(join(folder, 'data'))).toEqual([KEYS_FILE])
  })

  test('many at once get the same keys', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => loadOrCreateKeys(folder)))
    for (const keys of all) expect(keys).toEqual(all[0])
  })

  test('legacy keys are ES256 tokens of their role, and two stacks do not share any', async () => {
    const keys = await loadOrCreateKeys(join(folder, 'a'))
    const other = await loadOrCreateKeys(join(folder, 'b'))
    for (const [token, role] of [
      [keys.anonKey, 'anon'],
      [keys.serviceRoleKey, 'service_role'],
    ] as const) {
      expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'ES256', kid: keys.signingKey.kid })
      const verdict = await verifyToken(keys, token)
      if (!verdict.ok) throw new Error(verdict.failure)
      expect(verdict.claims).toMatchObject({ iss: 'supabase', role })
      expect((verdict.claims.exp ?? 0) - (verdict.claims.iat ?? 0)).toBe(10 * 365 * 24 * 3600)
      expect(await verifyToken(other, token)).toEqual({ ok: false, failure: 'invalid' })
    }
    expect(keys.jwks.keys[0]).not.toHaveProperty('d')
  })

  test.each([
    ['not JSON', () => '{', 'the file is not valid JSON'],
    ['an array', () => '[]', 'the file is not an object'],
    [
      'a missing field',
      (keys: object) => JSON.stringify({ ...keys, dbPassword: undefined }),
      'dbPassword is missing or too short',
    ],
    [
      'a mistyped key',
      (keys: object) =>
        JSON.stringify({ ...keys, secretKey: `${'secretKey' in keys ? keys.secretKey : ''}x` }),
      'secretKey is not a secret key',
    ],
    [
      'a short vault key',
      (keys: object) => JSON.stringify({ ...keys, vaultKey: 'abcdef0123' }),
      'vaultKey is not 32 bytes in hex',
    ],
    [
      'swapped tokens',
      (keys: object) =>
        JSON.stringify({ ...keys, anonKey: 'serviceRoleKey' in keys ? keys.serviceRoleKey : '' }),
      'anonKey does not carry the role anon',
    ],
  ])('%s is refused with the reason, and the file is left alone', async (_name, damage, reason) => {
    const path = join(folder, KEYS_FILE)
    const damaged = damage(await generateKeys())
    await writeFile(path, damaged)
    expect(await reasonOf(loadOrCreateKeys(folder))).toBe(reason)
    expect(await readFile(path, 'utf8')).toBe(damaged)
  })

  test('a signing key that does not belong to the public keys is refused', async () => {
    const keys = await generateKeys()
    const { signingKey } = await generateKeys()
    await writeFile(join(folder, KEYS_FILE), JSON.stringify({ ...keys, signingKey }))
    expect(await reasonOf(loadOrCreateKeys(folder))).toBe(
      'jwks does not contain the public part of signingKey',
    )
  })
})

describe('API keys', () => {
  test('a changed character breaks the checksum', () => {
    const key = generateApiKey('publishable')
    const changed = key.replace(/_(.)/, (_all, first: string) => `_${first === 'A' ? 'B' : 'A'}`)
    expect(apiKeyKind(key)).toBe('publishable')
    expect(apiKeyKind(changed)).toBeUndefined()
    expect(apiKeyKind('')).toBeUndefined()
  })
})

describe('tokens', () => {
  test('expired, foreign, altered, unsigned and HS256 tokens are refused', async () => {
    const keys = await generateKeys()
    const good = await mintToken(keys, { role: 'authenticated' })
    expect((await verifyToken(keys, good)).ok).toBe(true)

    const expired = await mintToken(keys, {}, { expiresIn: -1 })
    expect(await verifyToken(keys, expired)).toEqual({ ok: false, failure: 'expired' })

    const foreign = await mintToken(await generateKeys(), {})
    expect(await verifyToken(keys, foreign)).toEqual({ ok: false, failure: 'invalid' })

    const pair = await generateKeyPair('ES256', { extractable: true })
    const sameKid = { signingKey: { ...(await exportJWK(pair.privateKey)), kid: keys.signingKey.kid ?? '' } }
    expect(await verifyToken(keys, await mintToken(sameKid, {}))).toEqual({ ok: false, failure: 'invalid' })

    const [header, , signature] = good.split('.')
    const payload = Buffer.from(JSON.stringify({ role: 'service_role', exp: 9e9 })).toString('base64url')
    expect(await verifyToken(keys, `${header}.${payload}.${signature}`)).toEqual({
      ok: false,
      failure: 'invalid',
    })

    const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')
    expect(await verifyToken(keys, `${none}.${payload}.`)).toEqual({ ok: false, failure: 'invalid' })

    const hs256 = await new SignJWT({ role: 'service_role' })
      .setProtectedHeader({ alg: 'HS256', kid: keys.signingKey.kid ?? '' })
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode(JSON.stringify(keys.jwks.keys[0])))
    expect(await verifyToken(keys, hs256)).toEqual({ ok: false, failure: 'invalid' })
  })

  test.each(['', 'a', 'a.b', 'a.b.c', '....', 'e30.e30.e30', `${'x'.repeat(5000)}.y.z`])(
    'garbage %# is a verdict, not an exception',
    async (token) => {
      expect((await verifyToken(await generateKeys(), token)).ok).toBe(false)
    },
  )

  test('a token without expiry is refused', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
    const token = await new SignJWT({}).setProtectedHeader({ alg: 'ES256' }).sign(privateKey)
    const jwks = { keys: [await exportJWK(publicKey)] }
    expect(await verifyToken({ jwks }, token)).toEqual({ ok: false, failure: 'invalid' })
  })
})
