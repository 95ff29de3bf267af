/**
 * Many voice notes of one user and a service that fails, hangs, breaks off and is busy, through the real function: every
 * job ends, once, as what the service did makes it end; the limits of the kind and of a user hold at every moment; and
 * others are served in their turn, not behind all of that.
 */

import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createStack, type Stack } from '../stack/index.ts'
import { createMemoryLogger, createTerminalLogger } from '../stack/logger.ts'
import { type Random, seededRandom } from '../stack/testing/seeded-random.ts'
import type { SimulatorFault } from '../stack/transcription/index.ts'
import { newAccount } from './support/fault-listener.ts'
import { openPool } from './support/fault-load.ts'
import { BYTES_PER_SECOND, silentRecording } from './support/voice-faults.ts'

const LONG = process.env.CLAIMWIRE_LONG !== undefined
const JOBS = LONG ? 500 : 24
const LIMIT = 6
const LIMIT_OF_USER = 4
const MAX_ATTEMPTS = 4
/** Of a call to the service. More than a good call takes on a busy machine, and as much as each that hangs costs. */
const PROVIDER_TIMEOUT_MS = 4000
const TIMEOUT_MS = LONG ? 1_800_000 : 240_000

const random = seededRandom('transcription-load.test.ts')

/** Faults of the calls for a recording, in order. Later calls succeed. */
type Script = readonly SimulatorFault[]

let folder: string
let files: Server
let stack: Stack
let db: pg.Pool
/** By the size of the recording, which is different for each. */
const scripts = new Map<number, Script>()
const calls = new Map<number, number>()

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'claimwire-load-'))
  files = createServer((request, response) => {
    response.end(silentRecording(Number(/\d+/.exec(request.url ?? '')?.[0])))
  })
  await new Promise<void>((resolve, reject) => {
    files.once('error', reject)
    files.listen(0, '127.0.0.1', resolve)
  })
  stack = await createStack({
    dataDir: folder,
    ports: { api: 0, db: 0, mail: 0 },
    // Failures are what this is about.
    logger: process.env.CLAIMWIRE_LOG === 'debug' ? createTerminalLogger() : createMemoryLogger(),
    functionsEnv: {
      DOWNLOAD_ALLOWED_ORIGINS: origin(),
      TRANSCRIPTION_TIMEOUT_MS: String(PROVIDER_TIMEOUT_MS),
    },
    transcription: {
      paceMs: 0,
      faults: ({ bytes }) => {
        const call = calls.get(bytes) ?? 0
        calls.set(bytes, call + 1)
        return scripts.get(bytes)?.[call]
      },
    },
  })
  db = openPool(stack.db.postgres)
  await db.query(
    `update private.job_kinds
     set max_concurrent = $1, max_concurrent_per_user = $2, max_attempts = $3, retry_base_seconds = 1, retry_max_seconds = 1
     where kind = 'transcription'`,
    [LIMIT, LIMIT_OF_USER, MAX_ATTEMPTS],
  )
  await watchMoves()
}, 120_000)

