import type { SupabaseClient } from '@supabase/supabase-js'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../gateway/testing.ts'
import type { Mail } from './index.ts'
import type { AuthSettings } from './settings.ts'
import { mailReader, newEmail, openLink, type ReadMail, runSql } from './testing.ts'

const SITE = 'https://app.example.test'
const PASSWORD = 'correct horse'
const NEW_PASSWORD = 'another horse'
const SETTINGS: Partial<AuthSettings> = {
  autoconfirm: false,
  siteUrl: SITE,
  passwordNeedsReauthentication: true,
}

let api: TestApi

beforeAll(async () => {
  api = await startTestApi({ auth: SETTINGS })
})

afterAll(async () => {
  await api[Symbol.asyncDispose]()
})

const mailsTo = (address: string): Mail[] => mailReader(api).mailsTo(address)
const lastMail = (address: string): ReadMail => mailReader(api).lastMail(address)

interface Account {
  id: string
  email: string
  client: SupabaseClient
}

/** Signed in by password. */
async function account(): Promise<Account> {
  const email = newEmail()
  const { data, error } = await api
    .admin()
    .auth.admin.createUser({ email, password: PASSWORD, email_confirm: true })
  if (error !== null) throw error
  const client = api.client()
  await client.auth.signInWithPassword({ email, password: PASSWORD })
  return { id: data.user.id, email, client }
}

const EXPIRED = { status: 403, code: 'otp_expired' }
const admin = () => api.admin().auth.admin

describe('a forgotten password', () => {
  test('the mail opens a session in which a new one is set; links and other sessions end', async () => {
    const { email, client: old } = await account()
    const client = api.client()
    expect((await client.auth.resetPasswordForEmail(email, { redirectTo: `${SITE}/x` })).error).toBeNull()
    const { token, type, link } = lastMail(email)
    expect(type).toBe('recovery')
    expect(link.searchParams.get('redirect_to')).toBe(`${SITE}/x`)
    const { data } = await client.auth.verifyOtp({ token_hash: token, type: 'recovery' })
    expect(data.user?.email).toBe(email)
    await api.client().auth.resetPasswordForEmail(email)
    expect((await client.auth.updateUser({ password: NEW_PASSWORD })).error).toBeNull()
    expect((await old.auth.getUser()).error).not.toBeNull()
    const late = await api.client().auth.verifyOtp({ token_hash: lastMail(email).token, type: 'recovery' })
    expect(late.error).toMatchObject(EXPIRED)
  })

  test('an unknown address gets the same answer and no mail', async () => {
    const email = newEmail()
    expect(await api.client().auth.resetPasswordForEmail(email)).toMatchObject({ data: {}, error: null })
    expect(mailsTo(email)).toEqual([])
  })

  test('the code of the mail works as type recovery', async () => {
    const { email } = await account()
    await api.client().auth.resetPasswordForEmail(email)
    const { code: token } = lastMail(email)
    expect((await api.client().auth.verifyOtp({ email, token, type: 'recovery' })).error).toBeNull()
  })
})

describe('resend', () => {
  test('sends the mail of a sign-up again, and ends the first', async () => {
    const email = newEmail()
    const client = api.client()
    await client.auth.signUp({ email, password: PASSWORD })
    const first = lastMail(email).token
    expect((await client.auth.resend({ type: 'signup', email })).error).toBeNull()
    expect((await client.auth.verifyOtp({ token_hash: first, type: 'email' })).error).toMatchObject(EXPIRED)
    const { error } = await client.auth.verifyOtp({ token_hash: lastMail(email).token, type: 'email' })
    expect(error).toBeNull()
  })

  test('sends nothing to a confirmed or unknown address, with the same answer', async () => {
    const { email } = await account()
    for (const address of [email, newEmail()]) {
      for (const type of ['signup', 'email_change'] as const) {
        expect((await api.client().auth.resend({ type, email: address })).error).toBeNull()
      }
      expect(mailsTo(address)).toEqual([])
    }
  })

  test('refuses other types', async () => {
    const client = api.client()
    expect((await client.auth.resend({ type: 'sms', phone: '+49' })).error?.status).toBe(400)
  })
})

