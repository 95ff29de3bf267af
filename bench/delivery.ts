/**
 * From a status UPDATE to the handler in a browser, and catching up with what was missed: the embedded stack, the client
 * library and Chromium together on this machine. Measures only; nothing here passes or fails.
 *
 *   npm run bench:delivery [-- --json]
 */

import pg from 'pg'
import type { Page } from 'playwright-core'
import { serveClientPage } from '../e2e/support/client-page/server.ts'
import { addIdleJobs } from '../e2e/support/fault-load.ts'
import { launchBrowser } from '../scripts/browser.ts'
import type { BenchPage } from './support/browser-page.ts'
import { atRate } from './support/pace.ts'
import { latency, type Measurement, report, value } from './support/report.ts'
import { newBenchUser, startBenchStack } from './support/stack.ts'

declare global {
  var benchPage: BenchPage
}

/** Changes of one user wait for each other's commit. A rate above a disk's commits is spread over several users. */
const RATES = [
  { perSecond: 50, people: 1, seconds: 10 },
  { perSecond: 500, people: 5, seconds: 10 },
] as const
const WARM_UP = 100
const MISSED = 10_000
const REPEATS = 5
const CONNECTIONS = 8
const ARRIVAL_TIMEOUT_MS = 60_000

await using stack = await startBenchStack()
await using owned = new AsyncDisposableStack()
const db = owned.adopt(new pg.Pool({ connectionString: stack.db.postgres, max: CONNECTIONS }), (pool) =>
  pool.end(),
)
const server = owned.use(await serveClientPage(new URL('support/browser-page.ts', import.meta.url)))
const browser = owned.adopt(await launchBrowser(), (launched) => launched.close())
const results: Measurement[] = []

async function openPage(): Promise<{ page: Page; userId: string }> {
  const { id, email, password } = await newBenchUser(stack)
  const page = await (await browser.newContext()).newPage()
  await page.goto(server.url)
  await page.waitForFunction('globalThis.benchPage !== undefined')
  await page.evaluate((options) => globalThis.benchPage.connect(options), {
    url: stack.url,
    publishableKey: stack.keys.publishableKey,
    userId: id,
    email,
    password,
  })
  return { page, userId: id }
}

const now = (): number => performance.timeOrigin + performance.now()

async function untilHeard(page: Page, count: number): Promise<void> {
  await page.waitForFunction((expected) => globalThis.benchPage.heard.length >= expected, count, {
    timeout: ARRIVAL_TIMEOUT_MS,
    polling: 50,
  })
}

async function updateToHandler({ perSecond, people, seconds }: (typeof RATES)[number]): Promise<void> {
  const pages: Page[] = []
  const jobs: string[][] = []
  const each = WARM_UP + (perSecond * seconds) / people
  for (let n = 0; n < people; n += 1) {
    const { page, userId } = await openPage()
    pages.push(page)
    jobs.push(await addIdleJobs(db, userId, each))
  }
  const called = new Map<string, number>()
  const committed = new Map<string, number>()
  const start = async (jobId: string | undefined): Promise<void> => {
    const key = `${jobId}:image_processing_failed`
    const connection = await db.connect()
    called.set(key, now())
    await connection.query(`update public.jobs set status = 'failed' where id = $1`, [jobId])
    committed.set(key, now())
    connection.release()
  }
  for (const own of jobs) for (const jobId of own.splice(0, WARM_UP)) await start(jobId)
  await Promise.all(pages.map((page) => untilHeard(page, WARM_UP)))
  const begun = performance.now()
  const count = perSecond * seconds
  await atRate(count, perSecond, (n) => start(jobs[n % people]?.[Math.floor(n / people)]))
  const reached = count / ((performance.now() - begun) / 1_000)
  const heard: BenchPage['heard'] = []
  for (const page of pages) {
    await untilHeard(page, each)
    heard.push(...(await page.evaluate(() => globalThis.benchPage.heard)).slice(WARM_UP))
  }
  const since = (moments: Map<string, number>) =>
    heard.map(({ key, at }) => Math.max(0, at - (moments.get(key) ?? Number.NaN)))
  const reachedText = reached < perSecond * 0.95 ? `only ${Math.round(reached)}/s were written` : ''
  results.push(
    latency(`status UPDATE to browser handler, ${perSecond}/s: from the call`, since(called), reachedText),
    latency(`status UPDATE to browser handler, ${perSecond}/s: from the commit`, since(committed)),
  )
  await Promise.all(pages.map((page) => page.context().close()))
}

async function catchUp(): Promise<void> {
  const { page, userId } = await openPage()
  const jobIds = await addIdleJobs(db, userId, 1)
  await db.query(`update public.jobs set status = 'failed' where id = any ($1)`, [jobIds])
  await untilHeard(page, 1)
  const samples: number[] = []
  for (let round = 1; round <= REPEATS; round += 1) {
    await page.evaluate(() => globalThis.benchPage.leave())
    const missed = await addIdleJobs(db, userId, MISSED)
    await db.query(`update public.jobs set status = 'failed' where id = any ($1)`, [missed])
    samples.push(await page.evaluate(() => globalThis.benchPage.comeBack()))
    const heard = await page.evaluate(() => globalThis.benchPage.heard.length)
    if (heard !== 1 + round * MISSED) throw new Error(`${heard} were heard after ${round} rounds`)
  }
  results.push(
    latency(`catch-up of ${MISSED.toLocaleString('en')} missed, from connect() to live`, samples),
    value(
      'of these, handed over',
      '/s',
      MISSED / ((samples.toSorted((a, b) => a - b)[REPEATS >> 1] ?? Number.NaN) / 1_000),
    ),
  )
  await page.context().close()
}

for (const rate of RATES) await updateToHandler(rate)
await catchUp()
report(results)
