import { describe, expect, test } from 'vitest'
import { type Arrival, plainAddress, readLanding, returnAddress } from './landing.ts'

const ORIGIN = 'https://claims.example.com'
const ID = 'e6b2a0d4-0f5a-4a7e-9b6e-000000000001'
const TOKEN = 'a'.repeat(64)
const read = (path: string, base = '/') => readLanding(new URL(path, ORIGIN), base)

const ARRIVALS: readonly [what: string, path: string, arrival: Arrival][] = [
  ['a plain visit', '/', { kind: 'nothing' }],
  ['an incident', `/#/incidents/${ID}`, { kind: 'nothing' }],
  [
    'a link of our mail',
    '/auth/confirm?token_hash=abc&type=email',
    { kind: 'token', tokenHash: 'abc', type: 'email' },
  ],
  [
    'the same on a host that adds a slash',
    '/auth/confirm/?token_hash=abc&type=recovery',
    { kind: 'token', tokenHash: 'abc', type: 'recovery' },
  ],
  ['a link that lost its token', '/auth/confirm?type=email', { kind: 'failed', code: 'otp_expired' }],
  [
    'a link of an unknown kind',
    '/auth/confirm?token_hash=abc&type=sms',
    { kind: 'failed', code: 'otp_expired' },
  ],
  ['a token on another page', '/?token_hash=abc&type=email', { kind: 'nothing' }],
  [
    'a session of Auth',
    '/?incident=x#access_token=a&refresh_token=r&type=magiclink',
    { kind: 'session', accessToken: 'a', refreshToken: 'r', isRecovery: false },
  ],
  [
    'a session to set a password',
    '/#access_token=a&refresh_token=r&type=recovery',
    { kind: 'session', accessToken: 'a', refreshToken: 'r', isRecovery: true },
  ],
  ['half a session', '/#access_token=a', { kind: 'nothing' }],
  ['a code of PKCE', '/?code=c', { kind: 'code', code: 'c' }],
  [
    'an expired link of Auth',
    '/#error=access_denied&error_code=otp_expired&error_description=Email+link+is+invalid',
    { kind: 'failed', code: 'otp_expired' },
  ],
  [
    'an error of PKCE in the query',
    '/?error=access_denied&error_code=otp_expired',
    { kind: 'failed', code: 'otp_expired' },
  ],
  ['the first of two confirmations', '/#message=Confirmation+link+accepted', { kind: 'half_confirmed' }],
]

test.each(ARRIVALS)('%s', (_what, path, arrival) => {
  expect(read(path).arrival).toEqual(arrival)
})

describe('where a link leads', () => {
  const confirm = (redirect: string) =>
    read(`/auth/confirm?token_hash=a&type=email&redirect_to=${encodeURIComponent(redirect)}`)

  test('to the incident of the mail', () => {
    expect(confirm(`${ORIGIN}/?incident=${ID}`)).toMatchObject({ hash: `#/incidents/${ID}`, claim: null })
    expect(confirm(`${ORIGIN}/#/incidents/${ID}/documents/${ID}`).hash).toBe(
      `#/incidents/${ID}/documents/${ID}`,
    )
    expect(read(`/?incident=${ID}#access_token=a&refresh_token=r`).hash).toBe(`#/incidents/${ID}`)
  })

  test('to the claim that is to be confirmed', () => {
    expect(confirm(`${ORIGIN}/?incident=${ID}&claim=${TOKEN}`).claim).toEqual({
      incidentId: ID,
      token: TOKEN,
    })
    expect(confirm(`${ORIGIN}/?incident=${ID}&claim=short`).claim).toBeNull()
  })

  test.each([
    'https://evil.example.com/',
    `https://evil.example.com/?incident=${ID}`,
    '//evil.example.com/',
    '\\\\evil.example.com',
    'javascript:alert(1)',
    `${ORIGIN}.evil.example.com/?incident=${ID}`,
    'https://claims.example.com@evil.example.com/',
    `${ORIGIN}/?incident=javascript:alert(1)`,
    `${ORIGIN}/#https://evil.example.com`,
    'not an address at all',
    '',
  ])('to nowhere else: %s', (redirect) => {
    const landing = confirm(redirect)
    expect(landing).toMatchObject({ hash: '', claim: null })
    expect(plainAddress(landing, '/')).toBe('/')
  })

  test('only below the path that the dashboard is served under', () => {
    const path = `/app/auth/confirm?token_hash=a&type=email&redirect_to=${encodeURIComponent(`${ORIGIN}/other?incident=${ID}`)}`
    expect(read(path, '/app/')).toMatchObject({ arrival: { kind: 'token' }, hash: '' })
  })
})

test('a mail that is asked for at an incident leads back to it', () => {
  const at = (path: string) => new URL(path, ORIGIN)
  expect(returnAddress(at(`/#/incidents/${ID}`), '/', null)).toBe(`${ORIGIN}/?incident=${ID}`)
  expect(returnAddress(at('/#/incidents/no-uuid'), '/app/', null)).toBe(`${ORIGIN}/app/`)
  expect(returnAddress(at('/'), '/', { incidentId: ID, token: TOKEN })).toBe(
    `${ORIGIN}/?incident=${ID}&claim=${TOKEN}`,
  )
})
