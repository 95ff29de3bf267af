import { AppError } from '../../../functions-shared/app-error.ts'
import { parseTypeformResponse, type TypeformResponse } from '../../../functions-shared/typeform.ts'
import { isUuid } from '../../../functions-shared/uuid.ts'
import { assert, assertEquals, assertInstanceOf, assertNotEquals } from '../_shared/testing/asserts.ts'
import { assertCode } from '../_shared/testing/errors.ts'
import { resolveReporter } from './reporter.ts'
import { fakeAccounts } from './testing/fakes.ts'

const ANA = { id: 'e6b2a0d4-0f5a-4a7e-9b6e-000000000001', email: 'ana@example.com', isProven: true }
/** Ana's claim, which needs no mail. */
const OF_ANA = { userId: ANA.id, mailTo: null }
/** A claim with Ana's address, which waits for her. */
const WAITS = { userId: null, mailTo: ANA.email }
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
  assertEquals(await resolveReporter(response(ANA.id, undefined), accounts), OF_ANA)
  assertEquals(
    await resolveReporter(response(` ${ANA.id.toUpperCase()} `, 'eve@example.com'), accounts),
    OF_ANA,
  )
  assertEquals(accounts.all, [ANA])
})

Deno.test('the token of a form link names the account, whatever user id and email say', async () => {
  const accounts = fakeAccounts([ANA])
  accounts.links.set('link', ANA.id)
  for (const rules of [{}, { requireSignedUser: true }]) {
    const claim = response(NEW_ID, 'eve@example.com', 'token-1', 'link')
    assertEquals(await resolveReporter(claim, accounts, rules), OF_ANA)
  }
  assertEquals(accounts.all, [ANA])
})

Deno.test('where a signed user is required, an id alone names nobody and the claim goes to the address', async () => {
  for (const userToken of [undefined, '', 'forged']) {
    const accounts = fakeAccounts([ANA])
    const rules = { requireSignedUser: true }
    const claim = response(ANA.id, 'new@example.com', 'token-1', userToken)
    const { userId, mailTo } = await resolveReporter(claim, accounts, rules)
    assertNotEquals(userId, ANA.id)
    assertEquals(mailTo, 'new@example.com')
    assertEquals(accounts.all[1], { id: userId ?? '', email: 'new@example.com', isProven: false })
    const same = response(ANA.id, ANA.email, 'token-2', userToken)
    assertEquals(await resolveReporter(same, accounts, rules), WAITS)
  }
})

Deno.test('a forged token counts as none', async () => {
  const accounts = fakeAccounts([ANA])
  assertEquals(await resolveReporter(response(ANA.id, undefined, 'token-1', 'forged'), accounts), OF_ANA)
})

Deno.test('an unknown user id with a new e-mail makes an account with both, which is invited', async () => {
  const accounts = fakeAccounts([ANA])
  const invited = { userId: NEW_ID, mailTo: 'new@example.com' }
  assertEquals(await resolveReporter(response(NEW_ID, 'New@Example.com'), accounts), invited)
  assertEquals(accounts.all[1], { id: NEW_ID, email: 'new@example.com', isProven: false })
  // The database was away after the account had been made.
  assertEquals(await resolveReporter(response(NEW_ID, 'New@Example.com'), accounts), invited)
})

for (const [name, userId, email, reason] of [
  ['an unknown user id without an e-mail', NEW_ID, undefined, 'user_id_not_found'],
  ['a malformed user id', '42', 'new@example.com', 'user_id_malformed'],
  ['a malformed user id with an injection', `${ANA.id}' or 1=1`, undefined, 'user_id_malformed'],
  ['neither user id nor e-mail', undefined, undefined, 'no_user_id_and_no_email'],
  ['an empty user id and no e-mail', '', undefined, 'no_user_id_and_no_email'],
  ['an address that Auth refuses', undefined, 'refused', 'email_refused'],
] as const) {
  Deno.test(`${name} is user_unknown`, async () => {
    const accounts = fakeAccounts([ANA])
    assertEquals(await reasonOf(resolveReporter(response(userId, email), accounts)), reason)
    assertEquals(accounts.all, [ANA])
  })
}

for (const [name, userId, email] of [
  ['the e-mail of an existing account alone', undefined, ANA.email],
  ['the e-mail of an existing account in capitals', undefined, ' ANA@Example.com '],
  ['an unknown user id with the e-mail of another account', NEW_ID, ANA.email],
] as const) {
  Deno.test(`with ${name} the claim waits, and no account is touched`, async () => {
    const accounts = fakeAccounts([ANA])
    assertEquals(await resolveReporter(response(userId, email), accounts), WAITS)
    assertEquals(accounts.all, [ANA])
  })
}

Deno.test('a new e-mail without user id makes an account, and a repeated response finds it and invites again', async () => {
  const accounts = fakeAccounts([ANA])
  const first = await resolveReporter(response(undefined, 'new@example.com'), accounts)
  assert(isUuid(first.userId ?? ''), 'a UUID')
  assertEquals(first.mailTo, 'new@example.com')
  assertEquals(await resolveReporter(response(undefined, 'new@example.com'), accounts), first)
  assertEquals(accounts.all.length, 2)
})

Deno.test('another response with the same e-mail waits, also before the account was entered', async () => {
  const accounts = fakeAccounts([])
  await resolveReporter(response(undefined, 'new@example.com', 'token-1'), accounts)
  const second = await resolveReporter(response(undefined, 'new@example.com', 'token-2'), accounts)
  assertEquals(second, { userId: null, mailTo: 'new@example.com' })
})

Deno.test('two deliveries of one response at the same moment end in one account', async () => {
  for (const userId of [undefined, NEW_ID]) {
    const accounts = fakeAccounts([])
    const same = response(userId, 'new@example.com')
    const reporters = await Promise.all([resolveReporter(same, accounts), resolveReporter(same, accounts)])
    assertEquals(reporters[0], reporters[1])
    assertEquals(accounts.all.length, 1)
  }
})

Deno.test('an unavailable Auth is not an unknown user', async () => {
  const accounts = fakeAccounts([])
  accounts.failWith = 'database_unavailable'
  await assertCode(resolveReporter(response(NEW_ID, 'new@example.com'), accounts), 'database_unavailable')
})
