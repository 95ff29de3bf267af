/**
 * Work always ends (docs/delivery.md), for every kind of job: its function, the whole stack or the database is killed,
 * or the network is cut, at a boundary between two steps of the work. Then every job has ended once, its user was told
 * of one end, and no file is left without a row that points at it.
 */

import type pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { between, seededRandom } from '../stack/testing/seeded-random.ts'
import { newAccount } from './support/fault-listener.ts'
import { openPool } from './support/fault-load.ts'
import { type OwnStack, startOwnStack } from './support/fault-stack.ts'
import { startProxy, type TcpProxy } from './support/proxy.ts'
import { raiseStepBarrier, type StepBarrier } from './support/step-barrier.ts'
import { type SampleFiles, serveSampleFiles, WORK_KINDS } from './support/work-kinds.ts'

/** Otherwise two of the faults come once each, both they and the boundary of each kind being drawn at random. */
const LONG = process.env.CLAIMWIRE_LONG !== undefined
const random = seededRandom('work-faults.test.ts')
const LEASE_SECONDS = 4
/** Long enough for a worker that is started and decodes a photo on a busy machine, where no heartbeat gets its turn. */
const LONG_LEASE_SECONDS = 60
/** Of the database's own sweeps, where a test leaves it to them; half a minute otherwise. */
const SWEEP_SECONDS = 5
const END_TIMEOUT_MS = 90_000
const TEST_TIMEOUT_MS = LONG ? 1_800_000 : 180_000

let files: SampleFiles
let network: TcpProxy
let stack: OwnStack
let db: pg.Pool
let barrier: StepBarrier
/** One of each kind: who is held at a durable move holds up their user's other messages. */
const users = new Map<string, string>()
/** The boundaries of each kind, as a job without faults steps over them. */
const boundaries = new Map<string, string[]>()

beforeAll(async () => {
  files = await serveSampleFiles()
  // Between the functions and everything that they call.
  network = await startProxy('http://127.0.0.1:9')
  stack = await startOwnStack({
    functionsEnv: { DOWNLOAD_ALLOWED_ORIGINS: files.origin, SUPABASE_URL: network.url },
  })
  network.retarget(stack.url)
  db = openPool(stack.db.postgres)
  await db.query(
    'update private.job_kinds set retry_base_seconds = 1, retry_max_seconds = 1, max_attempts = 20',
  )
  await setLease(LEASE_SECONDS)
  barrier = await raiseStepBarrier(db, stack.db.postgres)
  for (const kind of Object.keys(WORK_KINDS)) {
    users.set(kind, (await newAccount(stack)).id)
  }

  const jobs = await startAll()
  await untilAllEnded()
  for (const [kind, jobId] of jobs) boundaries.set(kind, await barrier.stepsOf(jobId))
})
afterAll(async () => {
  await barrier?.[Symbol.asyncDispose]()
  await db?.end()
  await stack?.[Symbol.asyncDispose]()
  await network?.[Symbol.asyncDispose]()
  await files?.[Symbol.asyncDispose]()
})

afterEach(() => barrier.release())

test('every kind of job has its work here, from the claim over its stages to the end', async () => {
  const { rows } = await db.query<{ kind: string }>('select kind from private.job_kinds order by kind')
  expect(Object.keys(WORK_KINDS).sort()).toEqual(rows.map(({ kind }) => kind))
  for (const steps of boundaries.values()) {
    expect(steps[0]).toBe('processing')
    expect(steps.at(-1)).toBe('completed')
  }
})

