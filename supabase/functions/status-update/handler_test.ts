import { AppError } from '../../../functions-shared/app-error.ts'
import type { ErrorCode } from '../../../functions-shared/error-codes.ts'
import { createLimiter } from '../_shared/limiter.ts'
import { assertEquals } from '../_shared/testing/asserts.ts'
import { createJob, fakeJobs, JOB_ID } from '../_shared/testing/fakes.ts'
import { recordLog } from '../_shared/testing/log.ts'
import { handleStatusUpdate } from './handler.ts'
import type { AdvanceRequest, SendRequest } from './request.ts'
import type { StatusUpdateAnswer } from './status-updates.ts'
import { publish } from './work.ts'

const USER = '0b0d6f3e-8b1e-4d5e-9d57-4a1a2f1a0009'
const SENDING = { userId: USER, updateType: 'vehicle_lookup', resource: 'vehicle:AB-123', status: 'found' }

interface Setup {
  duplicate?: boolean
  failWith?: ErrorCode
  jobs?: ReturnType<typeof fakeJobs>
}

function bench({ duplicate = false, failWith, jobs = fakeJobs(null) }: Setup = {}) {
  const calls: (SendRequest | AdvanceRequest)[] = []
  const answer = (request: SendRequest | AdvanceRequest): Promise<StatusUpdateAnswer> => {
    calls.push(request)
    if (failWith !== undefined) return Promise.reject(new AppError(failWith))
    return Promise.resolve({ jobId: JOB_ID, userId: USER, incidentId: null, state: request.state, duplicate })
  }
  const post = (body: unknown, headers: Record<string, string> = {}, query = '') =>
    handleStatusUpdate(
      new Request(`http://functions.test/status-update${query}`, {
        method: 'POST',
        headers,
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
      {
        updates: { send: answer, advance: answer },
        jobs,
        limiter: createLimiter(1),
        runInBackground: () => undefined,
        log: recordLog(),
        clock: { now: Date.now, sleep: () => Promise.resolve() },
      },
    )
  return { post, calls }
}

Deno.test('a status update is sent by one call', async () => {
  const { post, calls } = bench()
  const response = await post({ ...SENDING, data: { make: 'Opel' } }, { 'idempotency-key': 'k1' })
  assertEquals(
    [response.status, await response.json()],
    [201, { jobId: JOB_ID, userId: USER, incidentId: null, state: 'completed', duplicate: false }],
  )
  assertEquals(calls, [
    {
      ...{ kind: 'send', ...SENDING, incidentId: null, data: { make: 'Opel' }, state: 'completed' },
      ...{ error: null, errorCode: null, idempotencyKey: 'k1' },
    },
  ])
})

Deno.test('a request that is known already answers 200 with duplicate', async () => {
  const response = await bench({ duplicate: true }).post({ ...SENDING, idempotencyKey: 'k1' })
  assertEquals([response.status, (await response.json()).duplicate], [200, true])
})

Deno.test('a call with jobId advances an update that is processing', async () => {
  const { post, calls } = bench()
  const response = await post({ jobId: JOB_ID, status: 'asking', progress: 49.6 })
  assertEquals(response.status, 200)
  assertEquals(calls, [
    {
      ...{ kind: 'advance', jobId: JOB_ID, status: 'asking', progress: 50, data: null, state: 'processing' },
      ...{ error: null, errorCode: null },
    },
  ])
})

for (const [what, body, field] of [
  ['a text', '"update"', 'body'],
  ['a list', [], 'updateType'],
  ['neither user nor incident', { ...SENDING, userId: undefined }, 'userId'],
  ['a user id that is no UUID', { ...SENDING, userId: 'me' }, 'userId'],
  ['an incident id that is no UUID', { ...SENDING, incidentId: 7 }, 'incidentId'],
  ['no type', { ...SENDING, updateType: undefined }, 'updateType'],
  ['a type with spaces', { ...SENDING, updateType: 'a b' }, 'updateType'],
  ['no resource', { ...SENDING, resource: ' ' }, 'resource'],
  ['a long resource', { ...SENDING, resource: 'x'.repeat(201) }, 'resource'],
  ['a number as status', { ...SENDING, status: 7 }, 'status'],
  ['a long status', { ...SENDING, status: 'x'.repeat(51) }, 'status'],
  ['an unknown state', { ...SENDING, state: 'queued' }, 'state'],
  ['a code with spaces', { ...SENDING, state: 'failed', errorCode: 'Oh no' }, 'errorCode'],
  ['a long key', { ...SENDING, idempotencyKey: 'x'.repeat(201) }, 'idempotencyKey'],
  ['an unknown field', { ...SENDING, user_id: USER }, 'user_id'],
  ['progress above 100', { jobId: JOB_ID, progress: 101 }, 'progress'],
  ['a job id that is no UUID', { jobId: 'x' }, 'jobId'],
  ['a field that cannot be changed', { jobId: JOB_ID, resource: 'x' }, 'resource'],
] as const) {
  Deno.test(`${what} is refused with the name of the field`, async () => {
    const { post, calls } = bench()
    const response = await post(body)
    const { error } = await response.json()
    assertEquals([response.status, error.code, error.field], [400, 'invalid_status_update', field])
    assertEquals(calls, [])
  })
}

Deno.test('a key in the header that differs from the field is refused', async () => {
  const response = await bench().post({ ...SENDING, idempotencyKey: 'a' }, { 'idempotency-key': 'b' })
  assertEquals((await response.json()).error.field, 'idempotencyKey')
})

for (const [body, status, code] of [
  ['{', 400, 'invalid_json'],
  [JSON.stringify({ ...SENDING, data: 'x'.repeat(70_000) }), 413, 'body_too_large'],
] as const) {
  Deno.test(`${code} is ${status}`, async () => {
    const response = await bench().post(body)
    assertEquals([response.status, (await response.json()).error.code], [status, code])
  })
}

for (const [code, status] of [
  ['user_unknown', 422],
  ['incident_not_found', 404],
  ['idempotency_conflict', 409],
  ['illegal_transition', 409],
  ['message_too_large', 413],
  ['database_unavailable', 503],
] as const) {
  Deno.test(`${code} of the database is ${status}`, async () => {
    const response = await bench({ failWith: code }).post(SENDING)
    assertEquals([response.status, (await response.json()).error.code], [status, code])
  })
}

Deno.test('a nudge publishes the update in the input of a queued job', async () => {
  const jobs = fakeJobs(createJob({ kind: 'status', input: { ...SENDING, data: [1] } }))
  const response = await bench({ jobs }).post({ job_id: JOB_ID }, {}, '?wait=true')
  assertEquals(await response.json(), { claimed: true, outcome: 'completed' })
  assertEquals(jobs.completed, [{ status: 'found', data: [1] }])
})

Deno.test('an update that another service sent fails with status_sender_gone when it is retried', async () => {
  const jobs = fakeJobs(createJob({ kind: 'status', input: { ...SENDING, elsewhere: true } }))
  const response = await bench({ jobs }).post({ job_id: JOB_ID }, {}, '?wait=true')
  assertEquals(await response.json(), { claimed: true, outcome: 'failed' })
  assertEquals(
    jobs.failed.map(({ code }) => code),
    ['status_sender_gone'],
  )
})

Deno.test('an input without a required field fails with the name of the field', () => {
  for (const field of ['updateType', 'resource', 'status']) {
    let caught: unknown
    try {
      publish({ input: { ...SENDING, [field]: '' } })
    } catch (error) {
      caught = error
    }
    assertEquals(caught instanceof AppError && [caught.code, caught.details.field], [
      'invalid_status_update',
      field,
    ])
  }
})

Deno.test('GET is refused', async () => {
  const response = await handleStatusUpdate(new Request('http://functions.test/status-update'), {
    updates: { send: () => Promise.reject(new Error()), advance: () => Promise.reject(new Error()) },
    jobs: fakeJobs(null),
    limiter: createLimiter(1),
    runInBackground: () => undefined,
    log: recordLog(),
    clock: { now: Date.now, sleep: () => Promise.resolve() },
  })
  assertEquals(response.status, 405)
})
