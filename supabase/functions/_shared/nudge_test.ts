import { AppError } from '../../../functions-shared/app-error.ts'
import { NextStep } from './jobs.ts'
import { createLimiter } from './limiter.ts'
import { handleNudge, type NudgeDependencies } from './nudge.ts'
import { assert, assertEquals } from './testing/asserts.ts'
import { createJob, DOCUMENT_ID, type FakeJobs, fakeJobs, JOB_ID } from './testing/fakes.ts'
import { type RecordedLog, recordLog } from './testing/log.ts'

interface Setup {
  jobs?: FakeJobs
  process?: NudgeDependencies['process']
  limiter?: NudgeDependencies['limiter']
  clock?: NudgeDependencies['clock']
}

interface Bench {
  nudge: (body?: unknown, query?: string) => Promise<Response>
  background: Promise<unknown>[]
  log: RecordedLog
}

function bench({
  jobs = fakeJobs(),
  process = () => Promise.resolve({ ok: 1 }),
  limiter = createLimiter(3),
  clock = fakeClock(),
}: Setup): Bench {
  const background: Promise<unknown>[] = []
  const log = recordLog()
  return {
    background,
    log,
    nudge: (body = { job_id: JOB_ID }, query = '?wait=true') =>
      handleNudge(
        new Request(`http://functions.test/process-image${query}`, {
          method: 'POST',
          body: typeof body === 'string' ? body : JSON.stringify(body),
        }),
        {
          jobs,
          kind: 'image',
          process,
          limiter,
          runInBackground: (work) => background.push(work),
          log,
          clock,
        },
      ),
  }
}

/** A clock that sleep() moves on without waiting. */
function fakeClock(): NudgeDependencies['clock'] & { slept: number[] } {
  let time = START
  const slept: number[] = []
  return {
    slept,
    now: () => time,
    sleep: (ms) => {
      slept.push(ms)
      time += ms
      return Promise.resolve()
    },
  }
}

const START = Date.UTC(2026, 0, 1)
/** Work that fails with a retryable error on the first `times` attempts. */
function failing(times: number): NudgeDependencies['process'] {
  let attempts = 0
  return () => {
    attempts += 1
    return attempts > times ? Promise.resolve({}) : Promise.reject(new AppError('download_timeout'))
  }
}

/** The results of all background work, also of work that begins meanwhile. */
async function settled(background: Promise<unknown>[]): Promise<unknown[]> {
  const results: unknown[] = []
  for (const work of background) results.push(await work)
  return results
}

Deno.test('the answer comes when the job is claimed, and the work goes on in the background', async () => {
  const jobs = fakeJobs()
  const gate = Promise.withResolvers<object>()
  const { nudge, background } = bench({ jobs, process: () => gate.promise })
  const response = await nudge(undefined, '')
  assertEquals([response.status, await response.json()], [202, { claimed: true }])
  assertEquals(jobs.completed, [])
  gate.resolve({ width: 1 })
  assertEquals(await Promise.all(background), ['completed'])
  assertEquals(jobs.completed, [{ width: 1 }])
})

Deno.test('with ?wait=true the answer has the outcome', async () => {
  const seen: string[] = []
  const { nudge } = bench({ process: ({ subjectId }) => Promise.resolve({ id: seen.push(subjectId) }) })
  const response = await nudge()
  assertEquals([response.status, await response.json()], [200, { claimed: true, outcome: 'completed' }])
  assertEquals(seen, [DOCUMENT_ID])
})

Deno.test('two nudges for one job do the work once', async () => {
  const jobs = fakeJobs()
  const { nudge } = bench({ jobs })
  const answers = await Promise.all([nudge(), nudge()])
  const bodies = await Promise.all(answers.map((answer) => answer.json()))
  assertEquals(bodies.filter((body) => body.claimed).length, 1)
  assertEquals(jobs.completed.length, 1)
})

Deno.test('a job that cannot be claimed is no error', async () => {
  const response = await bench({ jobs: fakeJobs(null) }).nudge()
  assertEquals([response.status, await response.json()], [200, { claimed: false }])
})