describe('a change of address', () => {
  async function changing(): Promise<Account & { next: string }> {
    const known = await account()
    const next = newEmail()
    const { data, error } = await known.client.auth.updateUser({ email: next })
    expect(error).toBeNull()
    expect(data.user).toMatchObject({ email: known.email, new_email: next })
    return { ...known, next }
  }

  test.each(['old first', 'new first'])('counts when both addresses have confirmed it, %s', async (order) => {
    const { id, email, next } = await changing()
    const [first, second] = order === 'old first' ? [email, next] : [next, email]
    const half = await openLink(lastMail(first).link)
    expect(half.fragment.get('message')).toContain('Confirmation link accepted')
    expect((await admin().getUserById(id)).data.user).toMatchObject({ email, new_email: next })
    const { data } = await api
      .client()
      .auth.verifyOtp({ token_hash: lastMail(second).token, type: 'email_change' })
    expect(data.user).toMatchObject({
      id,
      email: next,
      identities: [{ email: next }],
      user_metadata: { email: next, email_verified: true },
    })
    expect(data.user?.new_email).toBeUndefined()
    expect(decodeJwt(data.session?.access_token ?? '').email).toBe(next)
  })

  test('one link twice does not stand for both', async () => {
    const { id, email, next } = await changing()
    await openLink(lastMail(next).link)
    expect((await openLink(lastMail(next).link)).fragment.get('error_code')).toBe('otp_expired')
    expect((await admin().getUserById(id)).data.user?.email).toBe(email)
  })

  test('both links at once change the address', async () => {
    const { id, email, next } = await changing()
    const links = [lastMail(email).link, lastMail(next).link]
    await Promise.all(links.map((link) => openLink(link)))
    expect((await admin().getUserById(id)).data.user?.email).toBe(next)
  })

  test('an address that is taken is refused, also when it is taken later', async () => {
    const { email: taken } = await account()
    const { client } = await account()
    expect((await client.auth.updateUser({ email: taken })).error).toMatchObject({ code: 'email_exists' })

    const { id, email, next } = await changing()
    await admin().createUser({ email: next, email_confirm: true })
    await openLink(lastMail(email).link)
    expect((await openLink(lastMail(next).link)).fragment.get('error_code')).toBe('email_exists')
    expect((await admin().getUserById(id)).data.user?.email).toBe(email)
  })

  test('is sent again by resend', async () => {
    const { email, next } = await changing()
    const first = lastMail(next).token
    expect((await api.client().auth.resend({ type: 'email_change', email })).error).toBeNull()
    expect(mailsTo(next)).toHaveLength(2)
    expect(lastMail(next).token).not.toBe(first)
  })

  test('an anonymous user becomes permanent by it', async () => {
    const client = api.client()
    const { data: before } = await client.auth.signInAnonymously()
    const email = newEmail()
    await client.auth.updateUser({ email })
    const { code: token } = lastMail(email)
    const { data } = await client.auth.verifyOtp({ email, token, type: 'email_change' })
    expect(data.user).toMatchObject({
      id: before.user?.id,
      email,
      is_anonymous: false,
      identities: [{ email }],
      app_metadata: { provider: 'email' },
    })
  })

  test('the same address sends nothing', async () => {
    const { client, email } = await account()
    expect((await client.auth.updateUser({ email })).error).toBeNull()
    expect(mailsTo(email)).toEqual([])
  })
})

