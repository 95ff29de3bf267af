import type { SupabaseClient } from '@supabase/supabase-js'
import { decodeJwt } from 'jose'
import { Secret, TOTP } from 'otpauth'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../gateway/testing.ts'
import { newEmail, runSql } from './testing.ts'

const PASSWORD = 'correct horse'

let api: TestApi

beforeAll(async () => {
  api = await startTestApi({ auth: { manualLinkingEnabled: true, maxFactors: 3 } })
})

afterAll(async () => {
  await api[Symbol.asyncDispose]()
})

interface Person {
  id: string
  email: string
  client: SupabaseClient
}

async function person(): Promise<Person> {
  const email = newEmail()
  const client = api.client()
  const { data } = await client.auth.signUp({ email, password: PASSWORD })
  return { id: data.user?.id ?? '', email, client }
}

function codeOf(secret: string, at: number = Date.now()): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: at })
}

/** A code that no clock gives around now. */
function wrongCode(secret: string): string {
  const near = [-60_000, -30_000, 0, 30_000, 60_000].map((ms) => codeOf(secret, Date.now() + ms))
  return (
    ['000000', '111111', '222222', '333333', '444444', '555555'].find((code) => !near.includes(code)) ?? ''
  )
}

interface Factor {
  id: string
  secret: string
}

async function enrolled(client: SupabaseClient, friendlyName = 'Phone'): Promise<Factor> {
  const { data, error } = await client.auth.mfa.enroll({ factorType: 'totp', friendlyName })
  if (error !== null) throw error
  return { id: data.id, secret: data.totp.secret }
}

async function verified(client: SupabaseClient, friendlyName?: string): Promise<Factor> {
  const factor = await enrolled(client, friendlyName)
  const { error } = await client.auth.mfa.challengeAndVerify({
    factorId: factor.id,
    code: codeOf(factor.secret),
  })
  expect(error).toBeNull()
  return factor
}

