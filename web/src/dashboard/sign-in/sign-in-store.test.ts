import { AuthApiError, AuthRetryableFetchError } from '@supabase/supabase-js'
import { expect, test, vi } from 'vitest'
import type { Arrival } from './landing.ts'
import { type MailboxAuth, SignInStore } from './sign-in-store.ts'

const RETURN = 'https://claims.example.com/?incident=x'
const refusal = (status: number, code: string, message = 'no') => new AuthApiError(message, status, code)

function bench(arrival: Arrival = { kind: 'nothing' }) {
  const auth = {
    signInWithOtp: vi.fn<MailboxAuth['signInWithOtp']>(async () => ({
      data: { user: null, session: null },
      error: null,
    })),
    verifyOtp: vi.fn<MailboxAuth['verifyOtp']>(async () => ({
      data: { user: null, session: null },
      error: null,
    })),
    signInWithPassword: vi.fn<MailboxAuth['signInWithPassword']>(),
    resetPasswordForEmail: vi.fn<MailboxAuth['resetPasswordForEmail']>(async () => ({
      data: {},
      error: null,
    })),
  }
  const told: string[] = []
  const store = new SignInStore({
    auth,
    arrival,
    returnTo: () => RETURN,
    onLinkSpent: (outcome) => told.push(outcome),
    clock: () => 1_000,
  })
  return { auth, store, told }
}

const refuseMail = (error: AuthApiError) => async () => ({ data: { user: null, session: null }, error })

test('somebody whose account was deleted is told so', () => {
  const { store } = bench({ kind: 'failed', code: 'account_deleted' })
  expect(store.state).toMatchObject({
    step: 'address',
    error: expect.stringContaining('account was deleted'),
  })
})

test('an address is sent a mail that leads back, and the code is asked for', async () => {
  const { auth, store } = bench()
  await store.sendMail(' ana@example.com ')
  expect(auth.signInWithOtp).toHaveBeenCalledWith({
    email: 'ana@example.com',
    options: { emailRedirectTo: RETURN },
  })
  expect(store.state).toMatchObject({ step: 'code', email: 'ana@example.com', nextMailAt: 61_000, error: '' })
})

test.each([
  '',
  'ana',
  'ana@',
  '@example.com',
  'ana@example',
  'a na@example.com',
  `${'a'.repeat(250)}@b.test`,
])('what is no address is not sent: %s', async (typed) => {
  const { auth, store } = bench()
  await store.sendMail(typed)
  expect(auth.signInWithOtp).not.toHaveBeenCalled()
  expect(store.state).toMatchObject({ step: 'address', error: expect.stringContaining('email address') })
})

test('an address without an account looks like any other', async () => {
  const known = bench()
  const unknown = bench()
  unknown.auth.signInWithOtp.mockImplementation(refuseMail(refusal(422, 'otp_disabled')))
  await known.store.sendMail('ana@example.com')
  await unknown.store.sendMail('ana@example.com')
  expect(unknown.store.state).toEqual(known.store.state)
})

test('a mail that was asked for too soon shows the code field and how long to wait', async () => {
  const { auth, store } = bench()
  auth.signInWithOtp.mockImplementation(
    refuseMail(refusal(429, 'over_email_send_rate_limit', 'you can only request this after 42 seconds.')),
  )
  await store.sendMail('ana@example.com')
  expect(store.state).toMatchObject({
    step: 'code',
    nextMailAt: 43_000,
    error: expect.stringContaining('Wait'),
  })
})

test('a server that is away keeps the step and what was typed', async () => {
  const { auth, store } = bench()
  auth.signInWithOtp.mockImplementation(refuseMail(new AuthRetryableFetchError('failed to fetch', 0)))
  await store.sendMail('ana@example.com')
  expect(store.state).toMatchObject({
    step: 'address',
    email: 'ana@example.com',
    error: expect.stringContaining('could not be reached'),
  })
})

test('a code is sent without its spaces; a wrong one keeps the step', async () => {
  const { auth, store } = bench()
  await store.sendMail('ana@example.com')
  auth.verifyOtp.mockImplementation(refuseMail(refusal(403, 'otp_expired')))
  await store.enterCode(' 123 456')
  expect(auth.verifyOtp).toHaveBeenCalledWith({ email: 'ana@example.com', token: '123456', type: 'email' })
  expect(store.state).toMatchObject({ step: 'code', error: expect.stringContaining('wrong or too old') })
  await store.enterCode('12')
  expect(auth.verifyOtp).toHaveBeenCalledTimes(1)
})

test('a forgotten password sends the other mail, and its code is used as one for a new password', async () => {
  const { auth, store } = bench()
  store.go('forgot')
  await store.sendMail('ana@example.com')
  expect(auth.resetPasswordForEmail).toHaveBeenCalledWith('ana@example.com', { redirectTo: RETURN })
  await store.enterCode('123456')
  expect(auth.verifyOtp).toHaveBeenCalledWith({ email: 'ana@example.com', token: '123456', type: 'recovery' })
})

const LINK: Arrival = { kind: 'token', tokenHash: 'hash', type: 'email' }

test('a link is not spent before the click', async () => {
  const { auth, store, told } = bench(LINK)
  expect(store.state.step).toBe('link')
  expect(auth.verifyOtp).not.toHaveBeenCalled()
  auth.verifyOtp.mockImplementation(refuseMail(refusal(403, 'otp_expired')))
  await store.openLink()
  expect(auth.verifyOtp).toHaveBeenCalledWith({ token_hash: 'hash', type: 'email' })
  expect(store.state).toMatchObject({ step: 'address', error: expect.stringContaining('used already') })
  expect(told).toEqual(['refused'])
})

test('a link is kept while the server is away', async () => {
  const { auth, store, told } = bench(LINK)
  auth.verifyOtp.mockImplementation(refuseMail(new AuthRetryableFetchError('failed to fetch', 0)))
  await store.openLink()
  expect(store.state).toMatchObject({ step: 'link', error: expect.stringContaining('could not be reached') })
  expect(told).toEqual([])
})

test('the first of two links of a new address says that the other is missing', async () => {
  const { store } = bench({ kind: 'token', tokenHash: 'hash', type: 'email_change' })
  await store.openLink()
  expect(store.state.step).toBe('half_confirmed')
})

test('an expired link of Auth itself says so at once', () => {
  expect(bench({ kind: 'failed', code: 'otp_expired' }).store.state).toMatchObject({
    step: 'address',
    error: expect.stringContaining('used already'),
  })
})

test('a wrong password says so', async () => {
  const { auth, store } = bench()
  auth.signInWithPassword.mockImplementation(async () => ({
    data: { user: null, session: null },
    error: refusal(400, 'invalid_credentials'),
  }))
  await store.enterPassword('ana@example.com', 'wrong')
  expect(store.state).toMatchObject({ busy: null, error: 'Email or password is wrong.' })
})