test('the work of a killed function goes on when its lease and one sweep have passed, by the database’s times', async () => {
  await recordLostLeases()
  await setSweep(SWEEP_SECONDS)
  try {
    const jobs = await startAll((kind) => firstStage(boundaries.get(kind) ?? []))
    // Their first nudges were sent by the test; all further ones are the database's.
    await barrier.untilHeld(sweep)
    // The held statements have read the short lease already. Each job loses that lease, and its next worker keeps its own.
    await setLease(LONG_LEASE_SECONDS)
    await Promise.all((await functionNames()).map((name) => stack.killFunction(name)))
    await barrier.release()
    await untilAllEnded(async () => undefined)

    const { rows } = await db.query<{
      kind: string
      leases: number
      another: boolean
      early: boolean
      late: boolean
    }>(
      `select job.kind, count(lost)::integer as leases,
         bool_and(job.worker_id <> lost.worker_id) as another,
         bool_or(job.started_at < lost.lease_expires_at) as early,
         -- A nudge holds its place for as long as a function has for its answer.
         bool_or(job.started_at > lost.lease_expires_at + make_interval(secs => $2) + private.nudge_hold()) as late
       from public.jobs as job
       left join test.lost_leases as lost on lost.job_id = job.id
       where job.id = any ($1)
       group by job.kind
       order by job.kind`,
      [[...jobs.values()], SWEEP_SECONDS],
    )
    expect(rows).toEqual(
      [...jobs.keys()].sort().map((kind) => ({ kind, leases: 1, another: true, early: false, late: false })),
    )
    await expectToldOnce([...jobs.values()])
  } finally {
    await setLease(LEASE_SECONDS)
    await setSweep(30)
  }
})

const FAULTS: Readonly<Record<string, () => Promise<void>>> = {
  'the function is killed': async () => {
    await Promise.all((await functionNames()).map((name) => stack.killFunction(name)))
    await barrier.release()
  },
  'the whole stack is killed': async () => {
    await stack.kill()
    await stack.start()
    await barrier.release()
  },
  'the database is killed': async () => {
    stack.killPostgres()
    await barrier.release()
  },
  'the network is cut': async () => {
    network.refuse(true)
    network.reset()
    // Statements that reached the database before the cut are executed, but their answers are lost.
    await barrier.release()
    await untilLeasesExpired()
    network.refuse(false)
  },
}

const names = Object.keys(FAULTS)
const first = between(random, 0, names.length - 1)
const drawn = LONG ? names : names.filter((_name, index) => (index - first + names.length) % names.length < 2)

test.each(drawn)(
  '%s between any two steps of the work: all of it ends, once, and leaves no files behind',
  async (name) => {
    const fault = FAULTS[name]
    if (fault === undefined) throw new Error('there is no such fault')
    const longest = Math.max(...[...boundaries.values()].map((steps) => steps.length))
    const offset = between(random, 0, longest - 1)
    for (let round = 0; round < (LONG ? longest : 1); round += 1) {
      const jobs = await startAll((kind) => {
        const steps = boundaries.get(kind) ?? []
        return steps[(offset + round) % steps.length]
      })
      await barrier.untilHeld(sweep)
      await fault()
      await untilAllEnded()
      await expectToldOnce([...jobs.values()])
      await expectNoOrphans()
    }
  },
  TEST_TIMEOUT_MS,
)

// what the tests do

/** One job of each kind, held at the boundary that is named, if any; by kind. */
async function startAll(boundaryOf?: (kind: string) => string | undefined): Promise<Map<string, string>> {
  // No function is nudged until the boundaries are known.
  const jobs = new Map<string, string>()
  const held = new Map<string, string>()
  await setDispatch('pause')
  for (const [kind, start] of Object.entries(WORK_KINDS)) {
    const jobId = await start(db, users.get(kind) ?? '', files)
    jobs.set(kind, jobId)
    const boundary = boundaryOf?.(kind)
    if (boundary !== undefined) held.set(jobId, boundary)
  }
  if (held.size > 0) await barrier.hold(held)
  await setDispatch('go on')
  await db.query('select public.sweep_jobs()')
  return jobs
}

/** Without the functions' address in the vault the database sends no nudges. */
async function setDispatch(what: 'pause' | 'go on'): Promise<void> {
  const [from, to] =
    what === 'pause' ? ['project_url', 'project_url_away'] : ['project_url_away', 'project_url']
  const admin = openPool(stack.db.admin, 1)
  try {
    await admin.query('update vault.secrets set name = $2 where name = $1', [from, to])
  } finally {
    await admin.end()
  }
}

async function functionNames(): Promise<string[]> {
  const { rows } = await db.query<{ function_name: string }>('select function_name from private.job_kinds')
  return rows.map((row) => row.function_name)
}

