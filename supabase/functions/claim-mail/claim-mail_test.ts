import { createClient } from '@supabase/supabase-js'
import { AppError } from '../../../functions-shared/app-error.ts'
import { assert, assertEquals } from '../_shared/testing/asserts.ts'
import { serveHttp } from '../_shared/testing/http-server.ts'
import { recordLog } from '../_shared/testing/log.ts'
import { handleMails, ROUND } from './handler.ts'
import { type ClaimMail, createOutbox, type Outbox, type Outcome } from './outbox.ts'
import { createPost, linkTo, type Post } from './post.ts'

const MAIL: ClaimMail = {
  incidentId: 'e6b2a0d4-0f5a-4a7e-9b6e-000000000001',
  kind: 'confirmation',
  email: 'ana@example.com',
  attempt: 1,
  token: 'a'.repeat(64),
}
const DASHBOARD = new URL('https://claims.example.com/app/')
const call = (method = 'POST') => new Request('http://functions.test/claim-mail', { method })

function memoryOutbox(mails: ClaimMail[]) {
  const finished: [string, Outcome][] = []
  const outbox: Outbox = {
    take: (limit) => Promise.resolve(mails.splice(0, limit)),
    finish: (mail, outcome) => {
      finished.push([mail.incidentId, outcome])
      return Promise.resolve()
    },
  }
  return { outbox, finished }
}

/** A client of a server that answers every request with the handler. */
async function withServer<T>(
  handler: Deno.ServeHandler,
  use: (client: ReturnType<typeof createClient>) => Promise<T>,
): Promise<T> {
  await using server = serveHttp(handler)
  const auth = { persistSession: false, autoRefreshToken: false }
  return await use(createClient(server.origin, 'key', { auth }))
}

Deno.test('every mail that is due is sent and reported, round after round', async () => {
  const mails = Array.from({ length: ROUND + 3 }, (_, index) => ({ ...MAIL, incidentId: String(index) }))
  const { outbox, finished } = memoryOutbox(mails)
  const answer = await handleMails(call(), {
    outbox,
    post: () => Promise.resolve({ outcome: 'sent' }),
    log: recordLog(),
  })
  assertEquals(await answer.json(), { sent: ROUND + 3, refused: 0, failed: 0 })
  assertEquals(finished.length, ROUND + 3)
})

Deno.test('one mail that breaks does not keep the others back, and no address is logged', async () => {
  const { outbox, finished } = memoryOutbox([
    { ...MAIL, incidentId: '1' },
    { ...MAIL, incidentId: '2' },
  ])
  const post: Post = (mail) =>
    mail.incidentId === '1'
      ? Promise.reject(new Error(`cannot reach ${mail.email}`))
      : Promise.resolve({ outcome: 'refused', code: 'email_address_invalid' })
  const log = recordLog()
  const answer = await handleMails(call(), { outbox, post, log })
  assertEquals(await answer.json(), { sent: 0, refused: 1, failed: 1 })
  assertEquals(finished, [
    ['1', { outcome: 'failed', code: 'mail_unavailable' }],
    ['2', { outcome: 'refused', code: 'email_address_invalid' }],
  ])
  assert(!log.lines.join().includes(MAIL.email))
})

Deno.test('an unavailable database answers 503, GET 405', async () => {
  const outbox: Outbox = {
    take: () => Promise.reject(new AppError('database_unavailable')),
    finish: () => Promise.resolve(),
  }
  const post: Post = () => Promise.resolve({ outcome: 'sent' })
  assertEquals((await handleMails(call(), { outbox, post, log: recordLog() })).status, 503)
  assertEquals((await handleMails(call('GET'), { outbox, post, log: recordLog() })).status, 405)
})

Deno.test('Auth is asked for a link of an existing account, which leads to the claim', async () => {
  const requests: unknown[] = []
  const outcome = await withServer(
    async (request) => {
      const url = new URL(request.url)
      requests.push([url.pathname, url.searchParams.get('redirect_to'), await request.json()])
      return Response.json({})
    },
    (client) => createPost(client, DASHBOARD)(MAIL),
  )
  assertEquals(outcome, { outcome: 'sent' })
  const [[path, redirect, body] = []] = requests as [string, string, Record<string, unknown>][]
  assertEquals(path, '/auth/v1/otp')
  assertEquals(
    redirect,
    `https://claims.example.com/app/?incident=${MAIL.incidentId}&claim=${'a'.repeat(64)}`,
  )
  assertEquals([body?.email, body?.create_user], ['ana@example.com', false])
})

Deno.test('an invitation has no token in its link', () => {
  assertEquals(
    linkTo({ ...MAIL, token: null }, DASHBOARD),
    `https://claims.example.com/app/?incident=${MAIL.incidentId}`,
  )
})

for (const [status, code, expected] of [
  [429, 'over_email_send_rate_limit', { outcome: 'failed', code: 'over_email_send_rate_limit' }],
  [500, 'unexpected_failure', { outcome: 'failed', code: 'mail_unavailable' }],
  [503, 'no code', { outcome: 'failed', code: 'mail_unavailable' }],
  [400, 'email_address_invalid', { outcome: 'refused', code: 'email_address_invalid' }],
  [422, 'otp_disabled', { outcome: 'refused', code: 'otp_disabled' }],
] as const) {
  Deno.test(`${status} ${code} of Auth is ${expected.outcome}`, async () => {
    const outcome = await withServer(
      () => Response.json({ code: status, error_code: code, msg: 'no' }, { status }),
      (client) => createPost(client, DASHBOARD)(MAIL),
    )
    assertEquals<Outcome>(outcome, expected)
  })
}

Deno.test('mails are read from the database, and attempts reported to it', async () => {
  const calls: unknown[] = []
  await withServer(
    async (request) => {
      const name = new URL(request.url).pathname.split('/').at(-1)
      calls.push([name, await request.json()])
      if (name !== 'take_claim_mails') return Response.json(true)
      return Response.json([
        { incident_id: 'i', kind: 'invitation', email: 'a@b.test', attempt: 2, token: null },
      ])
    },
    async (client) => {
      const outbox = createOutbox(client)
      const [mail] = await outbox.take(7)
      assertEquals(mail, { incidentId: 'i', kind: 'invitation', email: 'a@b.test', attempt: 2, token: null })
      if (mail === undefined) return
      await outbox.finish(mail, { outcome: 'failed', code: 'mail_unavailable' })
    },
  )
  assertEquals(calls, [
    ['take_claim_mails', { p_limit: 7 }],
    [
      'finish_claim_mail',
      { p_incident_id: 'i', p_attempt: 2, p_outcome: 'failed', p_error_code: 'mail_unavailable' },
    ],
  ])
})
