import { HttpResponse, http } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { AppError } from '../../functions-shared/app-error.ts'
import type { ErrorCode } from '../../functions-shared/error-codes.ts'
import { checkConfirmations, checkFunction } from './requests.ts'

const HOSTED = 'https://ref.supabase.co'
const LOCAL = 'http://127.0.0.1:9999'

const server = setupServer()
beforeAll(() => server.listen({ onUnhandledFrame: 'error' }))
afterEach(() => server.resetHandlers())
afterAll(() => server.close())

const status = (of: number) => () => new Response('', { status: of })
const refusal = (code: ErrorCode) => () => {
  const error = new AppError(code)
  return new Response(JSON.stringify(error), { status: error.status })
}

describe('a function', () => {
  const check = async (name: string, answer: () => Response) => {
    server.use(http.post(`${HOSTED}/functions/v1/${name}`, answer))
    return checkFunction(HOSTED, name, 'sb_secret_x')
  }

  test('that refuses an empty request is well', async () => {
    expect(await check('status-update', refusal('invalid_status_update'))).toMatchObject({ verdict: 'ok' })
  })

  test.each([
    ['is not deployed', status(404), 'not deployed'],
    ['refuses the secret key', status(401), 'refuses the secret key'],
    ['answers 503', refusal('database_unavailable'), 'HTTP 503'],
  ])('that %s has failed, mail-events too', async (_what, answer, found) => {
    for (const name of ['status-update', 'mail-events'])
      expect(await check(name, answer)).toMatchObject({ verdict: 'failed', found })
  })

  test('mail-events without its secret is well, and the line says what is not recorded', async () => {
    expect(await check('mail-events', refusal('webhook_not_configured'))).toMatchObject({
      verdict: 'ok',
      found: expect.stringMatching(/without MAIL_EVENTS_SECRET, bounces and complaints are not recorded$/),
    })
  })

  test.each(['signature_missing', 'signature_mismatch'] as const)(
    'mail-events that asks the doctor for its secret is well (%s)',
    async (code) => {
      expect(await check('mail-events', refusal(code))).toMatchObject({
        verdict: 'ok',
        found: expect.stringMatching(/MAIL_EVENTS_SECRET is set$/),
      })
    },
  )

  test('other than an optional webhook has failed without its secret', async () => {
    expect(await check('status-update', refusal('webhook_not_configured'))).toMatchObject({
      verdict: 'failed',
    })
  })
})

test.each([
  ['on', HOSTED, false, 'ok'],
  ['off on a hosted project', HOSTED, true, 'failed'],
  ['off on the own machine', LOCAL, true, 'warning'],
])('confirmation of e-mail addresses that is %s', async (_what, url, isOff, verdict) => {
  server.use(http.get(`${url}/auth/v1/settings`, () => HttpResponse.json({ mailer_autoconfirm: isOff })))
  expect(await checkConfirmations(url, 'sb_publishable_x')).toMatchObject({ verdict })
})