describe('a second factor', () => {
  test('is enrolled with a picture, a secret and an address for the app', async () => {
    const { client, email } = await person()
    const { data, error } = await client.auth.mfa.enroll({
      factorType: 'totp',
      friendlyName: 'Phone',
      issuer: 'Claims & Co',
    })
    expect(error).toBeNull()
    expect(data).toMatchObject({ type: 'totp', friendly_name: 'Phone' })
    expect(data?.totp.qr_code).toMatch(/^data:image\/svg\+xml;utf-8,<svg/)
    const key = new URL(data?.totp.uri ?? '')
    expect(decodeURIComponent(key.pathname)).toContain(`Claims & Co:${email}`)
    expect(key.searchParams.get('secret')).toBe(data?.totp.secret)
    expect((await client.auth.mfa.listFactors()).data).toMatchObject({
      all: [{ id: data?.id, status: 'unverified', factor_type: 'totp', friendly_name: 'Phone' }],
      totp: [],
    })
  })

  test('raises the session to aal2, also after a refresh, and ends the other sessions', async () => {
    const { client, email } = await person()
    const other = api.client()
    await other.auth.signInWithPassword({ email, password: PASSWORD })
    const { data: before } = await client.auth.getSession()
    await verified(client)
    for (const result of [await client.auth.getSession(), await client.auth.refreshSession()]) {
      const claims = decodeJwt(result.data.session?.access_token ?? '')
      expect(claims).toMatchObject({ aal: 'aal2' })
      expect(claims.amr).toMatchObject([{ method: 'totp' }, { method: 'password' }])
    }
    expect((await other.auth.getUser()).error).not.toBeNull()
    const old = { refresh_token: before.session?.refresh_token ?? '' }
    expect((await api.client().auth.refreshSession(old)).error?.code).toBe('refresh_token_not_found')
    expect((await client.auth.mfa.listFactors()).data?.totp).toHaveLength(1)
  })

  test('is asked for after each sign-in', async () => {
    const { client, email } = await person()
    const { id, secret } = await verified(client)
    const later = api.client()
    await later.auth.signInWithPassword({ email, password: PASSWORD })
    expect((await later.auth.mfa.getAuthenticatorAssuranceLevel()).data).toMatchObject({
      currentLevel: 'aal1',
      nextLevel: 'aal2',
    })
    const { data: challenge } = await later.auth.mfa.challenge({ factorId: id })
    expect(challenge).toMatchObject({ type: 'totp', expires_at: expect.any(Number) })
    const answer = { factorId: id, challengeId: challenge?.id ?? '' }
    const wrong = await later.auth.mfa.verify({ ...answer, code: wrongCode(secret) })
    expect(wrong.error).toMatchObject({ status: 422, code: 'mfa_verification_failed' })
    expect((await later.auth.mfa.verify({ ...answer, code: codeOf(secret) })).error).toBeNull()
    const again = await later.auth.mfa.verify({ ...answer, code: codeOf(secret) })
    expect(again.error).toMatchObject({ code: 'mfa_ip_address_mismatch' })
  })

  test('codes of a clock that differs by one step count, no others', async () => {
    const { client } = await person()
    const { id, secret } = await enrolled(client)
    for (const [ms, code] of [
      [-65_000, 'mfa_verification_failed'],
      [65_000, 'mfa_verification_failed'],
      [-30_000, undefined],
    ] as const) {
      const { error } = await client.auth.mfa.challengeAndVerify({
        factorId: id,
        code: codeOf(secret, Date.now() + ms),
      })
      expect(error?.code).toBe(code)
    }
  })

  test('five wrong codes end a challenge', async () => {
    const { client } = await person()
    const { id, secret } = await enrolled(client)
    const { data } = await client.auth.mfa.challenge({ factorId: id })
    const answer = { factorId: id, challengeId: data?.id ?? '' }
    await Promise.all(
      Array.from({ length: 5 }, () => client.auth.mfa.verify({ ...answer, code: wrongCode(secret) })),
    )
    const right = await client.auth.mfa.verify({ ...answer, code: codeOf(secret) })
    expect(right.error).toMatchObject({ code: 'mfa_verification_failed' })
    const { error } = await client.auth.mfa.challengeAndVerify({ factorId: id, code: codeOf(secret) })
    expect(error).toBeNull()
  })

  test('a challenge ends with its lifetime', async () => {
    const { client } = await person()
    const { id, secret } = await enrolled(client)
    const { data } = await client.auth.mfa.challenge({ factorId: id })
    await runSql(
      api,
      `update auth.mfa_challenges set created_at = created_at - interval '301 seconds' where id = $1`,
      [data?.id],
    )
    const { error } = await client.auth.mfa.verify({
      factorId: id,
      challengeId: data?.id ?? '',
      code: codeOf(secret),
    })
    expect(error).toMatchObject({ status: 422, code: 'mfa_challenge_expired' })
  })

  test("nobody can use another user's factor or challenge", async () => {
    const owner = await person()
    const { id, secret } = await enrolled(owner.client)
    const { data } = await owner.client.auth.mfa.challenge({ factorId: id })
    const { client } = await person()
    const own = await enrolled(client)
    const missing = { code: 'mfa_factor_not_found' }
    expect((await client.auth.mfa.challenge({ factorId: id })).error).toMatchObject(missing)
    expect((await client.auth.mfa.unenroll({ factorId: id })).error).toMatchObject(missing)
    for (const factorId of [id, own.id]) {
      const answer = { factorId, challengeId: data?.id ?? '', code: codeOf(secret) }
      expect((await client.auth.mfa.verify(answer)).error).toMatchObject(missing)
    }
  })

  test('names are unique, and there is room for three', async () => {
    const { client } = await person()
    await enrolled(client, 'a')
    await expect(enrolled(client, 'a')).rejects.toMatchObject({ code: 'mfa_factor_name_conflict' })
    const rest = await Promise.allSettled(['b', 'c', 'd', 'e'].map((name) => enrolled(client, name)))
    expect(rest.filter(({ status }) => status === 'fulfilled')).toHaveLength(2)
    await expect(enrolled(client, 'f')).rejects.toMatchObject({ code: 'too_many_enrolled_mfa_factors' })
  })

  test('password, address and further factors need aal2; so does the removal of the factor', async () => {
    const { client, email } = await person()
    const { id } = await verified(client)
    const low = api.client()
    await low.auth.signInWithPassword({ email, password: PASSWORD })
    const refused = { code: 'insufficient_aal' }
    expect((await low.auth.updateUser({ password: 'another horse' })).error).toMatchObject(refused)
    expect((await low.auth.updateUser({ email: newEmail() })).error).toMatchObject(refused)
    await expect(enrolled(low, 'mine')).rejects.toMatchObject(refused)
    expect((await low.auth.mfa.unenroll({ factorId: id })).error).toMatchObject(refused)
    expect((await low.auth.updateUser({ data: { a: 1 } })).error).toBeNull()

    expect((await client.auth.mfa.unenroll({ factorId: id })).data).toEqual({ id })
    const { data } = await client.auth.refreshSession()
    const claims = decodeJwt(data.session?.access_token ?? '')
    expect(claims).toMatchObject({ aal: 'aal1', amr: [{ method: 'password' }] })
  })

  test('the service role sees and removes it', async () => {
    const { client, id: userId } = await person()
    const { id } = await verified(client)
    const { mfa } = api.admin().auth.admin
    const listed = await mfa.listFactors({ userId })
    expect(listed.data?.factors).toMatchObject([{ id, status: 'verified' }])
    expect(JSON.stringify(listed)).not.toContain('secret')
    expect((await mfa.deleteFactor({ id, userId })).error).toBeNull()
    expect((await mfa.listFactors({ userId })).data?.factors).toEqual([])
    expect((await client.auth.admin.mfa.listFactors({ userId })).error).toMatchObject({ code: 'not_admin' })
  })

  test.each([
    ['phone', 422, 'mfa_phone_enroll_not_enabled'],
    ['webauthn', 422, 'mfa_webauthn_enroll_not_enabled'],
    ['nonsense', 400, 'validation_failed'],
  ])('of type %s is refused', async (factorType, status, code) => {
    const { client } = await person()
    const { data } = await client.auth.getSession()
    const response = await fetch(`${api.gateway.url}/auth/v1/factors`, {
      method: 'POST',
      headers: {
        apikey: api.keys.publishableKey,
        authorization: `Bearer ${data.session?.access_token}`,
      },
      body: JSON.stringify({ factor_type: factorType }),
    })
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ error_code: code })
  })

  test('is not for anonymous users', async () => {
    const client = api.client()
    await client.auth.signInAnonymously()
    await expect(enrolled(client)).rejects.toMatchObject({ status: 403, code: 'no_authorization' })
  })
})

describe('identities', () => {
  test('are listed; the last one cannot be removed, and no provider can be added', async () => {
    const { client } = await person()
    const { data } = await client.auth.getUserIdentities()
    const [identity] = data?.identities ?? []
    if (identity === undefined) throw new Error('the user has no identity')
    expect(identity).toMatchObject({ provider: 'email' })
    expect((await client.auth.unlinkIdentity(identity)).error).toMatchObject({
      status: 422,
      code: 'single_identity_not_deletable',
    })
    const linked = await client.auth.linkIdentity({ provider: 'github' })
    expect(linked.error).toMatchObject({ status: 400, code: 'validation_failed' })
  })

  test('cannot be changed where manual linking is off', async () => {
    await using plain = await startTestApi()
    const client = plain.client()
    const { data } = await client.auth.signUp({ email: newEmail(), password: PASSWORD })
    const [identity] = data.user?.identities ?? []
    if (identity === undefined) throw new Error('the user has no identity')
    expect((await client.auth.unlinkIdentity(identity)).error).toMatchObject({
      status: 404,
      code: 'manual_linking_disabled',
    })
  })
})

test('nothing was logged as an error', () => {
  expect(api.logger.entries.filter(({ level }) => level === 'error')).toEqual([])
})