afterAll(async () => {
  await db?.end()
  await stack?.stop()
  files?.closeAllConnections()
  files?.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

test(
  'many voice notes of one user and a bad service: all end once, the limits hold, and others do not wait for them',
  async () => {
    const [greedy, ...others] = await accounts(5)
    if (greedy === undefined) throw new Error('there is no user')
    const made = Array.from({ length: JOBS }, (_, index) => ({
      size: sizeOf(index),
      script: draw(random, index),
    }))
    for (const { size, script } of made) scripts.set(silentRecording(size).length, script)
    const jobs = await addVoiceNotes(
      greedy,
      made.map(({ size }) => size),
    )

    // While all of that is waiting, the others come with one each, one after the other, and then all at once.
    const single: string[] = []
    for (const userId of others) {
      const [jobId] = await addVoiceNotes(userId, [sizeOf(1000 + single.length)])
      if (jobId === undefined) throw new Error('there is no job')
      single.push(jobId)
      await untilEnded([jobId])
    }
    const untouched = await count(`id = any ($1) and attempts = 0`, [jobs])
    const crowd = await Promise.all(
      others.map((userId) => addVoiceNotes(userId, [sizeOf(2000), sizeOf(2001)])),
    )
    await untilEnded([...jobs, ...crowd.flat()])

    // Each ends as the service made it end; nothing was asked for more often than that takes.
    expect(await endsOf(jobs)).toEqual(made.map(({ script }) => endOf(script)))
    expect(made.map(({ size }) => calls.get(silentRecording(size).length))).toEqual(
      made.map(({ script }) => endOf(script).attempts),
    )
    const well = {
      status: 'completed',
      attempts: 1,
      error_code: null,
      transcribed: true,
      told: ONCE.completed,
    }
    for (const end of await endsOf([...single, ...crowd.flat()])) expect(end).toEqual(well)

    const most = await mostAtOnce()
    expect(most).toEqual({ of_kind: LIMIT, of_user: LIMIT_OF_USER })
    // Single recordings were transcribed while recordings of the crowd, inserted earlier, still waited.
    expect(untouched).toBeGreaterThan(0)
  },
  TIMEOUT_MS,
)

test('a user whose every place is taken by calls that hang does not hold up other users in the worker', async () => {
  const [other] = await accounts(1)
  if (other === undefined) throw new Error('there is no user')
  // A machine may be so busy that a call that hangs has run out of time before the other is done; not each time.
  await vi.waitFor(
    async () => {
      const [greedy] = await accounts(1)
      if (greedy === undefined) throw new Error('there is no user')
      const sizes = Array.from({ length: LIMIT_OF_USER }, (_, index) => sizeOf(3000 + index))
      for (const size of sizes) {
        scripts.set(silentRecording(size).length, [{ kind: 'hang' }])
        calls.delete(silentRecording(size).length)
      }
      const held = await addVoiceNotes(greedy, sizes)
      await vi.waitFor(
        async () => expect(await count(`id = any ($1) and status = 'processing'`, [held])).toBe(4),
        {
          timeout: PROVIDER_TIMEOUT_MS,
          interval: 20,
        },
      )
      const [jobId] = await addVoiceNotes(other, [sizeOf(4000)])
      if (jobId === undefined) throw new Error('there is no job')
      await untilEnded([jobId])
      expect(await endedFirst(jobId, greedy)).toBe(true)
    },
    { timeout: 40_000, interval: 1000 },
  )
})

// the service

const BUSY: SimulatorFault = { kind: 'status', status: 429, retryAfterSeconds: 1 }
const PASSING: readonly SimulatorFault[] = [
  BUSY,
  { kind: 'status', status: 500 },
  { kind: 'status', status: 503 },
  { kind: 'cut', after: 1 },
]
const LASTING: readonly SimulatorFault[] = [{ kind: 'hang' }, { kind: 'stall', after: 1 }]
const FINAL: readonly { fault: SimulatorFault; code: string }[] = [
  { fault: { kind: 'status', status: 401, code: 'invalid_api_key' }, code: 'provider_refused' },
  { fault: { kind: 'status', status: 429, code: 'insufficient_quota' }, code: 'provider_quota_exceeded' },
]

/** The first ones are of each sort; the others are drawn. */
function draw(next: Random, index: number): Script {
  const pick = <Item>(items: readonly Item[]): Item[] => {
    const item = items[Math.floor(next() * items.length)]
    return item === undefined ? [] : [item]
  }
  const sorts: readonly (() => Script)[] = [
    () => pick(LASTING),
    () => [BUSY],
    () => pick(PASSING),
    () => Array.from({ length: MAX_ATTEMPTS }, () => pick(PASSING)).flat(),
    () => pick(FINAL.map(({ fault }) => fault)),
    () => [...pick(PASSING), ...pick(PASSING)],
  ]
  const sort = sorts[index] ?? (next() < 0.5 ? undefined : pick(sorts)[0])
  return sort?.() ?? []
}

interface End {
  status: 'completed' | 'failed'
  attempts: number
  error_code: string | null
  /** Whether there is a transcript. */
  transcribed: boolean
  /** Durable messages, in order. */
  told: readonly string[]
}

const ONCE = {
  completed: ['transcription_queued', 'transcription_processing', 'transcription_complete'],
  failed: ['transcription_queued', 'transcription_processing', 'transcription_failed'],
}

/** What has to become of a recording at which the service does this. */
function endOf(script: Script): End {
  const ofFault = (fault: SimulatorFault | undefined): string => {
    if (fault?.kind === 'hang' || fault?.kind === 'stall') return 'provider_timeout'
    return fault?.kind === 'status' && fault.status === 429 ? 'provider_rate_limited' : 'provider_unavailable'
  }
  for (const [index, fault] of script.entries()) {
    const final = FINAL.find((one) => one.fault === fault)
    if (final === undefined && index + 1 < MAX_ATTEMPTS) continue
    const error_code = final?.code ?? ofFault(fault)
    return { status: 'failed', attempts: index + 1, error_code, transcribed: false, told: ONCE.failed }
  }
  const attempts = script.length + 1
  return { status: 'completed', attempts, error_code: null, transcribed: true, told: ONCE.completed }
}

// the database

/** Writes down every move of a job, and how many were at work then: at a claim, its lock sees to it that it stays so. */
async function watchMoves(): Promise<void> {
  await db.query(`
    create schema test;
    create table test.moves (id bigserial, job_id uuid, user_id uuid, status text, of_kind bigint, of_user bigint);
    create function test.move() returns trigger language plpgsql security definer set search_path = '' as $$
    begin
      insert into test.moves (job_id, user_id, status, of_kind, of_user)
      select new.id, new.user_id, new.status, count(*), count(*) filter (where job.user_id = new.user_id)
      from public.jobs as job
      where job.kind = 'transcription' and job.status = 'processing';
      return null;
    end $$;
    create trigger z_test_come after insert on public.jobs for each row
    when (new.kind = 'transcription') execute function test.move();
    create trigger z_test_move after update on public.jobs for each row
    when (new.kind = 'transcription' and new.status <> old.status)
    execute function test.move()`)
}

async function mostAtOnce(): Promise<{ of_kind: number; of_user: number } | undefined> {
  const { rows } = await db.query<{ of_kind: number; of_user: number }>(
    `select max(of_kind)::integer as of_kind, max(of_user)::integer as of_user
     from test.moves where status = 'processing'`,
  )
  return rows[0]
}

/** Whether no other job of the user made progress between the insertion and the end of this job. */
async function endedFirst(jobId: string, userId: string): Promise<boolean> {
  const { rows } = await db.query<{ first: boolean }>(
    `select not exists (
       select from test.moves
       where user_id = $2
         and id > (select min(id) from test.moves where job_id = $1)
         and id < (select id from test.moves where job_id = $1 and status = 'completed')
     ) as first`,
    [jobId, userId],
  )
  return rows[0]?.first === true
}

async function endsOf(jobIds: readonly string[]): Promise<End[]> {
  const { rows } = await db.query<End>(
    `select job.status, job.attempts, job.error_code,
       (select transcription.text is not null and transcription.completed_at is not null
        from public.transcriptions as transcription where transcription.job_id = job.id) as transcribed,
       (select array_agg(told.type order by told.seq)
        from public.notifications as told where told.job_id = job.id) as told
     from unnest($1::uuid[]) with ordinality as given (id, position)
     join public.jobs as job on job.id = given.id
     order by given.position`,
    [jobIds],
  )
  return rows
}

/** The database's own sweeps, every half a minute, do their part; nothing here hurries them. */
function untilEnded(jobIds: readonly string[]): Promise<void> {
  return vi.waitFor(
    async () => {
      expect(await count(`id = any ($1) and status in ('queued', 'processing')`, [jobIds])).toBe(0)
    },
    { timeout: TIMEOUT_MS, interval: 50 },
  )
}

async function count(condition: string, values: unknown[]): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    `select count(*)::integer as count from public.jobs where ${condition}`,
    values,
  )
  return rows[0]?.count ?? Number.NaN
}

