/**
 * Work always ends (docs/delivery.md): workers, the database or the whole stack die in the middle of it, nudges are
 * lost or doubled, and still every job ends, once.
 */

import { readFileSync } from 'node:fs'
import type pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { samplePhotoPath } from '../samples/photos.ts'
import { buildTypeformResponse, signTypeformBody } from '../samples/typeform.ts'
import { between, seededRandom } from '../stack/testing/seeded-random.ts'
import { type HeldFiles, startHeldFiles } from './support/fault-files.ts'
import { type Account, newAccount } from './support/fault-listener.ts'
import { openPool } from './support/fault-load.ts'
import { type OwnStack, startOwnStack } from './support/fault-stack.ts'

/** A long run has the same faults, more often. */
const ROUNDS = process.env.CLAIMWIRE_LONG === undefined ? 1 : 20
const random = seededRandom('faults.test.ts')
const END_TIMEOUT_MS = 60_000
const LONG_TIMEOUT_MS = 120_000 + ROUNDS * 30_000
/** Seconds of a lease, after which a dead worker is noticed. */
const LEASE_SECONDS = 4

let files: HeldFiles
let stack: OwnStack
let db: pg.Pool
let user: Account

beforeAll(async () => {
  files = await startHeldFiles(readFileSync(samplePhotoPath('bumper')))
  stack = await startOwnStack({ functionsEnv: { DOWNLOAD_ALLOWED_ORIGINS: files.origin } })
  db = openPool(stack.db.postgres)
  await db.query(
    'update private.job_kinds set lease_seconds = $1, retry_base_seconds = 1, max_attempts = 20',
    [LEASE_SECONDS],
  )
})
afterAll(async () => {
  await db?.end()
  await stack?.[Symbol.asyncDispose]()
  await files?.[Symbol.asyncDispose]()
})
beforeEach(async () => {
  user = await newAccount(stack)
})
afterEach(() => files.release())

test(
  'a worker that is killed is replaced when its lease ends',
  async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      files.hold()
      const claim = await postClaim(2)
      await untilProcessing(claim.jobIds)
      await files.untilAsked()
      await stack.killFunction('process-image')
      files.release()
      await expectAllEnded(claim.jobIds, { attemptsAtLeast: 2 })
    }
  },
  LONG_TIMEOUT_MS,
)

test(
  'PostgreSQL is killed while photos are being processed',
  async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      files.hold()
      const claim = await postClaim(6)
      await untilProcessing(claim.jobIds)
      stack.killPostgres()
      // Some of the downloads end while the database is away.
      files.release()
      await expectAllEnded(claim.jobIds)
    }
  },
  LONG_TIMEOUT_MS,
)

test(
  'the whole stack is killed in the middle of work and started again',
  async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      files.hold()
      const claim = await postClaim(3)
      // At this moment some jobs are under way and others have not begun.
      await untilProcessing(claim.jobIds.slice(0, between(random, 1, 3)))
      await stack.kill()
      files.release()
      await stack.start()
      await expectAllEnded(claim.jobIds)
    }
  },
  LONG_TIMEOUT_MS,
)

test('a worker that comes back after it has lost its lease changes nothing', async () => {
  files.hold()
  const { jobIds } = await postClaim(1)
  const [jobId] = jobIds
  if (jobId === undefined) throw new Error('no job')
  await untilProcessing(jobIds)
  await files.untilAsked()
  // As after a sleep: the lease is taken from the worker without a message to it.
  await db.query(
    `update public.jobs set status = 'queued', next_attempt_at = now() + interval '1 day' where id = $1`,
    [jobId],
  )
  files.release()
  await db.query(`update public.jobs set next_attempt_at = now() where id = $1`, [jobId])
  await expectAllEnded(jobIds, { attemptsAtLeast: 2 })
})

test('nudges at the same time do the work once', async () => {
  const { jobIds } = await postClaim(1)
  const [jobId] = jobIds
  const answers = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const response = await fetch(`${stack.url}/functions/v1/process-image?wait=true`, {
        method: 'POST',
        headers: { apikey: stack.keys.secretKey, 'content-type': 'application/json' },
        body: JSON.stringify({ job_id: jobId }),
      })
      const body: unknown = await response.json()
      return { status: response.status, body }
    }),
  )
  expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200))
  // The database's own nudge may have come first.
  expect(answers.filter(({ body }) => isClaimed(body)).length).toBeLessThanOrEqual(1)
  await expectAllEnded(jobIds, { attempts: 1 })
})

