import { AppError } from '../../../functions-shared/app-error.ts'
import { parseTypeformResponse, type TypeformResponse } from '../../../functions-shared/typeform.ts'
import { isUuid } from '../../../functions-shared/uuid.ts'
import { assert, assertEquals, assertInstanceOf, assertNotEquals } from '../_shared/testing/asserts.ts'
import { assertCode } from '../_shared/testing/errors.ts'
import { resolveReporter } from './reporter.ts'
import { fakeAccounts } from './testing/fakes.ts'

const ANA = { id: 'e6b2a0d4-0f5a-4a7e-9b6e-000000000001', email: 'ana@example.com' }
const NEW_ID = 'e6b2a0d4-0f5a-4a7e-9b6e-000000000002'

function response(
  userId: string | undefined,
  email: string | undefined,
  token = 'token-1',
  userToken?: string,
): TypeformResponse {
  return parseTypeformResponse({
    event_type: 'form_response',
    form_response: {
      form_id: 'f',
      token,
      hidden: {
        ...(userId !== undefined && { user_id: userId }),
        ...(userToken !== undefined && { user_token: userToken }),
      },
      answers: email === undefined ? [] : [{ type: 'email', email, field: { id: 'a', ref: 'email' } }],
    },
  })
}

async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assertInstanceOf(error, AppError)
  assertEquals(error.code, 'user_unknown')
  return error.details.reason
}

Deno.test('the user id of an account selects that account, whatever the e-mail answer', async () => {
  const accounts = fakeAccounts([ANA])
  assertEquals(await resolveReporter(response(ANA.id, undefined), accounts), ANA.id)
  assertEquals(
    await resolveReporter(response(` ${ANA.id.toUpperCase()} `, 'eve@example.com'), accounts),
    ANA.id,
  )
  assertEquals(accounts.all, [ANA])
})

Deno.test('the token of a form link names the account, whatever user id and email say', async () => {
  const accounts = fakeAccounts([ANA])
  accounts.links.set('link', ANA.id)
  for (const rules of [{}, { requireSignedUser: true }]) {
    const claim = response(NEW_ID, 'eve@example.com', 'token-1', 'link')
    assertEquals(await resolveReporter(claim, accounts, rules), ANA.id)
  }
  assertEquals(accounts.all, [ANA])
})

Deno.test('where a signed user is required, an id alone names nobody and the claim goes to the address', async () => {
  for (const userToken of [undefined, '', 'forged']) {
    const accounts = fakeAccounts([ANA])
    const claim = response(ANA.id, 'new@example.com', 'token-1', userToken)
    const owner = await resolveReporter(claim, accounts, { requireSignedUser: true })
    assertNotEquals(owner, ANA.id)
    assertEquals(accounts.all[1], { id: owner, email: 'new@example.com' })
    const same = resolveReporter(response(ANA.id, ANA.email, 'token-2', userToken), accounts, {
      requireSignedUser: true,
    })
    assertEquals(await reasonOf(same), 'email_taken')
  }
})

Deno.test('a forged token counts as none', async () => {
  const accounts = fakeAccounts([ANA])
  assertEquals(await resolveReporter(response(ANA.id, undefined, 'token-1', 'forged'), accounts), ANA.id)
})

Deno.test('an unknown user id with a new e-mail makes an account with both', async () => {
  const accounts = fakeAccounts([ANA])
  assertEquals(await resolveReporter(response(NEW_ID, 'New@Example.com'), accounts), NEW_ID)
  assertEquals(accounts.all[1], { id: NEW_ID, email: 'new@example.com' })
})

for (const [name, userId, email, reason] of [
  ['an unknown user id without an e-mail', NEW_ID, undefined, 'user_id_not_found'],
  ['an unknown user id with the e-mail of another account', NEW_ID, ANA.email, 'email_taken'],
  ['a malformed user id', '42', 'new@example.com', 'user_id_malformed'],
  ['a malformed user id with an injection', `${ANA.id}' or 1=1`, undefined, 'user_id_malformed'],
  ['neither user id nor e-mail', undefined, undefined, 'no_user_id_and_no_email'],
  ['an empty user id and no e-mail', '', undefined, 'no_user_id_and_no_email'],
  ['the e-mail of an existing account alone', undefined, ANA.email, 'email_taken'],
  ['an address that Auth refuses', undefined, 'refused', 'email_refused'],
] as const) {
  Deno.test(`${name} is user_unknown`, async () => {
    const accounts = fakeAccounts([ANA])
    assertEquals(await reasonOf(resolveReporter(response(userId, email), accounts)), reason)
    assertEquals(accounts.all, [ANA])
  })
}

Deno.test('a new e-mail without user id makes an account, and a repeated response finds it', async () => {
  const accounts = fakeAccounts([ANA])
  const first = await resolveReporter(response(undefined, 'new@example.com'), accounts)
  assert(isUuid(first), 'a UUID')
  assertEquals(await resolveReporter(response(undefined, 'new@example.com'), accounts), first)
  assertEquals(accounts.all.length, 2)
})

Deno.test('another response with the same e-mail does not get into the account', async () => {
  const accounts = fakeAccounts([])
  const first = await resolveReporter(response(undefined, 'new@example.com', 'token-1'), accounts)
  assertEquals(
    await reasonOf(resolveReporter(response(undefined, 'new@example.com', 'token-2'), accounts)),
    'email_taken',
  )
  const other = await resolveReporter(response(undefined, 'other@example.com', 'token-2'), accounts)
  assertNotEquals(first, other)
})

Deno.test('two deliveries of one response at the same moment end in one account', async () => {
  for (const userId of [undefined, NEW_ID]) {
    const accounts = fakeAccounts([])
    const same = response(userId, 'new@example.com')
    const ids = await Promise.all([resolveReporter(same, accounts), resolveReporter(same, accounts)])
    assertEquals(ids[0], ids[1])
    assertEquals(accounts.all.length, 1)
  }
})

Deno.test('an unavailable Auth is not an unknown user', async () => {
  const accounts = fakeAccounts([])
  accounts.failWith = 'database_unavailable'
  await assertCode(resolveReporter(response(NEW_ID, 'new@example.com'), accounts), 'database_unavailable')
})
