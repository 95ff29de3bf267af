import { AppError } from '../../../functions-shared/app-error.ts'
import { holdLease } from '../_shared/lease.ts'
import { assert, assertEquals } from '../_shared/testing/asserts.ts'
import { createJob, fakeJobs } from '../_shared/testing/fakes.ts'
import { recordLog } from '../_shared/testing/log.ts'
import { createLiveText, estimate } from './live-text.ts'

const RANGE = { duration: 10, from: 30, to: 95 }

Deno.test('the estimated percentage begins at the stage’s first, never falls and never reaches the last', () => {
  assertEquals(estimate(0, RANGE), 30)
  let before = 30
  for (let characters = 0; characters < 2000; characters += 1) {
    const now = estimate(characters, RANGE)
    assert(now >= before && now < 95, `${characters} characters: ${now} %`)
    before = now
  }
  assertEquals(estimate(140, RANGE), 78, 'three quarters of the way with as much as is usual')
  assertEquals([estimate(10_000, RANGE), estimate(10_000, { ...RANGE, duration: 0 })], [94, 94])
})

function bench() {
  const log = recordLog()
  const lease = holdLease({ jobs: fakeJobs(), job: createJob(), log, every: () => () => undefined })
  const written: [string, number][] = []
  const waiting: ReturnType<typeof Promise.withResolvers<void>>[] = []
  const write = async (text: string, percent: number) => {
    written.push([text, percent])
    const answer = Promise.withResolvers<void>()
    waiting.push(answer)
    await answer.promise
  }
  let next = Promise.withResolvers<void>()
  const live = createLiveText({
    ...{ ...RANGE, lease, log, write, stage: 'transcribing' },
    pause: (signal) => {
      next = Promise.withResolvers<void>()
      signal.addEventListener('abort', () => next.resolve())
      return next.promise
    },
  })
  const turn = () => new Promise((resolve) => setTimeout(resolve, 0))
  /** Ends the current report. */
  const answer = async (error?: Error) => {
    const report = waiting.shift()
    if (error === undefined) report?.resolve()
    else report?.reject(error)
    await turn()
  }
  /** Ends the pause before the next report. */
  const pass = async () => {
    next.resolve()
    await turn()
  }
  return { live, written, log, turn, answer, pass }
}

Deno.test('the first text is reported at once, later ones one at a time with a pause, each with the whole text', async () => {
  const { live, written, turn, answer, pass } = bench()
  for (const text of ['a', 'a grey van', 'a grey van hit']) live.update(text)
  await turn()
  assertEquals(written, [['a', 30]], 'written although the percentage is the same')
  await answer()
  assertEquals(written.length, 1)
  live.update('a grey van hit my car')
  await pass()
  assertEquals(written.slice(1), [['a grey van hit my car', 42]])
  await answer()
  await pass()
  assertEquals(written.length, 2, 'nothing new, nothing written')
  live.update('a grey van hit my car!')
  await turn()
  live.update('a grey van hit my car!')
  await answer()
  await pass()
  assertEquals(written.length, 3)
  await live[Symbol.asyncDispose]()
})

Deno.test('disposal does not wait for the next report', async () => {
  const { live, written, turn, answer } = bench()
  live.update('a grey van')
  await turn()
  await answer()
  live.update('a grey van hit my car')
  await live[Symbol.asyncDispose]()
  assertEquals(written.length, 1)
})

Deno.test('disposal waits for the current report and starts no other', async () => {
  const { live, written, turn, answer } = bench()
  live.update('a grey van')
  await turn()
  live.update('a grey van hit my car')
  let ended = false
  const end = live[Symbol.asyncDispose]().then(() => {
    ended = true
  })
  await turn()
  assertEquals(ended, false)
  await answer()
  await end
  live.update('late')
  await turn()
  assertEquals(written.length, 1)
})

for (const [code, lines] of [
  ['database_unavailable', 1],
  ['lease_lost', 0],
] as const) {
  Deno.test(`a report that fails with ${code} does not fail the recognition`, async () => {
    const { live, written, log, turn, answer } = bench()
    live.update('a grey van')
    await turn()
    await answer(new AppError(code))
    live.update('a grey van hit my car')
    await turn()
    await answer()
    // Once the lease is lost, nothing more is written.
    assertEquals(written.length, code === 'lease_lost' ? 1 : 2)
    assertEquals(log.lines.filter((line) => line.includes('progress_failed')).length, lines)
    await live[Symbol.asyncDispose]()
  })
}
