/** The client's exact requests to hosted Supabase's REST API, and how it handles unexpected answers. */

import { createClient } from '@supabase/supabase-js'
import { HttpResponse, http } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { ClientError } from '../src/client/client-error.ts'
import type { Identity } from '../src/client/ports.ts'
import { createSupabaseSource } from '../src/client/supabase-source.ts'

const URL_OF_PROJECT = 'https://project.supabase.test'
const USER = '11111111-1111-4111-8111-111111111111'

const server = setupServer()
beforeAll(() => server.listen({ onUnhandledFrame: 'error' }))
afterEach(() => server.resetHandlers())
afterAll(() => server.close())

const signedInAs = (userId: string | null): Identity => ({
  currentUserId: () => Promise.resolve(userId),
  onChange: () => () => undefined,
})

function source(identity = signedInAs(USER)) {
  const supabase = createClient(URL_OF_PROJECT, 'sb_publishable_x', { auth: { persistSession: false } })
  return createSupabaseSource(supabase, identity)
}

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof ClientError ? error.code : error),
  )

const never = new AbortController().signal

describe('a page of notifications', () => {
  test('is a range of the primary key, in order', async () => {
    const asked: string[] = []
    server.use(
      http.get(`${URL_OF_PROJECT}/rest/v1/notifications`, ({ request }) => {
        asked.push(decodeURIComponent(new URL(request.url).search))
        return HttpResponse.json([{ seq: 6, payload: { type: 'image_processed' } }])
      }),
    )
    expect(await source().readPage(USER, 5, 500, never)).toEqual([
      { seq: 6, payload: { type: 'image_processed' } },
    ])
    expect(asked).toEqual([`?select=seq,payload&user_id=eq.${USER}&seq=gt.5&order=seq.asc&limit=500`])
  })

  test.each([
    ['an object', {}],
    ['rows without a number', [{ payload: {} }]],
    ['a number that is none', [{ seq: 'six', payload: {} }]],
    ['a number beyond what JavaScript can count', [{ seq: 2 ** 53, payload: {} }]],
  ])('that is %s cannot be used', async (_what, body) => {
    server.use(http.get(`${URL_OF_PROJECT}/rest/v1/notifications`, () => HttpResponse.json(body)))
    expect(await codeOf(source().readPage(USER, 0, 10, never))).toBe('history_unavailable')
  })

  test('that is refused says so by a code, never by the server’s words', async () => {
    const refusal = { code: '42501', message: 'permission denied for table notifications' }
    server.use(
      http.get(`${URL_OF_PROJECT}/rest/v1/notifications`, () => HttpResponse.json(refusal, { status: 403 })),
    )
    const error = await source()
      .readPage(USER, 0, 10, never)
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'history_unavailable' })
    expect(JSON.stringify(error)).not.toContain('permission denied')
  })
})

describe('the head', () => {
  const answer = (body: unknown[]) =>
    server.use(http.post(`${URL_OF_PROJECT}/rest/v1/rpc/notification_head`, () => HttpResponse.json(body)))

  test('is read from the one row', async () => {
    answer([{ epoch: 'e', seq: 12, floor: 3, interval_ms: 5_000 }])
    const head = { epoch: 'e', seq: 12, floor: 3, intervalMs: 5_000 }
    expect(await source().readHead(USER, never)).toEqual(head)
  })

  test('of a user without notifications is zero', async () => {
    answer([{ epoch: null, seq: 0, floor: 0, interval_ms: 0 }])
    expect(await source().readHead(USER, never)).toEqual({ epoch: null, seq: 0, floor: 0, intervalMs: 0 })
  })

  test('is missing once the account was deleted, whose token is still good', async () => {
    answer([])
    expect(await codeOf(source().readHead(USER, never))).toBe('account_deleted')
  })

  test('is not used when another user has signed in meanwhile', async () => {
    answer([{ epoch: 'e', seq: 12, floor: 3 }])
    expect(await codeOf(source(signedInAs('another')).readHead(USER, never))).toBe('user_mismatch')
  })
})
