import { AppError } from '../../../functions-shared/app-error.ts'
import { assert, assertEquals } from '../_shared/testing/asserts.ts'
import { recordLog } from '../_shared/testing/log.ts'
import { handleWebhook, MAX_BODY_BYTES } from './handler.ts'
import { fakeAccounts, fakeInbox } from './testing/fakes.ts'
import { sign } from './testing/sign.ts'

const SECRET = 'webhook-secret'
const ANA = { id: 'e6b2a0d4-0f5a-4a7e-9b6e-000000000001', email: 'ana@example.com', isProven: true }

function response(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    event_id: 'event-1',
    event_type: 'form_response',
    form_response: {
      form_id: 'f',
      token: 'token-1',
      hidden: { user_id: ANA.id },
      answers: [
        { type: 'text', text: 'Rear-end\u0000 collision', field: { id: 'a', type: 'short_text' } },
        {
          type: 'file_url',
          file_url: 'https://files.example.com/a.jpg',
          field: { id: 'b', type: 'file_upload' },
        },
      ],
      ...changes,
    },
  }
}

interface Delivery {
  body?: unknown
  /** Null: no signature. Default: the right one. */
  signature?: string | null
  method?: string
}

function bench(secrets = [SECRET, 'previous']) {
  const accounts = fakeAccounts([ANA])
  const inbox = fakeInbox()
  const log = recordLog()
  const deliver = async ({ body = response(), signature, method = 'POST' }: Delivery = {}) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const bytes = body instanceof Uint8Array ? Uint8Array.from(body) : new TextEncoder().encode(text)
    const given = signature === undefined ? await sign(bytes, SECRET) : signature
    const headers = new Headers(given === null ? {} : { 'typeform-signature': given })
    const init = method === 'GET' ? { method, headers } : { method, headers, body: bytes }
    const answer = await handleWebhook(new Request('http://functions.test/typeform-webhook', init), {
      secrets,
      accounts,
      inbox,
      log,
    })
    const json: Record<string, unknown> = await answer.json()
    return { status: answer.status, json, code: Reflect.get(Object(json.error), 'code') as unknown }
  }
  return { accounts, inbox, log, deliver }
}

Deno.test('a response is stored with its text sanitised', async () => {
  const { deliver, inbox } = bench()
  const { status, json } = await deliver()
  assertEquals(status, 200)
  assertEquals(json, {
    incident_id: 'incident-of-token-1',
    user_id: ANA.id,
    document_ids: ['document-1'],
    job_ids: ['job-1'],
    duplicate: false,
  })
  const [stored, reporter] = inbox.received[0] ?? []
  assertEquals(reporter, { userId: ANA.id, mailTo: null })
  const [first] = stored?.form_response.answers ?? []
  assertEquals(first?.type === 'text' ? first.text : undefined, 'Rear-end collision')
})

Deno.test('a form with a known address is stored without an owner, to be confirmed by mail', async () => {
  const { deliver, inbox } = bench()
  const answers = [{ type: 'email', email: ANA.email, field: { id: 'a', ref: 'email' } }]
  assertEquals((await deliver({ body: response({ hidden: {}, answers }) })).status, 200)
  assertEquals(inbox.received[0]?.[1], { userId: null, mailTo: ANA.email })
})

Deno.test('an event that is no submitted form is acknowledged, noted and ignored', async () => {
  const { deliver, inbox, accounts, log } = bench()
  const accountsBefore = [...accounts.all]
  for (const type of ['form_response_partial', 'form_abandoned', 'a later event']) {
    const { status, json } = await deliver({ body: { ...response(), event_type: type } })
    assertEquals([status, json], [200, { ignored: true }])
  }
  // Without what a submitted form has, too.
  assertEquals((await deliver({ body: { event_type: 'form_response_partial' } })).status, 200)
  assertEquals(inbox.received, [])
  assertEquals(accounts.all, accountsBefore)
  assertEquals(log.lines.filter((line) => line.includes('"event_ignored"')).length, 4)
})

Deno.test('an event that is not signed is refused whatever its type', async () => {
  const { deliver } = bench()
  const { status } = await deliver({ body: { event_type: 'form_response_partial' }, signature: null })
  assertEquals(status, 401)
})

Deno.test('a repeated response answers with the same ids, also when its account was deleted meanwhile', async () => {
  const { deliver, accounts, inbox } = bench()
  const first = await deliver()
  accounts.all = []
  const second = await deliver()
  assertEquals(second.status, 200)
  assertEquals(second.json, { ...first.json, duplicate: true })
  assertEquals(inbox.received.length, 1)
})

