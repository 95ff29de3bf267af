import type { SupabaseClient } from '@supabase/supabase-js'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { startTestApi, type TestApi } from '../gateway/testing.ts'
import { withClient } from '../testing/database.ts'
import type { Mail } from './index.ts'
import type { AuthSettings } from './settings.ts'
import { mailReader, newEmail, openLink, type ReadMail, runSql } from './testing.ts'

const SITE = 'https://app.example.test'
const PASSWORD = 'correct horse'
const SETTINGS: Partial<AuthSettings> = {
  autoconfirm: false,
  siteUrl: SITE,
  redirectUrls: ['https://*.example.test/**'],
}

let api: TestApi
let mailServer: 'works' | 'refuses' = 'works'

beforeAll(async () => {
  api = await startTestApi({
    auth: SETTINGS,
    onMail: () => {
      if (mailServer === 'refuses') throw new Error('554 no')
    },
  })
})

beforeEach(() => {
  mailServer = 'works'
})

afterAll(async () => {
  await api[Symbol.asyncDispose]()
})

/** A client of another browser, which keeps PKCE's verifier for itself. */
function pkceClient(): SupabaseClient {
  return api.client(undefined, { flowType: 'pkce' })
}

const mailsTo = (address: string): Mail[] => mailReader(api).mailsTo(address)
const lastMail = (address: string): ReadMail => mailReader(api).lastMail(address)
const sql = (statement: string, values: unknown[]) => runSql(api, statement, values)