describe('a new password in an old session', () => {
  async function oldSession(): Promise<Account> {
    const known = await account()
    await runSql(
      api,
      `update auth.sessions set created_at = now() - interval '25 hours' where user_id = $1`,
      [known.id],
    )
    return known
  }

  test('needs the code of /reauthenticate', async () => {
    const { client, email } = await oldSession()
    expect((await client.auth.updateUser({ password: NEW_PASSWORD })).error).toMatchObject({
      code: 'reauthentication_needed',
    })
    expect((await client.auth.reauthenticate()).error).toBeNull()
    const { code: nonce } = lastMail(email)
    const wrong = await client.auth.updateUser({ password: NEW_PASSWORD, nonce: `${nonce}0` })
    expect(wrong.error).toMatchObject({ status: 422, code: 'reauthentication_not_valid' })
    expect((await client.auth.updateUser({ password: NEW_PASSWORD, nonce })).error).toBeNull()
    const again = await client.auth.updateUser({ password: PASSWORD, nonce })
    expect(again.error).toMatchObject({ code: 'reauthentication_not_valid' })
  })

  test('the code does not sign in', async () => {
    const { client, email } = await oldSession()
    await client.auth.reauthenticate()
    const { error } = await api.client().auth.verifyOtp({ email, token: lastMail(email).code, type: 'email' })
    expect(error).toMatchObject(EXPIRED)
  })

  test('the current password is asked for where the setting says so, but not after a mail', async () => {
    await using strict = await startTestApi({ auth: { ...SETTINGS, passwordNeedsCurrent: true } })
    const email = newEmail()
    await strict.admin().auth.admin.createUser({ email, password: PASSWORD, email_confirm: true })
    const client = strict.client()
    await client.auth.signInWithPassword({ email, password: PASSWORD })
    expect((await client.auth.updateUser({ password: NEW_PASSWORD })).error?.code).toBe(
      'current_password_required',
    )
    const wrong = { password: NEW_PASSWORD, current_password: 'wrong' }
    expect((await client.auth.updateUser(wrong)).error?.code).toBe('current_password_mismatch')
    const right = { password: NEW_PASSWORD, current_password: PASSWORD }
    expect((await client.auth.updateUser(right)).error).toBeNull()

    await client.auth.signInWithOtp({ email })
    await client.auth.verifyOtp({ email, token: mailReader(strict).lastMail(email).code, type: 'email' })
    expect((await client.auth.updateUser({ password: PASSWORD })).error).toBeNull()
  })
})

describe('an invitation', () => {
  test('adds a user who comes in by its link', async () => {
    const email = newEmail()
    const { data, error } = await admin().inviteUserByEmail(email, {
      data: { lang: 'de' },
      redirectTo: `${SITE}/#/incidents/1`,
    })
    expect(error).toBeNull()
    expect(data.user).toMatchObject({ email, user_metadata: { lang: 'de' } })
    expect(data.user?.invited_at).toBeDefined()
    const { token, type, link } = lastMail(email)
    expect(type).toBe('invite')
    expect(link.searchParams.get('redirect_to')).toBe(`${SITE}/#/incidents/1`)
    const accepted = await api.client().auth.verifyOtp({ token_hash: token, type: 'invite' })
    expect(accepted.data.user).toMatchObject({ id: data.user?.id })
    expect(accepted.data.user?.email_confirmed_at).toBeDefined()
  })

  test('may be repeated until it is accepted; then the address is taken', async () => {
    const email = newEmail()
    await Promise.all([admin().inviteUserByEmail(email), admin().inviteUserByEmail(email)])
    expect(mailsTo(email)).toHaveLength(2)
    await api.client().auth.verifyOtp({ token_hash: lastMail(email).token, type: 'invite' })
    expect((await admin().inviteUserByEmail(email)).error).toMatchObject({
      status: 422,
      code: 'email_exists',
    })
  })

  test('a sign-up with the invited address learns nothing of it', async () => {
    const email = newEmail()
    await admin().inviteUserByEmail(email, { data: { claim: 'secret' } })
    const { data } = await api.client().auth.signUp({ email, password: PASSWORD })
    expect(data.user).toMatchObject({ user_metadata: {}, identities: [] })
  })

  test('and links are for the service role', async () => {
    const { client } = await account()
    expect((await client.auth.admin.inviteUserByEmail(newEmail())).error).toMatchObject({ code: 'not_admin' })
    const link = await client.auth.admin.generateLink({ type: 'magiclink', email: newEmail() })
    expect(link.error).toMatchObject({ code: 'not_admin' })
  })
})