function untilLeasesExpired(): Promise<void> {
  return vi.waitFor(
    async () => {
      const { rows } = await db.query(
        `select from public.jobs where status = 'processing' and lease_expires_at > clock_timestamp()`,
      )
      expect(rows).toEqual([])
    },
    { timeout: END_TIMEOUT_MS, interval: 100 },
  )
}

/** Sweeps instead of waiting for the half minute's, until nothing is left to do, reports of their own included. */
async function untilAllEnded(now: () => Promise<void> = sweep): Promise<void> {
  await vi.waitFor(
    async () => {
      await now()
      const { rows } = await db.query(
        `select kind, status, stage, error_code from public.jobs where status <> 'completed'`,
      )
      expect(rows).toEqual([])
    },
    { timeout: END_TIMEOUT_MS, interval: 250 },
  )
}

async function sweep(): Promise<void> {
  // A nudge that had no effect is repeated after 25 s; here after 2 s.
  await db.query(`update private.job_nudges set nudged_at = now() - interval '1 minute'
                  where nudged_at < now() - interval '2 seconds'`)
  await db.query('select public.sweep_jobs()')
}

/** The first step after the claim; the claim itself where the work has no step before the end. */
function firstStage(steps: readonly string[]): string | undefined {
  return steps.find((step) => step.startsWith('stage:')) ?? steps[0]
}

/** For the claims and heartbeats that begin from now on, of every kind. */
async function setLease(seconds: number): Promise<void> {
  await db.query('update private.job_kinds set lease_seconds = $1', [seconds])
}

/** As its migration does, with another period. */
async function setSweep(seconds: number): Promise<void> {
  await db.query(`select cron.schedule('sweep-jobs', $1, 'select public.sweep_jobs()')`, [
    `${seconds} seconds`,
  ])
}

/** Records from now on each lease that a worker loses because it expired, with the time until which the lease was held. */
async function recordLostLeases(): Promise<void> {
  await db.query(`
    create table test.lost_leases (job_id uuid, worker_id uuid, lease_expires_at timestamptz);
    create function test.lose_lease() returns trigger language plpgsql security definer set search_path = '' as $$
    begin
      insert into test.lost_leases values (old.id, old.worker_id, old.lease_expires_at);
      return null;
    end $$;
    create trigger z_test_lose_lease after update on public.jobs for each row
    when (
      old.status = 'processing' and new.lease_token is distinct from old.lease_token
      and (new.status = 'processing' or new.error_code = 'lease_expired')
    )
    execute function test.lose_lease()`)
}

async function expectToldOnce(jobIds: readonly string[]): Promise<void> {
  const { rows } = await db.query<{ ends: number; starts: number }>(
    `select
       count(*) filter (where told.type in (mapping.completed_type, mapping.failed_type)
         and coalesce(told.payload ->> 'state', 'completed') in ('completed', 'failed'))::integer as ends,
       count(*) filter (where told.type = mapping.started_type
         and coalesce(told.payload ->> 'state', 'processing') = 'processing')::integer as starts
     from public.jobs as job
     join private.job_kinds as mapping on mapping.kind = job.kind
     left join public.notifications as told on told.job_id = job.id
     where job.id = any ($1)
     group by job.id`,
    [jobIds],
  )
  expect(rows).toEqual(jobIds.map(() => ({ ends: 1, starts: 1 })))
}

/** Every file in Storage has a row that points at it, and every file that a row points at exists. */
async function expectNoOrphans(): Promise<void> {
  const { rows } = await db.query<{ orphans: string[] | null; missing: string[] | null }>(
    `with pointed as (
       select 'originals' as bucket_id, original_path as name from public.documents
       union select 'derivatives', preview_path from public.documents
       union select 'derivatives', thumbnail_path from public.documents
       union select 'reports', path from public.reports
     ),
     stored as (
       select bucket_id, name from storage.objects
     )
     select
       (select array_agg(bucket_id || '/' || name) from (table stored except table pointed) as orphan) as orphans,
       (select array_agg(bucket_id || '/' || name)
        from (select * from pointed where name is not null except table stored) as lost) as missing`,
  )
  expect(rows).toEqual([{ orphans: null, missing: null }])
}
