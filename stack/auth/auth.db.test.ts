import type { SupabaseClient } from '@supabase/supabase-js'
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../gateway/testing.ts'
import { generateKeys, mintToken } from '../keys/index.ts'
import { withClient } from '../testing/database.ts'

let api: TestApi

beforeAll(async () => {
  api = await startTestApi()
})

afterAll(async () => {
  await api[Symbol.asyncDispose]()
})

const PASSWORD = 'correct horse'

function newEmail(): string {
  return `${crypto.randomUUID()}@example.com`
}

interface Account {
  client: SupabaseClient
  email: string
  id: string
  accessToken: string
  refreshToken: string
}

async function signedUp(): Promise<Account> {
  const client = api.client()
  const email = newEmail()
  const { data, error } = await client.auth.signUp({ email, password: PASSWORD })
  if (error || !data.session || !data.user) throw error ?? new Error('no session')
  return {
    client,
    email,
    id: data.user.id,
    accessToken: data.session.access_token,
    refreshToken: data.session.refresh_token,
  }
}

async function call(
  method: string,
  path: string,
  options: { token?: string; key?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<{ status: number; body: Record<string, unknown>; headers: Headers }> {
  const response = await fetch(`${api.gateway.url}/auth/v1${path}`, {
    method,
    headers: {
      apikey: options.key ?? api.keys.publishableKey,
      ...(options.token !== undefined && { authorization: `Bearer ${options.token}` }),
      ...options.headers,
    },
    ...(options.body !== undefined && {
      body: typeof options.body === 'string' ? options.body : JSON.stringify(options.body),
    }),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? {} : JSON.parse(text), headers: response.headers }
}

async function sql(statement: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  return withClient(
    api.database.urls.postgres,
    async (client) => (await client.query(statement, values)).rows,
  )
}

describe('sign-up', () => {
  test('gives a confirmed user and a session with all claims', async () => {
    const email = newEmail()
    const { data, error } = await api
      .client()
      .auth.signUp({ email: email.toUpperCase(), password: PASSWORD, options: { data: { name: 'Ada' } } })
    expect(error).toBeNull()
    expect(data.user).toMatchObject({
      email,
      aud: 'authenticated',
      role: 'authenticated',
      is_anonymous: false,
      app_metadata: { provider: 'email', providers: ['email'] },
      user_metadata: { name: 'Ada', email, email_verified: true },
      identities: [
        { provider: 'email', email, id: data.user?.id, identity_data: { sub: data.user?.id, email } },
      ],
    })
    expect(data.user?.email_confirmed_at).toMatch(/^\d{4}-.*Z$/)
    expect(data.session).toMatchObject({ token_type: 'bearer', expires_in: 3600 })

    const token = data.session?.access_token ?? ''
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', typ: 'JWT', kid: api.keys.signingKey.kid })
    const claims = decodeJwt(token)
    expect(claims).toEqual({
      iss: `${api.gateway.url}/auth/v1`,
      sub: data.user?.id,
      aud: 'authenticated',
      exp: (claims.iat ?? 0) + 3600,
      iat: expect.any(Number),
      email,
      phone: '',
      app_metadata: { provider: 'email', providers: ['email'] },
      user_metadata: data.user?.user_metadata,
      role: 'authenticated',
      aal: 'aal1',
      amr: [{ method: 'password', timestamp: expect.any(Number) }],
      session_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      is_anonymous: false,
    })
    expect(data.session?.expires_at).toBe(claims.exp)
  })

  test('stores a bcrypt hash that hosted Supabase accepts', async () => {
    const { id } = await signedUp()
    const [row] = await sql('select encrypted_password as hash, instance_id from auth.users where id = $1', [
      id,
    ])
    expect(row?.hash).toMatch(/^\$2a\$\d\d\$.{53}$/)
    expect(row?.instance_id).toBe('00000000-0000-0000-0000-000000000000')
  })

  test.each([
    ['a weak password', { email: 'x@example.com', password: '12345' }, 422, 'weak_password'],
    ['a very long password', { email: 'x@example.com', password: 'ä'.repeat(37) }, 400, 'validation_failed'],
    ['no password', { email: 'x@example.com' }, 400, 'validation_failed'],
    ['an invalid address', { email: 'x', password: PASSWORD }, 400, 'validation_failed'],
    ['a phone number', { phone: '+49', password: PASSWORD }, 400, 'phone_provider_disabled'],
    ['a number for an address', { email: 5, password: PASSWORD }, 400, 'bad_json'],
    ['a list', [], 400, 'bad_json'],
    [
      'metadata with NUL, which the database cannot store',
      { email: 'x@example.com', password: PASSWORD, data: { a: ['\0'] } },
      400,
      'bad_json',
    ],
  ])('refuses %s', async (_name, body, status, code) => {
    expect(await call('POST', '/signup', { body })).toMatchObject({
      status,
      body: { code: status, error_code: code, msg: expect.any(String) },
    })
  })

  test('refuses an address that is taken, also for simultaneous sign-ups', async () => {
    const { email } = await signedUp()
    const { error } = await api.client().auth.signUp({ email, password: PASSWORD })
    expect(error).toMatchObject({ status: 422, code: 'user_already_exists' })

    const race = newEmail()
    const results = await Promise.all(
      Array.from({ length: 5 }, () => call('POST', '/signup', { body: { email: race, password: PASSWORD } })),
    )
    expect(results.map((result) => result.status).sort()).toEqual([200, 422, 422, 422, 422])
  })

  test('answers a malformed body with bad_json', async () => {
    const response = await fetch(`${api.gateway.url}/auth/v1/signup`, {
      method: 'POST',
      headers: { apikey: api.keys.publishableKey },
      body: '{',
    })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error_code: 'bad_json' })
  })
})

describe('anonymous sign-in', () => {
  test('gives a user without an address, which becomes permanent with an address', async () => {
    const client = api.client()
    const { data, error } = await client.auth.signInAnonymously({ options: { data: { lang: 'de' } } })
    expect(error).toBeNull()
    expect(data.user).toMatchObject({
      is_anonymous: true,
      email: '',
      identities: [],
      user_metadata: { lang: 'de' },
    })
    expect(decodeJwt(data.session?.access_token ?? '')).toMatchObject({
      is_anonymous: true,
      amr: [{ method: 'anonymous' }],
    })
    const early = await client.auth.updateUser({ password: PASSWORD })
    expect(early.error).toMatchObject({ status: 422, code: 'validation_failed' })

    const email = newEmail()
    const linked = await client.auth.updateUser({ email, password: PASSWORD })
    expect(linked.data.user).toMatchObject({ id: data.user?.id, email, is_anonymous: false })
    expect(linked.data.user?.identities).toHaveLength(1)
    expect((await api.client().auth.signInWithPassword({ email, password: PASSWORD })).data.user?.id).toBe(
      data.user?.id,
    )
  })
})

describe('password sign-in', () => {
  test('opens a new session each time', async () => {
    const { email, id } = await signedUp()
    const first = await api
      .client()
      .auth.signInWithPassword({ email: email.toUpperCase(), password: PASSWORD })
    const second = await api.client().auth.signInWithPassword({ email, password: PASSWORD })
    expect(first.data.user?.id).toBe(id)
    const sessions = [first, second].map(({ data }) => decodeJwt(data.session?.access_token ?? '').session_id)
    expect(new Set(sessions).size).toBe(2)
  })

  test('answers the same to a wrong password, an unknown user and a user without a password', async () => {
    const { email } = await signedUp()
    const { data } = await api.admin().auth.admin.createUser({ email: newEmail(), email_confirm: true })
    for (const [who, password] of [
      [email, 'wrong password'],
      [email, ''],
      [newEmail(), PASSWORD],
      [data.user?.email ?? '', PASSWORD],
      [data.user?.email ?? '', ''],
    ] as const) {
      expect(
        await call('POST', '/token?grant_type=password', { body: { email: who, password } }),
      ).toMatchObject({
        status: 400,
        body: { error_code: 'invalid_credentials', msg: 'Invalid login credentials' },
      })
    }
  })

  test('works for users that a seed has inserted', async () => {
    const email = newEmail()
    const id = crypto.randomUUID()
    await sql(
      `insert into auth.users (instance_id, id, aud, role, email, encrypted_password, email_confirmed_at,
         raw_app_meta_data, raw_user_meta_data, created_at, updated_at, confirmation_token, email_change,
         email_change_token_new, recovery_token)
       values ('00000000-0000-0000-0000-000000000000', $1, 'authenticated', 'authenticated', $2,
         extensions.crypt('seeded password', extensions.gen_salt('bf')), now(),
         '{"provider":"email","providers":["email"]}', '{}', now(), now(), '', '', '', '')`,
      [id, email],
    )
    await sql(
      `insert into auth.identities (id, user_id, provider_id, identity_data, provider, last_sign_in_at, created_at, updated_at)
       values (gen_random_uuid(), $1::uuid, $1::text, jsonb_build_object('sub', $1::text, 'email', $2::text), 'email', now(), now(), now())`,
      [id, email],
    )
    const { data, error } = await api.client().auth.signInWithPassword({ email, password: 'seeded password' })
    expect(error).toBeNull()
    expect(data.user).toMatchObject({ id, identities: [{ email }] })
  })

  test('refuses unknown grants', async () => {
    for (const path of ['/token?grant_type=nonsense', '/token']) {
      expect(await call('POST', path, { body: {} })).toMatchObject({
        status: 400,
        body: { error_code: 'invalid_credentials', msg: 'unsupported_grant_type' },
      })
    }
  })
})

describe('refresh', () => {
  test('rotates the token and keeps session and method', async () => {
    const { client, accessToken, refreshToken } = await signedUp()
    const { data, error } = await client.auth.refreshSession()
    expect(error).toBeNull()
    expect(data.session?.refresh_token).not.toBe(refreshToken)
    const before = decodeJwt(accessToken)
    const after = decodeJwt(data.session?.access_token ?? '')
    expect(after.session_id).toBe(before.session_id)
    expect(after.amr).toEqual(before.amr)
  })

  const refresh = (token: string) =>
    call('POST', '/token?grant_type=refresh_token', { body: { refresh_token: token } })

  async function ageTokens(): Promise<void> {
    await sql(`update auth.refresh_tokens set updated_at = updated_at - interval '11 seconds'`)
  }

  test('the parent of the active token gives the active token again, for a lost answer', async () => {
    const { refreshToken } = await signedUp()
    const first = await refresh(refreshToken)
    await ageTokens()
    const again = await refresh(refreshToken)
    expect(again.status).toBe(200)
    expect(again.body.refresh_token).toBe(first.body.refresh_token)
  })

  test('concurrent refreshes of one token all end with the same new token', async () => {
    const { refreshToken } = await signedUp()
    const results = await Promise.all(Array.from({ length: 8 }, () => refresh(refreshToken)))
    expect(results.map((result) => result.status)).toEqual(Array(8).fill(200))
    expect(new Set(results.map((result) => result.body.refresh_token)).size).toBe(1)
  })

  test('an old token is accepted within the reuse interval; after it every token of the session is revoked', async () => {
    const { refreshToken: first } = await signedUp()
    const second = String((await refresh(first)).body.refresh_token)
    const third = String((await refresh(second)).body.refresh_token)
    expect((await refresh(first)).body.refresh_token).toBe(third)

    await ageTokens()
    expect(await refresh(first)).toMatchObject({
      status: 400,
      body: { error_code: 'refresh_token_already_used' },
    })
    for (const token of [first, second, third]) {
      expect(await refresh(token)).toMatchObject({
        status: 400,
        body: { error_code: 'refresh_token_already_used' },
      })
    }
  })

  test('unknown tokens, deleted users, banned users and ended sessions are refused', async () => {
    expect(await refresh('nonsense')).toMatchObject({
      status: 400,
      body: { error_code: 'refresh_token_not_found' },
    })
    expect(await refresh('')).toMatchObject({ status: 400, body: { error_code: 'validation_failed' } })

    const deleted = await signedUp()
    await api.admin().auth.admin.deleteUser(deleted.id)
    expect(await refresh(deleted.refreshToken)).toMatchObject({
      body: { error_code: 'refresh_token_not_found' },
    })

    const banned = await signedUp()
    await api.admin().auth.admin.updateUserById(banned.id, { ban_duration: '1h30m' })
    expect(await refresh(banned.refreshToken)).toMatchObject({
      status: 400,
      body: { error_code: 'user_banned' },
    })
    const login = await api.client().auth.signInWithPassword({ email: banned.email, password: PASSWORD })
    expect(login.error).toMatchObject({ status: 400, code: 'user_banned' })
    await api.admin().auth.admin.updateUserById(banned.id, { ban_duration: 'none' })
    expect((await refresh(banned.refreshToken)).status).toBe(200)

    const gone = await signedUp()
    await gone.client.auth.signOut()
    expect(await refresh(gone.refreshToken)).toMatchObject({
      body: { error_code: 'refresh_token_not_found' },
    })
  })
})

describe('sign-out', () => {
  async function threeSessions(): Promise<{ clients: SupabaseClient[]; tokens: string[] }> {
    const { client, email } = await signedUp()
    const clients = [client, api.client(), api.client()]
    await Promise.all(
      clients.slice(1).map((other) => other.auth.signInWithPassword({ email, password: PASSWORD })),
    )
    const sessions = await Promise.all(clients.map((other) => other.auth.getSession()))
    return { clients, tokens: sessions.map(({ data }) => data.session?.access_token ?? '') }
  }

  const alive = async (tokens: string[]): Promise<boolean[]> =>
    Promise.all(tokens.map(async (token) => (await call('GET', '/user', { token })).status === 200))

  test.each([
    ['global', [false, false, false]],
    ['local', [false, true, true]],
    ['others', [true, false, false]],
  ] as const)('%s', async (scope, expected) => {
    const { clients, tokens } = await threeSessions()
    expect(await alive(tokens)).toEqual([true, true, true])
    expect((await clients[0]?.auth.signOut({ scope }))?.error).toBeNull()
    expect(await alive(tokens)).toEqual(expected)
  })

  test('refuses an unknown scope, and a token of an ended session', async () => {
    const { accessToken, client } = await signedUp()
    expect(await call('POST', '/logout?scope=all', { token: accessToken })).toMatchObject({
      status: 400,
      body: { error_code: 'validation_failed' },
    })
    await client.auth.signOut()
    expect(await call('POST', '/logout', { token: accessToken })).toMatchObject({
      status: 403,
      body: { error_code: 'session_not_found' },
    })
  })
})

describe('user', () => {
  test('reads and changes the own account', async () => {
    const { client, id, email } = await signedUp()
    expect((await client.auth.getUser()).data.user).toMatchObject({ id, email })

    const data = await client.auth.updateUser({ data: { theme: 'dark', name: 'Ada' } })
    expect(data.data.user?.user_metadata).toMatchObject({ theme: 'dark', name: 'Ada' })
    const cleared = await client.auth.updateUser({ data: { theme: null } })
    expect(cleared.data.user?.user_metadata).not.toHaveProperty('theme')
    expect(cleared.data.user?.user_metadata).toMatchObject({ name: 'Ada' })

    const taken = await client.auth.updateUser({ email: (await signedUp()).email })
    expect(taken.error).toMatchObject({ status: 422, code: 'email_exists' })
  })

  test('a new password ends the other sessions and replaces the old one', async () => {
    const { client, email, accessToken } = await signedUp()
    const other = await api.client().auth.signInWithPassword({ email, password: PASSWORD })
    expect((await client.auth.updateUser({ password: PASSWORD })).error).toMatchObject({
      code: 'same_password',
    })
    expect((await client.auth.updateUser({ password: '123' })).error).toMatchObject({ code: 'weak_password' })
    expect((await client.auth.updateUser({ password: 'another horse' })).error).toBeNull()
    expect((await call('GET', '/user', { token: accessToken })).status).toBe(200)
    expect((await call('GET', '/user', { token: other.data.session?.access_token ?? '' })).status).toBe(403)
    expect((await api.client().auth.signInWithPassword({ email, password: PASSWORD })).error?.code).toBe(
      'invalid_credentials',
    )
    expect(
      (await api.client().auth.signInWithPassword({ email, password: 'another horse' })).error,
    ).toBeNull()
  })

  test('cannot change the own role or app_metadata', async () => {
    const { accessToken } = await signedUp()
    expect(
      await call('PUT', '/user', { token: accessToken, body: { app_metadata: { admin: true } } }),
    ).toMatchObject({ status: 403, body: { error_code: 'not_admin' } })
    await call('PUT', '/user', { token: accessToken, body: { role: 'service_role', data: {} } })
    expect((await call('GET', '/user', { token: accessToken })).body.role).toBe('authenticated')
  })

  test('tokens that are expired, foreign, unsigned or garbled are refused', async () => {
    const { accessToken, id } = await signedUp()
    const user = { sub: id, role: 'authenticated', aud: 'authenticated' }
    const none = `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${accessToken.split('.')[1]}.`
    const hs256 = await new SignJWT(user)
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode('super-secret-jwt-token-with-at-least-32-characters-long'))
    for (const token of [
      await mintToken(api.keys, user, { expiresIn: -1 }),
      await mintToken(await generateKeys(), user),
      none,
      hs256,
      'nonsense',
      `${accessToken}x`,
    ]) {
      expect(await call('GET', '/user', { token })).toMatchObject({
        status: 403,
        body: { error_code: 'bad_jwt' },
      })
    }
    expect(await call('GET', '/user')).toMatchObject({
      status: 401,
      body: { error_code: 'no_authorization' },
    })
    expect(await call('GET', '/user', { token: api.keys.anonKey })).toMatchObject({
      body: { error_code: 'bad_jwt' },
    })
    const unknown = await mintToken(api.keys, { ...user, sub: crypto.randomUUID() })
    expect(await call('GET', '/user', { token: unknown })).toMatchObject({
      status: 403,
      body: { error_code: 'user_not_found' },
    })
    const odd = await mintToken(api.keys, { ...user, sub: 'me' })
    expect(await call('GET', '/user', { token: odd })).toMatchObject({ body: { error_code: 'bad_jwt' } })
  })

  test('an access token is refused after its lifetime', async () => {
    await using brief = await startTestApi({ auth: { accessTokenLifetime: -1 } })
    const { data } = await brief.client().auth.signUp({ email: newEmail(), password: PASSWORD })
    const response = await fetch(`${brief.gateway.url}/auth/v1/user`, {
      headers: { apikey: brief.keys.publishableKey, authorization: `Bearer ${data.session?.access_token}` },
    })
    expect(response.status).toBe(403)
  })
})

