import { AppError } from '../../../functions-shared/app-error.ts'
import type { ClaimedJob } from './jobs.ts'
import { holdLease, type Lease } from './lease.ts'
import { assert, assertEquals } from './testing/asserts.ts'
import { assertCode } from './testing/errors.ts'
import { recordLog } from './testing/log.ts'

const START = 1_000_000

const job = (leaseMs: number): ClaimedJob => ({
  id: '0b0d6f3e-8b1e-4d5e-9d57-4a1a2f1a0003',
  kind: 'image',
  incidentId: null,
  subjectId: '0b0d6f3e-8b1e-4d5e-9d57-4a1a2f1a0001',
  input: {},
  step: 0,
  state: null,
  leaseToken: '0b0d6f3e-8b1e-4d5e-9d57-4a1a2f1a0004',
  leaseExpiresAt: new Date(START + leaseMs),
  attempts: 1,
  runsAlone: false,
  maxAttempts: 3,
})

interface Bench {
  lease: Lease
  calls: [number, string | null][]
  /** What the next calls answer with. */
  errors: Error[]
  beat: () => void
  everyMs: number
  stopped: boolean
  lines: string[]
}

function bench(leaseMs = 60_000): Bench {
  const log = recordLog()
  const state: Omit<Bench, 'lease'> = {
    calls: [],
    errors: [],
    beat: () => undefined,
    everyMs: 0,
    stopped: false,
    lines: log.lines,
  }
  const lease = holdLease({
    log,
    job: job(leaseMs),
    now: () => START,
    every: (ms, beat) => {
      state.everyMs = ms
      state.beat = beat
      return () => {
        state.stopped = true
      }
    },
    jobs: {
      progress: (_job, percent, stage) => {
        state.calls.push([percent, stage])
        const error = state.errors.shift()
        return error === undefined ? Promise.resolve(new Date(START)) : Promise.reject(error)
      },
    },
  })
  return Object.assign(state, { lease })
}

Deno.test('beats three times per lease, within reason', () => {
  assertEquals(bench(30_000).everyMs, 10_000)
  assertEquals(bench(600_000).everyMs, 20_000)
  assertEquals(bench(10).everyMs, 1_000)
  assertEquals(bench(-5_000).everyMs, 1_000)
})

Deno.test('a beat repeats the last progress; progress never falls', async () => {
  const { lease, calls, beat } = bench()
  await lease.report(40, 'verifying')
  beat()
  await lease.report(20, 'storing')
  assertEquals(calls, [
    [40, 'verifying'],
    [40, 'storing'],
    [40, 'storing'],
  ])
})

Deno.test('a lost lease aborts the signal and every later report', async () => {
  const { lease, errors, calls } = bench()
  errors.push(new AppError('lease_lost'))
  await assertCode(lease.report(10, 'a'), 'lease_lost')
  assertEquals(lease.signal.aborted, true)
  await assertCode(lease.report(20, 'b'), 'lease_lost')
  assertEquals(calls.length, 1)
})

Deno.test('a beat that finds the lease lost aborts the work', async () => {
  const { lease, errors, beat, lines } = bench()
  errors.push(new AppError('illegal_transition'))
  const aborted = new Promise((resolve) => lease.signal.addEventListener('abort', resolve))
  beat()
  await aborted
  await lease[Symbol.asyncDispose]()
  assert(lines.join().includes('lease_lost'))
})

Deno.test('a database that is away for a moment loses nothing', async () => {
  const { lease, errors, beat } = bench()
  errors.push(new AppError('database_unavailable'))
  beat()
  await lease.report(10, 'a')
  assertEquals(lease.signal.aborted, false)
})

Deno.test('released, it stops beating', async () => {
  const state = bench()
  await state.lease[Symbol.asyncDispose]()
  assertEquals(state.stopped, true)
  state.beat()
  await state.lease[Symbol.asyncDispose]()
  assertEquals(state.calls, [])
})

Deno.test('another call can tell more in place of the ordinary one; its loss is a loss', async () => {
  const { lease, calls, lines } = bench()
  const told: number[] = []
  await lease.report(40, 'transcribing')
  await lease.report(30, 'transcribing', (percent) => Promise.resolve(told.push(percent)))
  assertEquals([told, calls], [[40], [[40, 'transcribing']]])
  const lost = lease.report(50, 'transcribing', () => Promise.reject(new AppError('lease_lost')))
  await assertCode(lost, 'lease_lost')
  assert(lease.signal.aborted)
  assertEquals(lines, [])
})