for (const [body, code] of [
  ['', 'invalid_json'],
  ['{', 'invalid_json'],
  ['[]', 'invalid_job_request'],
  [{ job_id: 'x' }, 'invalid_job_request'],
  [{ job_id: 7 }, 'invalid_job_request'],
] as const) {
  Deno.test(`the body ${JSON.stringify(body)} is refused with ${code}`, async () => {
    const response = await bench({}).nudge(body)
    assertEquals([response.status, (await response.json()).error.code], [400, code])
  })
}

Deno.test('GET is refused', async () => {
  const { log } = bench({})
  const dependencies = {
    jobs: fakeJobs(),
    kind: 'image',
    process: () => Promise.resolve({}),
    limiter: createLimiter(1),
    runInBackground: () => undefined,
    log,
    clock: fakeClock(),
  }
  const response = await handleNudge(new Request('http://functions.test/process-image'), dependencies)
  assertEquals(response.status, 405)
})

Deno.test('an unavailable database answers 503', async () => {
  const jobs = fakeJobs()
  jobs.failWith = 'database_unavailable'
  assertEquals((await bench({ jobs }).nudge()).status, 503)
})

for (const [error, outcome, failure] of [
  [new AppError('download_timeout'), 'retry', { code: 'download_timeout', retryable: true }],
  [new AppError('storage_unavailable'), 'retry', { code: 'storage_unavailable', retryable: true }],
  [new AppError('image_truncated'), 'failed', { code: 'image_truncated', retryable: false }],
  [new AppError('private_address'), 'failed', { code: 'private_address', retryable: false }],
  [new TypeError('ana@example.com is undefined'), 'retry', { code: 'internal_error', retryable: true }],
] as const) {
  Deno.test(`${failure.code} ends the attempt as ${outcome}`, async () => {
    const jobs = fakeJobs()
    const { nudge, log } = bench({ jobs, process: () => Promise.reject(error) })
    assertEquals((await (await nudge()).json()).outcome, outcome)
    const [written] = jobs.failed
    assertEquals({ code: written?.code, retryable: written?.retryable }, failure)
    assertEquals(written?.message, new AppError(failure.code).message)
    assert(!log.lines.join().includes('ana@example.com'), 'no personal data in the log')
  })
}

Deno.test('a wait that a service asked for is the floor of the retry', async () => {
  const jobs = fakeJobs()
  const error = new AppError('provider_rate_limited', { details: { retryAfterMs: 20_000 } })
  const { nudge } = bench({ jobs, process: () => Promise.reject(error) })
  assertEquals((await (await nudge()).json()).outcome, 'retry')
  assertEquals(jobs.failed[0]?.retryAfterMs, 20_000)
})

Deno.test('the last attempt of a retryable failure is final', async () => {
  const jobs = fakeJobs(createJob({ attempts: 3 }))
  const { nudge } = bench({ jobs, process: () => Promise.reject(new AppError('download_timeout')) })
  assertEquals((await (await nudge()).json()).outcome, 'failed')
})

Deno.test('a retry that is due within seconds is claimed by the same worker', async () => {
  const jobs = fakeJobs()
  jobs.retryAt = new Date(START + 1500)
  const clock = fakeClock()
  const { nudge, background } = bench({ jobs, clock, process: failing(1) })
  assertEquals((await (await nudge()).json()).outcome, 'retry')
  assertEquals(await settled(background), ['completed'])
  assertEquals([clock.slept, jobs.claims, jobs.completed.length], [[1500], 2, 1])
})

Deno.test('retries end with the last attempt', async () => {
  const jobs = fakeJobs()
  jobs.retryAt = new Date(START + 1500)
  const { nudge, background } = bench({ jobs, process: failing(99) })
  await nudge()
  assertEquals(await settled(background), ['retry', 'failed'])
  assertEquals(jobs.failed.length, 3)
})