describe('administration', () => {
  test('creates, reads, changes and deletes users', async () => {
    const { admin } = api.admin().auth
    const id = crypto.randomUUID()
    const email = newEmail()
    const created = await admin.createUser({
      id,
      email,
      password: PASSWORD,
      email_confirm: true,
      user_metadata: { name: 'Ada' },
      app_metadata: { plan: 'pro' },
    })
    expect(created.error).toBeNull()
    expect(created.data.user).toMatchObject({
      id,
      email,
      user_metadata: { name: 'Ada' },
      app_metadata: { provider: 'email', plan: 'pro' },
    })
    expect((await admin.getUserById(id)).data.user).toMatchObject({
      id,
      email,
      identities: [{ provider: 'email' }],
    })
    const session = await api.client().auth.signInWithPassword({ email, password: PASSWORD })
    expect(session.error).toBeNull()

    const changed = await admin.updateUserById(id, {
      password: 'another horse',
      user_metadata: { name: null, age: 36 },
      app_metadata: { plan: 'free' },
    })
    expect(changed.data.user).toMatchObject({ app_metadata: { provider: 'email', plan: 'free' } })
    expect(changed.data.user?.user_metadata).toEqual({ age: 36, email_verified: true })
    expect((await call('GET', '/user', { token: session.data.session?.access_token ?? '' })).status).toBe(403)
    expect(
      (await api.client().auth.signInWithPassword({ email, password: 'another horse' })).error,
    ).toBeNull()

    expect((await admin.deleteUser(id)).error).toBeNull()
    expect((await admin.getUserById(id)).error).toMatchObject({ status: 404, code: 'user_not_found' })
    expect((await admin.deleteUser(id)).error).toMatchObject({ status: 404, code: 'user_not_found' })
  })

  test('an address that is not confirmed cannot sign in', async () => {
    const email = newEmail()
    await api.admin().auth.admin.createUser({ email, password: PASSWORD })
    const { error } = await api.client().auth.signInWithPassword({ email, password: PASSWORD })
    expect(error).toMatchObject({ code: 'email_not_confirmed' })
  })

  test('a soft deletion keeps the id only, and the address can be used again', async () => {
    const { id, email } = await signedUp()
    expect((await api.admin().auth.admin.deleteUser(id, true)).error).toBeNull()
    const [row] = await sql('select email, deleted_at is not null as deleted from auth.users where id = $1', [
      id,
    ])
    expect(row?.deleted).toBe(true)
    expect(row?.email).not.toContain('@')
    expect((await api.client().auth.signUp({ email, password: PASSWORD })).error).toBeNull()
  })

  test('refuses invalid values and values that are taken', async () => {
    const key = api.keys.secretKey
    const { email, id } = await signedUp()
    for (const [body, status, code] of [
      [{ email }, 422, 'email_exists'],
      [{ email: newEmail(), id }, 409, 'conflict'],
      [{ email: newEmail(), id: 'x' }, 400, 'validation_failed'],
      [{ password: PASSWORD }, 400, 'validation_failed'],
      [{ email: newEmail(), password: '1' }, 422, 'weak_password'],
      [{ email: newEmail(), ban_duration: 'long' }, 400, 'validation_failed'],
    ] as const) {
      expect(await call('POST', '/admin/users', { key, token: key, body })).toMatchObject({
        status,
        body: { error_code: code },
      })
    }
    expect(await call('GET', '/admin/users/x', { key, token: key })).toMatchObject({ status: 404 })
    expect(await call('GET', '/admin/users?page=-1', { key, token: key })).toMatchObject({ status: 400 })
  })

  test('is refused to every role but the service role', async () => {
    const { accessToken, client } = await signedUp()
    expect((await client.auth.admin.listUsers()).error).toMatchObject({ status: 403, code: 'not_admin' })
    for (const [key, token] of [
      [api.keys.publishableKey, accessToken],
      [api.keys.publishableKey, api.keys.publishableKey],
      [api.keys.anonKey, api.keys.anonKey],
      [api.keys.secretKey, accessToken],
    ] as const) {
      expect(await call('GET', '/admin/users', { key, token })).toMatchObject({
        status: 403,
        body: { error_code: 'not_admin' },
      })
    }
    expect((await call('GET', '/admin/users', { key: api.keys.secretKey, token: 'nonsense' })).status).toBe(
      403,
    )
    expect((await call('GET', '/admin/users', { key: api.keys.secretKey })).status).toBe(200)
    const legacy = api.keys.serviceRoleKey
    expect((await call('GET', '/admin/users', { key: legacy, token: legacy })).status).toBe(200)
  })

  test('lists users in pages', async () => {
    await using own = await startTestApi()
    const { admin } = own.admin().auth
    for (let n = 0; n < 5; n++) await admin.createUser({ email: `user${n}@example.com` })
    const { data } = await admin.listUsers({ page: 2, perPage: 2 })
    expect(data).toMatchObject({ total: 5, nextPage: 3, lastPage: 3, aud: 'authenticated' })
    expect(data.users.map((user) => user.email)).toEqual(['user2@example.com', 'user1@example.com'])
    expect(data.users[0]?.identities).toHaveLength(1)
    const last = await admin.listUsers({ page: 3, perPage: 2 })
    expect(last.data).toMatchObject({ nextPage: null, total: 5 })
  })
})

