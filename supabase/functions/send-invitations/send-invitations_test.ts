import { createClient } from '@supabase/supabase-js'
import { assertEquals } from '../_shared/testing/asserts.ts'
import { serveHttp } from '../_shared/testing/http-server.ts'
import { recordLog } from '../_shared/testing/log.ts'
import { handleInvitations, ROUND } from './handler.ts'
import { createInvitations, type Invitation, type Invitations } from './invitations.ts'
import { createPost, linkTo } from './post.ts'

const INVITATION: Invitation = {
  id: 'e6b2a0d4-0f5a-4a7e-9b6e-000000000001',
  email: 'ana@example.com',
  incidentId: 'e6b2a0d4-0f5a-4a7e-9b6e-000000000002',
  hasAccount: true,
}
const DASHBOARD = new URL('https://claims.example.com/app/#/x')
const LINK = `https://claims.example.com/app/?incident=${INVITATION.incidentId}`
const call = (method = 'POST') => new Request('http://functions.test/send-invitations', { method })

function memory(due: Invitation[]) {
  const mailed: [string, string | null][] = []
  const invitations: Invitations = {
    claim: (limit) => Promise.resolve(due.splice(0, limit)),
    mailed: (id, failure) => {
      mailed.push([id, failure])
      return Promise.resolve()
    },
  }
  return { invitations, mailed }
}

/** A client of a server that records paths with bodies, and answers as told. */
async function withServer<T>(
  answer: (path: string) => Response,
  use: (client: ReturnType<typeof createClient>, requests: [string, unknown][]) => Promise<T>,
): Promise<T> {
  const requests: [string, unknown][] = []
  await using server = serveHttp(async (request) => {
    const { pathname, search } = new URL(request.url)
    requests.push([pathname + search, await request.json()])
    return answer(pathname)
  })
  const auth = { persistSession: false, autoRefreshToken: false }
  return await use(createClient(server.origin, 'key', { auth }), requests)
}

const refusal = (status: number, code: string) =>
  Response.json(
    { code, error_code: code, msg: 'no' },
    { status, headers: { 'x-supabase-api-version': '2024-01-01' } },
  )

Deno.test('every invitation that is due is mailed and reported, round after round', async () => {
  const due = Array.from({ length: ROUND + 3 }, (_, index) => ({ ...INVITATION, id: String(index) }))
  const { invitations, mailed } = memory(due)
  const answer = await handleInvitations(call(), {
    invitations,
    post: () => Promise.resolve(null),
    log: recordLog(),
  })
  assertEquals(await answer.json(), { sent: ROUND + 3, failed: 0 })
  assertEquals(mailed.length, ROUND + 3)
})

Deno.test('one mail that breaks does not keep the others back, and no address is logged', async () => {
  const { invitations, mailed } = memory([
    { ...INVITATION, id: '1' },
    { ...INVITATION, id: '2' },
  ])
  const log = recordLog()
  await handleInvitations(call(), {
    invitations,
    post: ({ id }) => (id === '1' ? Promise.reject(new Error('broke')) : Promise.resolve(null)),
    log,
  })
  assertEquals(mailed, [
    ['1', 'mail_unavailable'],
    ['2', null],
  ])
  assertEquals(JSON.stringify(log).includes(INVITATION.email), false)
})

Deno.test('another method than POST is refused', async () => {
  const { invitations } = memory([INVITATION])
  const answer = await handleInvitations(call('GET'), {
    invitations,
    post: () => Promise.resolve(null),
    log: recordLog(),
  })
  assertEquals(answer.status, 405)
})

Deno.test('an address with an account gets a sign-in link that leads to the case, and opens no account', async () => {
  await withServer(
    () => Response.json({}),
    async (client, requests) => {
      assertEquals(await createPost(client, DASHBOARD)(INVITATION), null)
      assertEquals(requests.length, 1)
      const [path, body] = requests[0] ?? []
      assertEquals(path, `/auth/v1/otp?redirect_to=${encodeURIComponent(LINK)}`)
      assertEquals((body as { create_user: boolean }).create_user, false)
    },
  )
})

Deno.test('an address without an account gets an invitation, and a sign-in link if it has one by now', async () => {
  const answers = [() => Response.json({ id: INVITATION.id }), () => refusal(422, 'email_exists')]
  for (const [index, answer] of answers.entries()) {
    await withServer(
      (path) => (path === '/auth/v1/invite' ? answer() : Response.json({})),
      async (client, requests) => {
        assertEquals(await createPost(client, DASHBOARD)({ ...INVITATION, hasAccount: false }), null)
        assertEquals(
          requests.map(([path]) => path.replace(/\?.*/, '')),
          index === 0 ? ['/auth/v1/invite'] : ['/auth/v1/invite', '/auth/v1/otp'],
        )
      },
    )
  }
})

Deno.test('a refusal of Auth is reported by its code', async () => {
  await withServer(
    () => refusal(429, 'over_email_send_rate_limit'),
    async (client) => {
      assertEquals(await createPost(client, undefined)(INVITATION), 'over_email_send_rate_limit')
      assertEquals(
        await createPost(client, undefined)({ ...INVITATION, hasAccount: false }),
        'over_email_send_rate_limit',
      )
    },
  )
})

Deno.test('the link of a place among the staff names no case', () => {
  assertEquals(linkTo({ incidentId: null }, DASHBOARD), 'https://claims.example.com/app/')
})

Deno.test('invitations are claimed and reported by the functions of the database', async () => {
  await withServer(
    (path) =>
      path.endsWith('claim_invitations')
        ? Response.json([
            { id: '1', email: 'a@b.test', role: 'viewer', incident_id: null, has_account: false },
          ])
        : new Response(null, { status: 204 }),
    async (client, requests) => {
      const invitations = createInvitations(client)
      assertEquals(await invitations.claim(5), [
        { id: '1', email: 'a@b.test', incidentId: null, hasAccount: false },
      ])
      await invitations.mailed('1', null)
      await invitations.mailed('1', 'mail_unavailable')
      assertEquals(requests, [
        ['/rest/v1/rpc/claim_invitations', { p_limit: 5 }],
        ['/rest/v1/rpc/invitation_mailed', { p_invitation_id: '1' }],
        ['/rest/v1/rpc/invitation_mailed', { p_invitation_id: '1', p_error_code: 'mail_unavailable' }],
      ])
    },
  )
})