Deno.test('a retry that is due later, or after long work, is left to the sweeper', async () => {
  for (const [due, took] of [
    [10_001, 0],
    [60_001, 59_000],
  ] as const) {
    const jobs = fakeJobs()
    jobs.retryAt = new Date(START + due)
    const clock = fakeClock()
    const fail = failing(1)
    const { nudge, background } = bench({
      jobs,
      clock,
      process: async (...args) => {
        await clock.sleep(took)
        return fail(...args)
      },
    })
    await nudge()
    assertEquals([jobs.claims, background.length], [1, 0])
  }
})

Deno.test('a retry that another worker has claimed, or that cannot be claimed, is left to the sweeper', async () => {
  for (const [failWith, outcome] of [
    ['database_unavailable', 'unknown'],
    [null, null],
  ] as const) {
    const jobs = fakeJobs()
    jobs.retryAt = new Date(START + 1500)
    const clock = fakeClock()
    const { nudge, background } = bench({
      jobs,
      process: failing(1),
      clock: {
        now: clock.now,
        sleep: async () => {
          await jobs.claim(JOB_ID, 'image')
          jobs.failWith = failWith
        },
      },
    })
    await nudge()
    assertEquals(await settled(background), [outcome])
    assertEquals(jobs.completed, [])
  }
})

Deno.test('after a lost lease nothing is written', async () => {
  const jobs = fakeJobs()
  const { nudge } = bench({
    jobs,
    process: async (_id, lease) => {
      jobs.failWith = 'lease_lost'
      await lease.report(50, 'decoding')
      return {}
    },
  })
  assertEquals((await (await nudge()).json()).outcome, 'lost')
  assertEquals([jobs.completed, jobs.failed], [[], []])
})

for (const [name, failWith, end, outcome] of [
  ['a result that is refused because of the lease', 'illegal_transition', () => Promise.resolve({}), 'lost'],
  [
    'a step that ends after the lease was lost',
    'lease_lost',
    () => Promise.resolve(new NextStep({})),
    'lost',
  ],
  [
    'a failure that cannot be written',
    'database_unavailable',
    () => Promise.reject(new AppError('image_truncated')),
    'unknown',
  ],
] as const) {
  Deno.test(`${name} ends the attempt as ${outcome}`, async () => {
    const jobs = fakeJobs()
    const process: NudgeDependencies['process'] = () => {
      jobs.failWith = failWith
      return end()
    }
    const response = await bench({ jobs, process }).nudge()
    assertEquals((await response.json()).outcome, outcome)
    assertEquals([jobs.completed, jobs.continued, jobs.failed], [[], [], []])
  })
}

Deno.test('a job of another kind is not claimed', async () => {
  const jobs = fakeJobs(createJob({ kind: 'pdf' }))
  const response = await bench({ jobs }).nudge()
  assertEquals([response.status, await response.json()], [200, { claimed: false }])
  assertEquals([jobs.claims, jobs.failed], [0, []])
})

Deno.test('the next step finds the state of the step before', async () => {
  const jobs = fakeJobs()
  const process: NudgeDependencies['process'] = ({ step, state }) =>
    Promise.resolve(step < 2 ? new NextStep({ done: step + 1 }) : { last: state?.done })
  const outcomes = []
  for (let request = 0; request < 3; request += 1) {
    outcomes.push((await (await bench({ jobs, process }).nudge()).json()).outcome)
  }
  assertEquals(outcomes, ['continued', 'continued', 'completed'])
  assertEquals([jobs.claims, jobs.completed, jobs.failed], [3, [{ last: 2 }], []])
})

Deno.test('no more jobs run at the same time than the limiter allows', async () => {
  const limiter = createLimiter(2)
  let running = 0
  let most = 0
  const process = async () => {
    running += 1
    most = Math.max(most, running)
    await new Promise((resolve) => setTimeout(resolve, 0))
    running -= 1
    return {}
  }
  await Promise.all(Array.from({ length: 6 }, () => bench({ limiter, process }).nudge()))
  assertEquals(most, 2)
})
