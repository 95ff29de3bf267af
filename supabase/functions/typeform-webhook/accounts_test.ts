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
  assertEquals(found, { id: ID, email: 'ana@example.com' })
})

Deno.test('a missing account is null', async () => {
  assertEquals(await withAuth(refuse(404, 'user_not_found'), (accounts) => accounts.find(ID)), null)
})

Deno.test('an unavailable Auth is an error, and not a missing account', async () => {
  await assertCode(
    withAuth(refuse(503, 'unavailable'), (accounts) => accounts.find(ID)),
    'database_unavailable',
  )
})

Deno.test('a new account is unconfirmed and has the given id', async () => {
  const bodies: unknown[] = []
  const result = await withAuth(
    async (request) => {
      bodies.push(await request.json())
      return Response.json({ id: ID, email: 'ana@example.com', aud: 'authenticated' })
    },
    (accounts) => accounts.create({ id: ID, email: 'ana@example.com' }),
  )
  assertEquals(result, { outcome: 'created', account: { id: ID, email: 'ana@example.com' } })
  assertEquals(bodies, [
    { id: ID, email: 'ana@example.com', email_confirm: false, app_metadata: { source: 'typeform' } },
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