test('the sweeper nudges again when all nudges are lost', async () => {
  await renameSecret('project_url', 'project_url_away')
  const claim = await postClaim(2)
  await renameSecret('project_url_away', 'project_url')
  const { rows } = await db.query('select distinct status from public.jobs where id = any ($1)', [
    claim.jobIds,
  ])
  expect(rows).toEqual([{ status: 'queued' }])
  await expectAllEnded(claim.jobIds, { attempts: 1 })
})

test('the webhook says 503 while the database is away, and the same response succeeds afterwards', async () => {
  const body = claimBody(1)
  expect((await postWebhook(claimBody(0))).status).toBe(200)
  const giveBack = await stack.takePostgresAway()
  let away: { status: number; body: unknown }
  try {
    away = await postWebhook(body)
  } finally {
    giveBack()
  }
  expect(away).toMatchObject({ status: 503, body: { error: { code: 'database_unavailable' } } })
  const answer = await vi.waitFor(
    async () => {
      const again = await postWebhook(body)
      expect(again.status).toBe(200)
      return again
    },
    { timeout: END_TIMEOUT_MS, interval: 100 },
  )
  expect(answer.body).toMatchObject({ duplicate: false })
  expect(await postWebhook(body)).toMatchObject({ status: 200, body: { duplicate: true } })
  await expectAllEnded(jobIdsOf(answer.body))
})

// what the tests do

function claimBody(photos: number): string {
  return JSON.stringify(
    buildTypeformResponse({
      userId: user.id,
      email: user.email,
      files: Array.from({ length: photos }, (_, index) => `${files.origin}/${index}.jpg`),
    }),
  )
}

async function postWebhook(body: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${stack.url}/functions/v1/typeform-webhook`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'typeform-signature': signTypeformBody(body, stack.keys.typeformSecret),
    },
    body,
  })
  return { status: response.status, body: await response.json() }
}

async function postClaim(photos: number): Promise<{ jobIds: string[] }> {
  const answer = await postWebhook(claimBody(photos))
  expect(answer).toMatchObject({ status: 200, body: { duplicate: false } })
  return { jobIds: jobIdsOf(answer.body) }
}

function jobIdsOf(body: unknown): string[] {
  const ids: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'job_ids') : undefined
  if (!Array.isArray(ids)) throw new Error('the answer names no jobs')
  return ids.map(String)
}

/** Without its secrets in the vault the database sends no nudges. */
async function renameSecret(from: string, to: string): Promise<void> {
  const admin = openPool(stack.db.admin, 1)
  try {
    const { rowCount } = await admin.query('update vault.secrets set name = $2 where name = $1', [from, to])
    expect(rowCount).toBe(1)
  } finally {
    await admin.end()
  }
}

function isClaimed(body: unknown): boolean {
  return typeof body === 'object' && body !== null && Reflect.get(body, 'claimed') === true
}

function untilProcessing(jobIds: readonly string[]): Promise<void> {
  return vi.waitFor(
    async () => {
      const { rows } = await db.query(
        `select from public.jobs where id = any ($1) and status = 'processing'`,
        [jobIds],
      )
      expect(rows).toHaveLength(jobIds.length)
    },
    { timeout: END_TIMEOUT_MS, interval: 20 },
  )
}

interface Attempts {
  attempts?: number
  attemptsAtLeast?: number
}

/** Sweeps instead of waiting for the half minute's sweep; then each job has ended well and was told of once. */
async function expectAllEnded(jobIds: readonly string[], expected: Attempts = {}): Promise<void> {
  await vi.waitFor(
    async () => {
      // A nudge that had no effect is repeated after 25 s; here after 2 s.
      await db.query(`update private.job_nudges set nudged_at = now() - interval '1 minute'
                      where nudged_at < now() - interval '2 seconds'`)
      await db.query('select public.sweep_jobs()')
      const { rows } = await db.query('select status, error_code from public.jobs where id = any ($1)', [
        jobIds,
      ])
      expect(rows).toEqual(jobIds.map(() => ({ status: 'completed', error_code: null })))
    },
    { timeout: END_TIMEOUT_MS, interval: 250 },
  )
  const { rows } = await db.query<{ attempts: number; told: string[] }>(
    `select job.attempts,
       (select array_agg(told.type order by told.seq) from public.notifications as told where told.job_id = job.id) as told
     from public.jobs as job where job.id = any ($1)`,
    [jobIds],
  )
  expect(rows.map(({ told }) => told)).toEqual(
    jobIds.map(() => ['image_processing_started', 'image_processed']),
  )
  const attempts = rows.map((row) => row.attempts)
  if (expected.attempts !== undefined) expect(attempts).toEqual(jobIds.map(() => expected.attempts))
  expect(Math.min(...attempts)).toBeGreaterThanOrEqual(expected.attemptsAtLeast ?? 1)
}