describe('endpoints', () => {
  test('health and the public keys are open', async () => {
    const health = await fetch(`${api.gateway.url}/auth/v1/health`)
    expect(health.status).toBe(200)
    const jwks = await fetch(`${api.gateway.url}/auth/v1/.well-known/jwks.json`)
    expect(await jwks.json()).toEqual(api.keys.jwks)
    expect(JSON.stringify(api.keys.jwks)).not.toContain('"d"')
  })

  test('settings list the enabled providers', async () => {
    expect((await call('GET', '/settings')).body).toMatchObject({
      external: { email: true, anonymous_users: true, phone: false },
      mailer_autoconfirm: true,
    })
  })

  test.each([
    ['GET', '/authorize?provider=github', 400, 'validation_failed'],
    ['GET', '/callback?code=1', 400, 'bad_oauth_callback'],
    ['POST', '/sso', 404, 'saml_provider_disabled'],
    ['GET', '/sso/saml/metadata', 404, 'saml_provider_disabled'],
    ['GET', '/admin/sso/providers', 404, 'saml_provider_disabled'],
    ['GET', '/passkeys', 404, 'passkey_disabled'],
    ['GET', '/admin/users/7/passkeys', 404, 'passkey_disabled'],
    ['POST', '/oauth/token', 404, 'feature_disabled'],
    ['GET', '/user/oauth/grants', 404, 'feature_disabled'],
    ['GET', '/admin/oauth/clients', 404, 'feature_disabled'],
    ['GET', '/admin/custom-providers', 404, 'feature_disabled'],
    ['GET', '/.well-known/oauth-authorization-server', 404, 'feature_disabled'],
    ['POST', '/token?grant_type=id_token', 400, 'provider_disabled'],
    ['POST', '/token?grant_type=web3', 422, 'web3_provider_disabled'],
  ])('%s %s is answered as by a GoTrue where it is switched off', async (method, path, status, code) => {
    const answer = await call(method, path, method === 'POST' ? { body: {} } : {})
    expect(answer).toMatchObject({ status, body: { code: status, error_code: code } })
  })

  test.each([
    ['GET', '/.well-known/openid-configuration'],
    ['GET', '/admin/audit'],
  ])('%s %s of GoTrue does not exist here: 501 with the page that says so', async (method, path) => {
    const answer = await call(method, path)
    expect(answer).toMatchObject({ status: 501, body: { code: 501, error_code: 'not_implemented' } })
    expect(answer.body.msg).toContain('docs/embedded-stack.md')
  })

  test('an unknown address is 404 and a wrong method 405, in the form of an error', async () => {
    expect(await call('POST', '/nonsense', { body: {} })).toMatchObject({ status: 404, body: { code: 404 } })
    expect(await call('DELETE', '/user')).toMatchObject({ status: 405, body: { code: 405 } })
    expect((await call('GET', '/constructor')).status).toBe(404)
  })

  test('clients of the newer API version get the newer form of an error', async () => {
    const headers = { 'x-supabase-api-version': '2024-01-01' }
    const answer = await call('POST', '/token?grant_type=password', {
      body: { email: 'a@b.c', password: 'x' },
      headers,
    })
    expect(answer.body).toEqual({ code: 'invalid_credentials', message: 'Invalid login credentials' })
    expect(answer.headers.get('x-supabase-api-version')).toBe('2024-01-01')
  })
})