describe('generate_link', () => {
  test('gives a link, a code and a token without a mail', async () => {
    const { email, id } = await account()
    const { data, error } = await admin().generateLink({
      type: 'magiclink',
      email,
      options: { redirectTo: `${SITE}/y` },
    })
    expect(error).toBeNull()
    expect(data.user?.id).toBe(id)
    expect(data.properties).toMatchObject({ verification_type: 'magiclink', redirect_to: `${SITE}/y` })
    expect(mailsTo(email)).toEqual([])
    const { target, fragment } = await openLink(data.properties?.action_link ?? '')
    expect(target.pathname).toBe('/y')
    expect(fragment.get('access_token')).not.toBeNull()
  })

  test('of type magiclink and signup adds the user', async () => {
    for (const link of [
      { type: 'magiclink', email: newEmail() },
      { type: 'signup', email: newEmail(), password: PASSWORD },
    ] as const) {
      const { data } = await admin().generateLink(link)
      expect(data.properties?.verification_type).toBe('signup')
      const token = data.properties?.email_otp ?? ''
      const { error } = await api.client().auth.verifyOtp({ email: link.email, token, type: 'signup' })
      expect(error).toBeNull()
    }
  })

  test('of type invite and recovery works with its token', async () => {
    const invited = await admin().generateLink({ type: 'invite', email: newEmail() })
    const recovered = await admin().generateLink({ type: 'recovery', email: (await account()).email })
    for (const [{ data }, type] of [
      [invited, 'invite'],
      [recovered, 'recovery'],
    ] as const) {
      const hash = data.properties?.hashed_token ?? ''
      expect((await api.client().auth.verifyOtp({ token_hash: hash, type })).error).toBeNull()
    }
  })

  test('of both types of an e-mail change changes the address', async () => {
    const { email } = await account()
    const newAddress = newEmail()
    for (const type of ['email_change_new', 'email_change_current'] as const) {
      const { data, error } = await admin().generateLink({ type, email, newEmail: newAddress })
      expect(error).toBeNull()
      expect(data.properties?.verification_type).toBe(type)
    }
  })

  test.each([
    ['an unknown type', { type: 'nonsense', email: 'a@b.c' }, 400, 'validation_failed'],
    ['no address', { type: 'magiclink' }, 400, 'validation_failed'],
    ['an unknown address for recovery', { type: 'recovery', email: 'unknown@b.c' }, 404, 'user_not_found'],
    ['a sign-up without a password', { type: 'signup', email: 'new@b.c' }, 400, 'validation_failed'],
    ['a weak password', { type: 'signup', email: 'new@b.c', password: '1' }, 422, 'weak_password'],
  ])('refuses %s', async (_name, body, status, code) => {
    const response = await fetch(`${api.gateway.url}/auth/v1/admin/generate_link`, {
      method: 'POST',
      headers: { apikey: api.keys.secretKey, authorization: `Bearer ${api.keys.secretKey}` },
      body: JSON.stringify(body),
    })
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ error_code: code })
  })

  test('refuses an invitation for a user', async () => {
    const { email } = await account()
    const { error } = await admin().generateLink({ type: 'invite', email })
    expect(error).toMatchObject({ status: 422, code: 'email_exists' })
  })
})

test('nothing was logged as an error', () => {
  expect(api.logger.entries.filter(({ level }) => level === 'error')).toEqual([])
})