for (const [name, delivery, status, code] of [
  ['no signature', { signature: null }, 401, 'signature_missing'],
  ['a malformed signature', { signature: 'sha256=abc' }, 401, 'signature_malformed'],
  ['a wrong signature', { signature: `sha256=${'A'.repeat(43)}=` }, 401, 'signature_mismatch'],
  ['no JSON', { body: '{"event_type":' }, 400, 'invalid_json'],
  ['bytes that are no UTF-8', { body: Uint8Array.of(0x22, 0xff, 0x22) }, 400, 'invalid_json'],
  ['JSON that is no response', { body: { hello: 'world' } }, 400, 'invalid_form_response'],
  ['a list', { body: [response()] }, 400, 'invalid_form_response'],
  ['a malformed user id', { body: response({ hidden: { user_id: 'x' } }) }, 422, 'user_unknown'],
  ['no user', { body: response({ hidden: {} }) }, 422, 'user_unknown'],
  ['a body over 1 MB', { body: `"${'x'.repeat(MAX_BODY_BYTES)}"` }, 413, 'body_too_large'],
  ['another method', { method: 'GET', body: '' }, 405, 'method_not_allowed'],
  ['PUT', { method: 'PUT' }, 405, 'method_not_allowed'],
] as const) {
  Deno.test(`${name} is ${status} ${code}`, async () => {
    const { deliver, inbox } = bench()
    const answer = await deliver(delivery)
    assertEquals([answer.status, answer.code], [status, code])
    assertEquals(inbox.received, [])
  })
}

Deno.test('a body just within 1 MB is read', async () => {
  const padded = { ...response(), padding: '' }
  padded.padding = 'x'.repeat(MAX_BODY_BYTES - JSON.stringify(padded).length)
  assertEquals(JSON.stringify(padded).length, MAX_BODY_BYTES)
  assertEquals((await bench().deliver({ body: padded })).status, 200)
})

Deno.test('a body beyond the limit is refused while it arrives, whatever length was announced', async () => {
  let sent = 0
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 65_536
      controller.enqueue(new Uint8Array(65_536))
    },
  })
  const { accounts, inbox, log } = bench()
  const request = new Request('http://functions.test/typeform-webhook', {
    method: 'POST',
    headers: { 'typeform-signature': `sha256=${'A'.repeat(43)}=`, 'content-length': '10' },
    body: endless,
  })
  const answer = await handleWebhook(request, { secrets: [SECRET], accounts, inbox, log })
  assertEquals(answer.status, 413)
  assert(sent < MAX_BODY_BYTES + 4 * 65_536, `read ${sent} bytes`)
})

Deno.test('a body that is announced as too large is refused before it and its signature are read', async () => {
  const { accounts, inbox, log } = bench()
  const request = new Request('http://functions.test/typeform-webhook', {
    method: 'POST',
    headers: { 'content-length': String(MAX_BODY_BYTES + 1) },
    body: '{}',
  })
  const answer = await handleWebhook(request, { secrets: [SECRET], accounts, inbox, log })
  assertEquals([answer.status, request.bodyUsed], [413, false])
})

Deno.test('without a configured secret every request is refused', async () => {
  const { deliver } = bench([])
  const { status, code } = await deliver()
  assertEquals([status, code], [503, 'webhook_not_configured'])
})

Deno.test('an unavailable database answers 503', async () => {
  const { deliver, inbox, accounts } = bench()
  inbox.failWith = new AppError('database_unavailable')
  assertEquals((await deliver()).status, 503)
  inbox.failWith = null
  accounts.failWith = 'database_unavailable'
  assertEquals((await deliver()).status, 503)
  accounts.failWith = null
  assertEquals((await deliver()).status, 200)
})

Deno.test('an error that would answer 404 or 410 answers 500', async () => {
  for (const code of ['job_not_found', 'document_not_found', 'internal_error'] as const) {
    const { deliver, inbox } = bench()
    inbox.failWith = new AppError(code)
    const answer = await deliver()
    assertEquals([answer.status, answer.code], [500, 'internal_error'])
  }
})

Deno.test('an unexpected error reveals nothing to the caller and nothing personal to the log', async () => {
  const { deliver, inbox, log } = bench()
  inbox.failWith = new Error('duplicate key (email)=(ana@example.com)')
  const { status, json } = await deliver()
  assertEquals(status, 500)
  assertEquals(json, { error: { code: 'internal_error', message: 'Something went wrong on our side.' } })
  assert(!log.lines.join().includes('ana@example.com'))
  assert(log.lines.join().includes('internal_error'))
})