async function post(path: string, body: object): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${api.gateway.url}/auth/v1${path}`, {
    method: 'POST',
    headers: { apikey: api.keys.publishableKey },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: JSON.parse(await response.text()) }
}

/** A user with a confirmed address. */
async function knownUser(): Promise<string> {
  const email = newEmail()
  const { error } = await api
    .admin()
    .auth.admin.createUser({ email, password: PASSWORD, email_confirm: true })
  expect(error).toBeNull()
  return email
}

async function ageTokens(email: string, seconds: number): Promise<void> {
  await sql(
    `update auth.one_time_tokens set created_at = created_at - $2::double precision * interval '1 second' where relates_to = $1`,
    [email, seconds],
  )
}

/** Starts requests that all wait for the lock on the user, and lets them go together. */
async function atOnce<Answer>(
  email: string,
  number: number,
  request: () => Promise<Answer>,
): Promise<Answer[]> {
  return withClient(api.database.urls.postgres, async (client) => {
    await client.query('begin')
    await client.query('select from auth.users where email = $1 for update', [email])
    const answers = Array.from({ length: number }, request)
    await vi.waitFor(async () => {
      const [row] = await runSql(
        api,
        `select count(*)::int as waiting from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`,
      )
      expect(row?.waiting).toBe(number)
    })
    await client.query('commit')
    return Promise.all(answers)
  })
}

const EXPIRED = { status: 403, code: 'otp_expired' }

describe('sign-in by code', () => {
  test('makes a user of a new address, confirms it and opens a session', async () => {
    const email = newEmail()
    const client = api.client()
    const { error } = await client.auth.signInWithOtp({
      email: email.toUpperCase(),
      options: { data: { lang: 'de' } },
    })
    expect(error).toBeNull()
    const { code } = lastMail(email)
    expect(code).toMatch(/^\d{6}$/)
    const { data, error: refusal } = await client.auth.verifyOtp({ email, token: code, type: 'email' })
    expect(refusal).toBeNull()
    expect(data.user).toMatchObject({
      email,
      user_metadata: { lang: 'de', email_verified: true },
      identities: [{ provider: 'email', identity_data: { email_verified: true } }],
    })
    expect(data.user?.email_confirmed_at).toBeDefined()
    expect(decodeJwt(data.session?.access_token ?? '')).toMatchObject({
      aal: 'aal1',
      amr: [{ method: 'otp' }],
    })
    expect((await client.auth.refreshSession()).error).toBeNull()
  })

  test('sends a known user the mail for signing in', async () => {
    const email = await knownUser()
    const client = api.client()
    await client.auth.signInWithOtp({ email })
    expect(lastMail(email).type).toBe('magiclink')
    const { data } = await client.auth.verifyOtp({ email, token: lastMail(email).code, type: 'email' })
    expect(data.user?.email).toBe(email)
  })

  test('works once, for two at once as well', async () => {
    const email = await knownUser()
    await api.client().auth.signInWithOtp({ email })
    const body = { type: 'email', email, token: lastMail(email).code }
    const answers = await atOnce(email, 4, () => post('/verify', body))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 403, 403, 403])
    expect(await post('/verify', body)).toMatchObject({ status: 403, body: { error_code: 'otp_expired' } })
  })

  test('a code works for its lifetime, and a newer mail ends it', async () => {
    const email = await knownUser()
    const client = api.client()
    await client.auth.signInWithOtp({ email })
    const first = lastMail(email).code
    await client.auth.signInWithOtp({ email })
    expect((await client.auth.verifyOtp({ email, token: first, type: 'email' })).error).toMatchObject(EXPIRED)
    const { code } = lastMail(email)
    await ageTokens(email, 3601)
    expect((await client.auth.verifyOtp({ email, token: code, type: 'email' })).error).toMatchObject(EXPIRED)
    await ageTokens(email, -10)
    expect((await client.auth.verifyOtp({ email, token: code, type: 'email' })).error).toBeNull()
  })

  test('a code of another address or type is refused', async () => {
    const [email, other] = [await knownUser(), await knownUser()]
    const client = api.client()
    await client.auth.signInWithOtp({ email })
    const { code: token } = lastMail(email)
    for (const params of [
      { email: other, token, type: 'email' },
      { email, token, type: 'signup' },
      { email, token, type: 'email_change' },
    ] as const) {
      expect((await client.auth.verifyOtp(params)).error).toMatchObject(EXPIRED)
    }
    expect((await client.auth.verifyOtp({ email, token, type: 'magiclink' })).error).toBeNull()
  })

  test('five wrong codes end the code, not the link; a new mail helps', async () => {
    const email = await knownUser()
    const client = api.client()
    await client.auth.signInWithOtp({ email })
    const mail = lastMail(email)
    const wrong = mail.code === '000000' ? '111111' : '000000'
    const guesses = await Promise.all(
      Array.from({ length: 8 }, () => post('/verify', { type: 'email', email, token: wrong })),
    )
    expect(guesses.map(({ status }) => status)).toEqual(Array(8).fill(403))
    expect((await client.auth.verifyOtp({ email, token: mail.code, type: 'email' })).error).toMatchObject(
      EXPIRED,
    )
    expect((await client.auth.verifyOtp({ token_hash: mail.token, type: 'magiclink' })).error).toBeNull()

    await client.auth.signInWithOtp({ email })
    const { code } = lastMail(email)
    expect((await client.auth.verifyOtp({ email, token: code, type: 'email' })).error).toBeNull()
  })

  test('an address that was guessed at too often in an hour is refused, with and without a user', async () => {
    await using strict = await startTestApi({ auth: { ...SETTINGS, codeTries: 2, codeTriesPerHour: 3 } })
    const known = newEmail()
    await strict.admin().auth.admin.createUser({ email: known, email_confirm: true })
    for (const email of [known, newEmail()]) {
      const client = strict.client()
      const codes: unknown[] = []
      for (let round = 0; round < 2; round++) {
        await client.auth.signInWithOtp({ email })
        for (let n = 0; n < 2; n++) {
          const { error } = await client.auth.verifyOtp({ email, token: 'x', type: 'email' })
          codes.push(error?.code)
        }
      }
      expect(codes).toEqual(['otp_expired', 'otp_expired', 'otp_expired', 'over_request_rate_limit'])
    }
  })

  test('create_user: false refuses an unknown address', async () => {
    const email = newEmail()
    const { error } = await api.client().auth.signInWithOtp({ email, options: { shouldCreateUser: false } })
    expect(error).toMatchObject({ status: 422, code: 'otp_disabled', message: 'Signups not allowed for otp' })
    expect(mailsTo(email)).toEqual([])
  })

  test.each([
    ['no address', {}, 400, 'validation_failed'],
    ['a phone number', { phone: '+49' }, 400, 'phone_provider_disabled'],
    ['a channel with an address', { email: 'a@b.c', channel: 'sms' }, 400, 'validation_failed'],
    ['a challenge without a method', { email: 'a@b.c', code_challenge: 'x' }, 400, 'validation_failed'],
    [
      'a short challenge',
      { email: 'a@b.c', code_challenge: 'x', code_challenge_method: 's256' },
      400,
      'validation_failed',
    ],
    ['a very long address', { email: `${'a'.repeat(300)}@example.com` }, 400, 'validation_failed'],
    ['a look-alike address', { email: 'аda@example.com' }, 400, 'validation_failed'],
    ['an address with a header', { email: 'a@example.com\r\nBcc: b@example.com' }, 400, 'validation_failed'],
    ['two addresses', { email: 'a@example.com, b@example.com' }, 400, 'validation_failed'],
    ['an address with a name', { email: 'Ada <a@example.com>' }, 400, 'validation_failed'],
  ])('/otp refuses %s', async (_name, body, status, code) => {
    const before = api.mails.length
    expect(await post('/otp', body)).toMatchObject({ status, body: { error_code: code } })
    expect(api.mails).toHaveLength(before)
  })

  test.each([
    ['no type', { token: '1', email: 'a@b.c' }, 400, 'validation_failed'],
    ['no token', { type: 'email', email: 'a@b.c' }, 400, 'validation_failed'],
    ['both tokens', { type: 'email', email: 'a@b.c', token: '1', token_hash: '2' }, 400, 'validation_failed'],
    ['no address', { type: 'email', token: '1' }, 400, 'validation_failed'],
    ['a malformed address', { type: 'email', token: '1', email: 'x' }, 422, 'validation_failed'],
    ['a hash with an address', { type: 'email', email: 'a@b.c', token_hash: '2' }, 400, 'validation_failed'],
    ['an unknown type', { type: 'nonsense', token_hash: '2' }, 400, 'validation_failed'],
    ['an unknown hash', { type: 'email', token_hash: 'x'.repeat(100_000) }, 403, 'otp_expired'],
    ['a phone number', { type: 'sms', phone: '+49', token: '1' }, 403, 'otp_expired'],
  ])('/verify refuses %s', async (_name, body, status, code) => {
    expect(await post('/verify', body)).toMatchObject({ status, body: { error_code: code } })
  })
})

describe('what is stored', () => {
  test('neither code nor token can be used or found from the rows', async () => {
    const email = await knownUser()
    await api.client().auth.signInWithOtp({ email })
    const { code, token } = lastMail(email)
    const [row] = await sql('select * from auth.one_time_tokens where relates_to = $1', [email])
    expect(row).toMatchObject({
      token_type: 'recovery_token',
      token_hash: expect.stringMatching(/^[0-9a-f]{56}$/),
    })
    expect(token).toMatch(/^[0-9a-f]{56}$/)
    expect(JSON.stringify(row)).not.toContain(token)
    expect(JSON.stringify(row)).not.toContain(code)
    const stolen = await post('/verify', { type: 'magiclink', token_hash: row?.token_hash })
    expect(stolen).toMatchObject({ status: 403 })
  })
})

describe('sign-up with confirmation', () => {
  test('sends a mail, refuses the password until then, and opens a session by the code', async () => {
    const email = newEmail()
    const client = api.client()
    const { data, error } = await client.auth.signUp({ email, password: PASSWORD })
    expect(error).toBeNull()
    expect(data.session).toBeNull()
    expect(data.user).toMatchObject({ email, identities: [{ provider: 'email' }] })
    expect(data.user?.confirmation_sent_at).toBeDefined()
    expect(data.user?.email_confirmed_at).toBeUndefined()
    expect((await client.auth.signInWithPassword({ email, password: PASSWORD })).error?.code).toBe(
      'email_not_confirmed',
    )
    const { code: token } = lastMail(email)
    expect((await client.auth.verifyOtp({ email, token, type: 'signup' })).data.session).not.toBeNull()
    expect((await client.auth.signInWithPassword({ email, password: PASSWORD })).error).toBeNull()
  })

  test('answers an address that is taken as it answers a new one, sends nothing and changes nothing', async () => {
    const email = await knownUser()
    const { data, error } = await api.client().auth.signUp({ email, password: 'another horse' })
    expect(error).toBeNull()
    expect(data.user).toMatchObject({ email, identities: [] })
    const [row] = await sql('select id from auth.users where email = $1', [email])
    expect(data.user?.id).not.toBe(row?.id)
    expect(mailsTo(email)).toEqual([])
    expect((await api.client().auth.signInWithPassword({ email, password: PASSWORD })).error).toBeNull()
  })

  test('a second sign-up sends the mail again, and does not replace the password', async () => {
    const email = newEmail()
    await api.client().auth.signUp({ email, password: PASSWORD })
    await api.client().auth.signUp({ email, password: 'another horse' })
    expect(mailsTo(email)).toHaveLength(2)
    const client = api.client()
    await client.auth.verifyOtp({ email, token: lastMail(email).code, type: 'signup' })
    expect((await client.auth.signInWithPassword({ email, password: 'another horse' })).error?.code).toBe(
      'invalid_credentials',
    )
  })

  test('simultaneous sign-ups make one user', async () => {
    const email = newEmail()
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => post('/signup', { email, password: PASSWORD })),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(200))
    expect(await sql('select id from auth.users where email = $1', [email])).toHaveLength(1)
  })

  test('a mail that the server refuses leaves no user and no token', async () => {
    const email = newEmail()
    mailServer = 'refuses'
    const { error } = await api.client().auth.signUp({ email, password: PASSWORD })
    expect(error).toMatchObject({ status: 500, message: 'Error sending confirmation email' })
    expect(await sql('select id from auth.users where email = $1', [email])).toEqual([])
  })
})

describe('limits of mails', () => {
  test('one mail to an address in a minute, for a flood at once as well', async () => {
    await using slow = await startTestApi({ auth: { ...SETTINGS, mailInterval: 60 } })
    for (const email of [newEmail(), newEmail()]) {
      const answers = await Promise.all(
        Array.from({ length: 6 }, () => slow.client().auth.signInWithOtp({ email })),
      )
      expect(answers.filter(({ error }) => error === null)).toHaveLength(1)
      for (const { error } of answers.filter((answer) => answer.error !== null)) {
        expect(error).toMatchObject({ status: 429, code: 'over_email_send_rate_limit' })
        expect(error?.message).toMatch(
          /^For security purposes, you can only request this after 5\d seconds\.$/,
        )
      }
      expect(slow.mails.filter(({ to }) => to === email)).toHaveLength(1)
    }
  })

  test('a limit for all addresses together', async () => {
    await using slow = await startTestApi({ auth: { ...SETTINGS, mailsPerHour: 2 } })
    const codes: unknown[] = []
    for (let n = 0; n < 3; n++) {
      codes.push((await slow.client().auth.signInWithOtp({ email: newEmail() })).error?.code)
    }
    expect(codes).toEqual([undefined, undefined, 'over_email_send_rate_limit'])
  })
})

describe('sign-in by link', () => {
  test('the token of a link gives a session by POST, once', async () => {
    const email = await knownUser()
    const client = api.client()
    await client.auth.signInWithOtp({ email })
    const { token } = lastMail(email)
    const { data } = await client.auth.verifyOtp({ token_hash: token, type: 'email' })
    expect(data.user?.email).toBe(email)
    expect((await client.auth.verifyOtp({ token_hash: token, type: 'email' })).error).toMatchObject({
      ...EXPIRED,
      message: 'Email link is invalid or has expired',
    })
  })

  test('GET /verify redirects with the session in the fragment', async () => {
    const email = await knownUser()
    await api
      .client()
      .auth.signInWithOtp({ email, options: { emailRedirectTo: 'https://www.example.test/a/b?c=d' } })
    const { status, target, fragment } = await openLink(lastMail(email).link)
    expect(status).toBe(303)
    expect(target.href.split('#')[0]).toBe('https://www.example.test/a/b?c=d')
    expect(Object.fromEntries(fragment)).toEqual({
      access_token: expect.any(String),
      expires_at: expect.any(String),
      expires_in: '3600',
      refresh_token: expect.any(String),
      sb: '',
      token_type: 'bearer',
      type: 'magiclink',
    })
    const { data } = await api.client().auth.setSession({
      access_token: fragment.get('access_token') ?? '',
      refresh_token: fragment.get('refresh_token') ?? '',
    })
    expect(data.user?.email).toBe(email)
  })

  test('GET /verify of a used link redirects with the error in the fragment', async () => {
    const email = await knownUser()
    await api.client().auth.signInWithOtp({ email })
    const { link } = lastMail(email)
    await openLink(link)
    const { target, fragment } = await openLink(link)
    expect(target.href.split('#')[0]).toBe(`${SITE}/`)
    expect(Object.fromEntries(fragment)).toEqual({
      error: 'access_denied',
      error_code: 'otp_expired',
      error_description: 'Email link is invalid or has expired',
      sb: '',
    })
  })

  test('a redirect to an address that is not allowed leads to the site', async () => {
    for (const redirectTo of [
      'https://evil.test/',
      'javascript:alert(1)',
      'https://app.example.test.evil.test/',
    ]) {
      const email = await knownUser()
      await api.client().auth.signInWithOtp({ email, options: { emailRedirectTo: redirectTo } })
      const { link } = lastMail(email)
      expect(link.searchParams.get('redirect_to')).toBe(SITE)
      link.searchParams.set('redirect_to', redirectTo)
      expect((await openLink(link)).target.host).toBe('app.example.test')
    }
  })

  test('GET /verify needs type and token', async () => {
    for (const path of ['/verify', '/verify?type=signup', '/verify?token=x']) {
      const response = await fetch(`${api.gateway.url}/auth/v1${path}`, { redirect: 'manual' })
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({ error_code: 'validation_failed' })
    }
  })

  test('HEAD, with which programs look at links, spends nothing', async () => {
    const email = await knownUser()
    await api.client().auth.signInWithOtp({ email })
    const { link } = lastMail(email)
    expect((await fetch(link, { method: 'HEAD', redirect: 'manual' })).status).toBe(405)
    expect((await openLink(link)).fragment.get('access_token')).not.toBeNull()
  })

  test('a banned user is told so, and the link is not spent', async () => {
    const email = await knownUser()
    await api.client().auth.signInWithOtp({ email })
    const [row] = await sql('select id from auth.users where email = $1', [email])
    const { admin } = api.admin().auth
    await admin.updateUserById(String(row?.id), { ban_duration: '1h' })
    const { link, token } = lastMail(email)
    expect((await openLink(link)).fragment.get('error_code')).toBe('user_banned')
    await admin.updateUserById(String(row?.id), { ban_duration: 'none' })
    const { error } = await api.client().auth.verifyOtp({ token_hash: token, type: 'magiclink' })
    expect(error).toBeNull()
  })
})

describe('PKCE', () => {
  test('the link gives a code that only the browser that asked can exchange', async () => {
    const email = await knownUser()
    const client = pkceClient()
    await client.auth.signInWithOtp({ email })
    const { link, token } = lastMail(email)
    expect(token).toMatch(/^pkce_[0-9a-f]{56}$/)
    const { target } = await openLink(link)
    const code = target.searchParams.get('code') ?? ''
    expect(target.hash).toBe('')
    const wrong = await post('/token?grant_type=pkce', { auth_code: code, code_verifier: 'x'.repeat(60) })
    expect(wrong).toMatchObject({ status: 400, body: { error_code: 'bad_code_verifier' } })

    const { data, error } = await client.auth.exchangeCodeForSession(code)
    expect(error).toBeNull()
    expect(data.user?.email).toBe(email)
    expect(decodeJwt(data.session?.access_token ?? '').amr).toMatchObject([{ method: 'magiclink' }])
    const again = await post('/token?grant_type=pkce', { auth_code: code, code_verifier: 'x'.repeat(60) })
    expect(again).toMatchObject({ status: 404, body: { error_code: 'flow_state_not_found' } })
  })

  test('code and token of the mail work on another device', async () => {
    const email = newEmail()
    await pkceClient().auth.signInWithOtp({ email })
    const { token, type } = lastMail(email)
    expect(type).toBe('signup')
    const { data } = await api.client().auth.verifyOtp({ token_hash: token, type: 'email' })
    expect(data.user?.email).toBe(email)

    await pkceClient().auth.signInWithOtp({ email })
    const { code } = lastMail(email)
    expect((await api.client().auth.verifyOtp({ email, token: code, type: 'email' })).error).toBeNull()
  })

  test('an error is in the query and in the fragment', async () => {
    const { target, fragment } = await openLink(
      new URL(`${api.gateway.url}/auth/v1/verify?type=signup&token=pkce_x&redirect_to=${SITE}/a?b=c`),
    )
    expect(Object.fromEntries(target.searchParams)).toEqual({
      b: 'c',
      error: 'access_denied',
      error_code: 'otp_expired',
      error_description: 'Email link is invalid or has expired',
    })
    expect(fragment.get('error_code')).toBe('otp_expired')
  })

  test('two exchanges of one code at once give one session', async () => {
    const email = await knownUser()
    const verifier = 'v'.repeat(50)
    await post('/otp', { email, code_challenge: verifier, code_challenge_method: 'plain' })
    const { target } = await openLink(lastMail(email).link)
    const body = { auth_code: target.searchParams.get('code'), code_verifier: verifier }
    const answers = await Promise.all(Array.from({ length: 3 }, () => post('/token?grant_type=pkce', body)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 404, 404])
  })

  test('a code is refused after its lifetime', async () => {
    const email = await knownUser()
    const client = pkceClient()
    await client.auth.signInWithOtp({ email })
    const { target } = await openLink(lastMail(email).link)
    await sql(
      `update auth.flow_state set auth_code_issued_at = now() - interval '301 seconds'
      where user_id = (select id from auth.users where email = $1)`,
      [email],
    )
    const { error } = await client.auth.exchangeCodeForSession(target.searchParams.get('code') ?? '')
    expect(error).toMatchObject({ status: 422, code: 'flow_state_expired' })
  })

  test('without a code or a verifier there is no exchange', async () => {
    expect(await post('/token?grant_type=pkce', { auth_code: 'x' })).toMatchObject({
      status: 400,
      body: { error_code: 'validation_failed' },
    })
  })
})
