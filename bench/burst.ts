/**
 * The dashboard while 1,000 notifications arrive at once, in Chromium: how long the page's own work kept it from
 * answering (PerformanceObserver `longtask`: 50 ms and more), and how far frames were apart. Measures only.
 *
 *   npm run bench:burst [-- --json]
 */

import type { Page } from 'playwright-core'
import { addIdleJobs, openPool } from '../e2e/support/fault-load.ts'
import { launchBrowser } from '../scripts/browser.ts'
import { startDashboard } from '../web/server/dashboard.ts'
import { latency, type Measurement, report, value } from './support/report.ts'
import { newBenchUser, startBenchStack } from './support/stack.ts'

const BURST = 1_000
const REPEATS = 5
const ARRIVAL_TIMEOUT_MS = 60_000

/** Runs in the page. A string, because this file has no DOM types. */
const WATCH = `
  globalThis.seen = { tasks: [], frames: [] };
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) seen.tasks.push(duration);
  }).observe({ type: 'longtask' });
  let last = performance.now();
  requestAnimationFrame(function next(now) {
    seen.frames.push(now - last);
    last = now;
    requestAnimationFrame(next);
  });`
const FORGET = 'seen.tasks.length = seen.frames.length = 0'
/** Resolves when the page is idle, so that postponed drawing is done. */
const SETTLED = `new Promise((resolve) => requestIdleCallback(() => requestIdleCallback(resolve)))`

await using stack = await startBenchStack()
await using owned = new AsyncDisposableStack()
const db = owned.adopt(openPool(stack.db.postgres, 2), (pool) => pool.end())
const dashboard = owned.adopt(
  await startDashboard({ port: 0, supabaseUrl: stack.url, publishableKey: stack.keys.publishableKey }),
  (server) => server.close(),
)
const browser = owned.adopt(await launchBrowser(), (launched) => launched.close())

async function openDashboard(): Promise<{ page: Page; userId: string }> {
  const { id, email, password } = await newBenchUser(stack)
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage()
  await page.goto(dashboard.url)
  await page.getByRole('button', { name: 'Use a password' }).click()
  await page.getByLabel('Password').waitFor()
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('status').filter({ hasText: 'Live' }).waitFor()
  await page.getByRole('button', { name: 'Connection details' }).click()
  await page.evaluate(WATCH)
  return { page, userId: id }
}

interface Seen {
  tasks: number[]
  frames: number[]
}

/** @returns what the page measured from the change until all notifications were drawn. */
async function burst(page: Page, userId: string, number: number): Promise<Seen> {
  const jobs = await addIdleJobs(db, userId, BURST)
  await page.evaluate(FORGET)
  await db.query(
    `update public.jobs set status = 'failed', error_code = 'internal_error' where id = any ($1)`,
    [jobs],
  )
  await untilDelivered(page, number * BURST)
  await page.evaluate(SETTLED)
  return page.evaluate('seen')
}

/** Waits until the card with the connection's details shows the newest `seq`. */
async function untilDelivered(page: Page, seq: number): Promise<void> {
  await page
    .getByRole('group', { name: 'Connection' })
    .getByText(String(seq), { exact: true })
    .waitFor({ timeout: ARRIVAL_TIMEOUT_MS })
}

const results: Measurement[] = []
for (const open of [false, true]) {
  const { page, userId } = await openDashboard()
  // By keyboard: a click elsewhere would close the connection's details.
  if (open) await page.keyboard.press('Alt+i')
  const tasks: number[] = []
  const frames: number[] = []
  for (let number = 1; number <= REPEATS; number += 1) {
    const seen = await burst(page, userId, number)
    tasks.push(...seen.tasks)
    frames.push(...seen.frames)
  }
  const where = open ? 'inbox open' : 'inbox closed'
  results.push(
    latency(`${BURST} notifications at once, between two frames (${where})`, frames),
    value(`the same, the longest task; 0: none of 50 ms or more`, 'ms', Math.max(0, ...tasks)),
    value('the same, tasks of 50 ms or more in each burst', 'messages', tasks.length / REPEATS),
  )
  await page.context().close()
}
report(results)
