/** Other services tell users of their work: by one HTTP call with a secret key, and by SQL. */

import pg from 'pg'
import { afterAll, expect, inject, test, vi } from 'vitest'
import { newUser } from './support/claims.ts'

const stack = inject('stack')
const db = new pg.Pool({ connectionString: stack.db.postgres, max: 4 })
afterAll(() => db.end())

const LOOKUP = {
  updateType: 'vehicle_lookup',
  resource: 'vehicle:AB-123',
  status: 'found',
  data: { make: 'Opel' },
}

test('one call sends one message, also when it is made twice at the same time', async () => {
  const user = await newUser()
  const answers = await Promise.all(
    Array.from({ length: 5 }, () =>
      post({ userId: user.id, ...LOOKUP }, { 'idempotency-key': `key of ${user.id}` }),
    ),
  )
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 201])
  expect(new Set(answers.map(({ body }) => body.jobId)).size).toBe(1)
  expect(await told(user.id)).toMatchObject([
    { type: 'status_update', ...LOOKUP, state: 'completed', jobId: answers[0]?.body.jobId, seq: 1 },
  ])
  const conflict = await post({
    userId: user.id,
    ...LOOKUP,
    idempotencyKey: `key of ${user.id}`,
    status: 'lost',
  })
  expect(conflict).toMatchObject({ status: 409, body: { error: { code: 'idempotency_conflict' } } })
})

test('work that takes a while has a beginning and an end', async () => {
  const user = await newUser()
  const begun = await post({
    userId: user.id,
    ...LOOKUP,
    status: 'searching',
    data: undefined,
    state: 'processing',
  })
  expect(begun).toMatchObject({ status: 201, body: { state: 'processing', duplicate: false } })
  const { jobId } = begun.body
  expect(await post({ jobId, status: 'asking abroad', progress: 40 })).toMatchObject({ status: 200 })
  expect(await post({ jobId, state: 'completed', status: 'found', data: { make: 'Seat' } })).toMatchObject({
    status: 200,
    body: { state: 'completed', duplicate: false },
  })
  expect(await post({ jobId, state: 'completed', status: 'found' })).toMatchObject({
    status: 200,
    body: { duplicate: true },
  })
  expect(await told(user.id)).toMatchObject([
    { status: 'searching', state: 'processing' },
    { status: 'found', state: 'completed', data: { make: 'Seat' } },
  ])
})

test('a call without permission or with malformed fields sends no message', async () => {
  const user = await newUser()
  const update = { userId: user.id, ...LOOKUP }
  expect((await post(update, { apikey: stack.keys.publishableKey })).status).toBe(401)
  expect((await post(update, { apikey: '' })).status).toBe(401)
  const stranger = { ...update, userId: '00000000-0000-4000-8000-000000000000' }
  for (const [body, status, code] of [
    [{ ...update, updateType: undefined }, 400, 'invalid_status_update'],
    [{ ...update, data: 'x'.repeat(40_000) }, 413, 'message_too_large'],
    [stranger, 422, 'user_unknown'],
    [{ ...update, userId: undefined, incidentId: stranger.userId }, 404, 'incident_not_found'],
    [{ jobId: stranger.userId, state: 'completed' }, 404, 'job_not_found'],
  ] as const) {
    expect(await post(body)).toMatchObject({ status, body: { error: { code } } })
  }
  expect(await told(user.id)).toEqual([])
})

test('queued ones are published by the function; a failed one of another service cannot be done again here', async () => {
  const user = await newUser()
  await db.query(
    `insert into public.jobs (kind, user_id, subject_id, input)
     select 'status', $1, gen_random_uuid(), $2::jsonb || jsonb_build_object('resource', 'vehicle:' || n)
     from generate_series(1, 3) as n`,
    [user.id, LOOKUP],
  )
  await vi.waitFor(async () => expect(await told(user.id)).toHaveLength(6), { timeout: 30_000, interval: 50 })
  expect((await told(user.id)).filter(({ state }) => state === 'completed')).toMatchObject(
    Array(3).fill({ status: 'found', data: { make: 'Opel' } }),
  )

  const failed = await post({
    userId: user.id,
    ...LOOKUP,
    status: 'no answer',
    state: 'failed',
    error: 'Try later.',
  })
  await db.query('select public.requeue_job($1)', [failed.body.jobId])
  await vi.waitFor(
    async () => {
      const { rows } = await db.query('select status, error_code from public.jobs where id = $1', [
        failed.body.jobId,
      ])
      expect(rows).toEqual([{ status: 'failed', error_code: 'status_sender_gone' }])
    },
    { timeout: 30_000, interval: 50 },
  )
})

// what the tests do

interface Answer {
  status: number
  body: { jobId?: string } & Record<string, unknown>
}

async function post(body: object, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`${stack.url}/functions/v1/status-update`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', apikey: stack.keys.secretKey, ...headers },
    body: JSON.stringify(body),
  })
  const answer: unknown = await response.json()
  if (typeof answer !== 'object' || answer === null) throw new TypeError('the answer is no object')
  return { status: response.status, body: { ...answer } }
}

/** The user's notifications, in order. */
async function told(userId: string): Promise<Record<string, unknown>[]> {
  const { rows } = await db.query<{ payload: Record<string, unknown> }>(
    'select payload from public.notifications where user_id = $1 order by seq',
    [userId],
  )
  return rows.map(({ payload }) => payload)
}