describe('schema auth', () => {
  test('the roles of the API have no rights on its tables', async () => {
    for (const role of ['anon', 'authenticated', 'service_role']) {
      for (const table of [
        'users',
        'identities',
        'sessions',
        'refresh_tokens',
        'mfa_amr_claims',
        'one_time_tokens',
        'flow_state',
        'mfa_factors',
        'mfa_challenges',
      ]) {
        const [row] = await sql(
          `select has_table_privilege($1, 'auth.' || $2, 'select, insert, update, delete') as may`,
          [role, table],
        )
        expect(row?.may, `${role} on ${table}`).toBe(false)
      }
      const [row] = await sql(`select has_schema_privilege($1, 'auth', 'usage') as may`, [role])
      expect(row?.may).toBe(true)
    }
  })

  test('postgres can create triggers and foreign keys on users, and they work', async () => {
    await sql(
      `create table public.profiles (id uuid primary key references auth.users (id) on delete cascade, email text)`,
    )
    await sql(`create function public.tg_users__profile() returns trigger language plpgsql security definer set search_path = '' as
      $$ begin insert into public.profiles values (new.id, new.email); return new; end $$`)
    await sql(`create trigger users__profile after insert on auth.users
      for each row execute function public.tg_users__profile()`)
    const { id, email } = await signedUp()
    expect(await sql('select * from public.profiles where id = $1', [id])).toEqual([{ id, email }])
    await api.admin().auth.admin.deleteUser(id)
    expect(await sql('select * from public.profiles where id = $1', [id])).toEqual([])
    await sql('drop function public.tg_users__profile() cascade')
  })
})

test('nothing unexpected was logged', () => {
  expect(api.logger.entries.filter((entry) => entry.level === 'error')).toEqual([])
})