async function accounts(length: number): Promise<string[]> {
  const added: string[] = []
  for (let index = 0; index < length; index += 1) {
    added.push((await newAccount(stack)).id)
  }
  return added
}

/** Half a second and so many samples. */
function sizeOf(index: number): number {
  return BYTES_PER_SECOND / 2 + 2 * index
}

/** Each in an incident of its own, all at once. @returns their jobs, in order. */
async function addVoiceNotes(userId: string, sizes: readonly number[]): Promise<string[]> {
  const ids = sizes.map(() => randomUUID())
  await db.query(
    `with incident as (
       insert into public.incidents (id, user_id, title, source)
       select id, $1, 'Crash', 'test' from unnest($2::uuid[]) as id
     )
     insert into public.documents (id, incident_id, user_id, kind, document_type, source_url)
     select gen_random_uuid(), given.id, $1, 'audio', 'audio', $4 || '/' || given.size
     from unnest($2::uuid[], $3::integer[]) as given (id, size)`,
    [userId, ids, sizes, origin()],
  )
  const { rows } = await db.query<{ job_id: string }>(
    `select document.job_id from unnest($1::uuid[]) with ordinality as given (id, position)
     join public.documents as document on document.incident_id = given.id
     order by given.position`,
    [ids],
  )
  return rows.map((row) => row.job_id)
}

function origin(): string {
  const address = files.address()
  if (address === null || typeof address === 'string') throw new Error('the file server has no port')
  return `http://127.0.0.1:${address.port}`
}
