import { createClient } from '@supabase/supabase-js'
import { assertEquals } from '../_shared/testing/asserts.ts'
import { assertCode } from '../_shared/testing/errors.ts'
import { serveHttp } from '../_shared/testing/http-server.ts'
import { createAccounts } from './accounts.ts'
import type { Accounts } from './reporter.ts'

const ID = 'e6b2a0d4-0f5a-4a7e-9b6e-000000000001'

/** Accounts of an Auth server that answers every request with the handler. */
async function withAuth<T>(handler: Deno.ServeHandler, use: (accounts: Accounts) => Promise<T>): Promise<T> {
  await using server = serveHttp(handler)
  const auth = { persistSession: false, autoRefreshToken: false }
  return await use(createAccounts(createClient(server.origin, 'key', { auth })))
}

const refuse = (status: number, code: string) => () =>
  Response.json({ code: status, error_code: code, msg: 'refused' }, { status })

Deno.test('an account is found by its id', async () => {
  const user = { id: ID, email: 'ana@example.com', aud: 'authenticated' }
  const found = await withAuth(
    (request) => Response.json(new URL(request.url).pathname.endsWith(ID) ? user : {}),
    (accounts) => accounts.find(ID),
  )
  assertEquals(found, { id: ID, email: 'ana@example.com', isProven: true })
})

Deno.test('a missing account is null', async () => {
  assertEquals(await withAuth(refuse(404, 'user_not_found'), (accounts) => accounts.find(ID)), null)
})

Deno.test('the token of a form link names a user, another token names none', async () => {
  const bodies: unknown[] = []
  const answer = (userId: string | null) =>
    withAuth(
      async (request) => {
        bodies.push([new URL(request.url).pathname, await request.json()])
        return Response.json(userId)
      },
      (accounts) => accounts.findByFormLink('token'),
    )
  assertEquals([await answer(ID), await answer(null)], [ID, null])
  assertEquals(bodies[0], ['/rest/v1/rpc/form_link_user', { p_token: 'token' }])
})

Deno.test('a database that is away is not an unknown token', async () => {
  await assertCode(
    withAuth(refuse(503, 'unavailable'), (accounts) => accounts.findByFormLink('token')),
    'database_unavailable',
  )
})

Deno.test('an unavailable Auth is an error, and not a missing account', async () => {
  await assertCode(
    withAuth(refuse(503, 'unavailable'), (accounts) => accounts.find(ID)),
    'database_unavailable',
  )
})

Deno.test('an account with a new address is confirmed and without a password: no sign-up can enter it', async () => {
  const bodies: unknown[] = []
  const result = await withAuth(
    async (request) => {
      bodies.push(await request.json())
      return Response.json({
        id: ID,
        email: 'ana@example.com',
        aud: 'authenticated',
        app_metadata: { mailbox: 'unproven' },
      })
    },
    (accounts) => accounts.create({ id: ID, email: 'ana@example.com' }),
  )
  assertEquals(result, { outcome: 'created', account: { id: ID, email: 'ana@example.com', isProven: false } })
  assertEquals(bodies, [
    {
      id: ID,
      email: 'ana@example.com',
      email_confirm: true,
      app_metadata: { source: 'typeform', mailbox: 'unproven' },
    },
  ])
})

for (const [status, code, outcome] of [
  [422, 'email_exists', 'email_taken'],
  [400, 'validation_failed', 'email_refused'],
  [400, 'email_address_invalid', 'email_refused'],
  [500, 'unexpected_failure', 'failed'],
  [503, 'unavailable', 'failed'],
] as const) {
  Deno.test(`${code} when an account is made is ${outcome}`, async () => {
    const result = await withAuth(refuse(status, code), (accounts) =>
      accounts.create({ id: ID, email: 'ana@example.com' }),
    )
    assertEquals(result.outcome, outcome)
  })
}
