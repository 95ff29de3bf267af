/**
 * Opening the dashboard in Chromium: first paint, largest paint, until it is live, and what of it was work in one piece
 * (PerformanceObserver `longtask`: 50 ms and more), for an empty account, one with 20 incidents and one with 3,000; beside
 * the same page with the engine's file named in it (`modulepreload`), in turns. Then a list of 3,000 incidents while it is
 * read and while messages arrive. Measures only.
 *
 *   npm run bench:dashboard [-- --json]
 */

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { openPool } from '../e2e/support/fault-load.ts'
import { launchBrowser } from '../scripts/browser.ts'
import { startDashboard, WEB_ROOT } from '../web/server/dashboard.ts'
import { addIncidents } from './support/incidents.ts'
import { servePageVariant } from './support/page-variants.ts'
import { latency, type Measurement, report, value } from './support/report.ts'
import { type BenchUser, newBenchUser, startBenchStack } from './support/stack.ts'

const LOADS = 12
const INCIDENTS = [0, 20, 3_000] as const
const MANY = 3_000
const MESSAGES = 20
const TIMEOUT_MS = 120_000
const VIEWPORT = { width: 1280, height: 800 }
/** A slow line: milliseconds of a round trip, bytes a second. */
const LINE = { offline: false, latency: 40, downloadThroughput: 1_250_000, uploadThroughput: 1_250_000 }

/** In the page, whose types this file has not. Before anything else. */
const WATCH = `
  globalThis.seen = { tasks: [], lcp: 0, live: 0 };
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) seen.tasks.push(duration);
  }).observe({ type: 'longtask', buffered: true });
  new PerformanceObserver((list) => {
    for (const { startTime } of list.getEntries()) seen.lcp = startTime;
  }).observe({ type: 'largest-contentful-paint', buffered: true });
  const look = new MutationObserver(() => {
    if (document.querySelector('.cw-status[data-tone=live]') === null) return;
    seen.live = performance.now();
    look.disconnect();
  });
  look.observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-tone'] });`
const FORGET = 'seen.tasks.length = 0'
const SETTLED = 'new Promise((resolve) => requestIdleCallback(() => requestIdleCallback(resolve)))'
const LIVE = '.cw-status[data-tone=live]'
/** All of the shown incident is there, or it is said that there is none. */
const COMPLETE = '.empty, .detail__content:not([hidden], :has(.section-skeleton))'
const FIRST_PAINT = `performance.getEntriesByName('first-contentful-paint')[0]?.startTime`

interface Load {
  firstPaint: number
  lcp: number
  live: number
  tasks: number[]
}

await using stack = await startBenchStack()
await using owned = new AsyncDisposableStack()
const db = owned.adopt(openPool(stack.db.postgres, 2), (pool) => pool.end())
const dashboard = owned.adopt(
  await startDashboard({ port: 0, supabaseUrl: stack.url, publishableKey: stack.keys.publishableKey }),
  (server) => server.close(),
)
const engine = (await readdir(join(WEB_ROOT, 'dist', 'assets'))).find((name) => /^engine-.*\.js$/.test(name))
if (engine === undefined) throw new Error('the build has no file for the engine')
const preload = `<link rel="modulepreload" crossorigin href="/assets/${engine}">`
const variants = [
  { name: 'as it is', server: owned.use(await servePageVariant(dashboard.url, (html) => html)) },
  {
    name: 'modulepreload',
    server: owned.use(
      await servePageVariant(dashboard.url, (html) => html.replace('</head>', `${preload}</head>`)),
    ),
  },
] as const
const browser = owned.adopt(await launchBrowser(), (launched) => launched.close())

async function signedIn({ email, password }: BenchUser, url: string): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: VIEWPORT })
  await context.addInitScript(WATCH)
  const page = await context.newPage()
  page.setDefaultTimeout(TIMEOUT_MS)
  await page.goto(url)
  await page.getByRole('button', { name: 'Use a password' }).click()
  await page.getByLabel('Password').waitFor()
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('status').filter({ hasText: 'Live' }).waitFor()
  await page.evaluate(SETTLED)
  await page.close()
  return context
}

async function load(context: BrowserContext, url: string, over?: typeof LINE): Promise<Load> {
  const page = await context.newPage()
  page.setDefaultTimeout(TIMEOUT_MS)
  if (over !== undefined) {
    const session = await context.newCDPSession(page)
    await session.send('Network.enable')
    await session.send('Network.emulateNetworkConditions', over)
    // The cache is cleared before the measured load: the benchmark measures a first visit.
    await session.send('Network.clearBrowserCache')
  }
  await page.goto(url)
  await page.locator(LIVE).waitFor()
  await page.locator(COMPLETE).waitFor()
  await page.evaluate(SETTLED)
  const seen: Omit<Load, 'firstPaint'> = await page.evaluate('seen')
  const firstPaint: number = await page.evaluate(FIRST_PAINT)
  await page.close()
  return { ...seen, firstPaint }
}

function summary(what: string, loads: readonly Load[]): Measurement[] {
  const longest = loads.map(({ tasks }) => Math.max(0, ...tasks))
  return [
    latency(
      `${what}: first paint`,
      loads.map(({ firstPaint }) => firstPaint),
    ),
    latency(
      `${what}: LCP`,
      loads.map(({ lcp }) => lcp),
    ),
    latency(
      `${what}: until live`,
      loads.map(({ live }) => live),
    ),
    latency(`${what}: longest task, 0: under 50`, longest),
  ]
}

/** The variants take turns, so that other load on the machine affects both alike. */
async function compare(what: string, user: BenchUser, over?: typeof LINE): Promise<Measurement[]> {
  const sides = []
  for (const { name, server } of variants)
    sides.push({ name, url: server.url, context: await signedIn(user, server.url), loads: [] as Load[] })
  for (let n = -1; n < LOADS; n += 1) {
    for (const { url, context, loads } of sides) {
      const seen = await load(context, url, over)
      // The first fills the cache.
      if (n >= 0) loads.push(seen)
    }
  }
  for (const { context } of sides) await context.close()
  return sides.flatMap(({ name, loads }) => summary(`${what}, ${name}`, loads))
}

/** @returns the long tasks of what was done. */
async function tasksOf(page: Page, work: () => Promise<void>): Promise<number[]> {
  await page.evaluate(FORGET)
  await work()
  await page.evaluate(SETTLED)
  return page.evaluate('seen.tasks.slice()')
}

async function readWholeList(page: Page): Promise<void> {
  const count = page.locator('.sidebar .count')
  await page.locator('.sidebar').hover()
  while ((await count.textContent()) !== String(MANY)) {
    await page.locator('.sidebar').evaluate((sidebar) => {
      sidebar.scrollTop = sidebar.scrollHeight
    })
    await page.evaluate(SETTLED)
  }
}

/** Waits until the card with the connection's details shows the newest `seq`. */
async function untilTold(page: Page, userId: string): Promise<void> {
  const { rows } = await db.query<{ seq: string }>(
    'select max(seq) as seq from public.notifications where user_id = $1',
    [userId],
  )
  await page
    .getByRole('group', { name: 'Connection' })
    .getByText(String(rows[0]?.seq), { exact: true })
    .waitFor()
}

function tasks(what: string, found: readonly number[], times: number): Measurement[] {
  return [
    value(`${what}: longest task, 0: under 50`, 'ms', Math.max(0, ...found)),
    value(`${what}: tasks of 50 ms, of ${times}`, 'messages', found.length),
  ]
}

async function manyIncidents(user: BenchUser, jobs: readonly string[]): Promise<Measurement[]> {
  const url = variants[0].server.url
  const context = await signedIn(user, url)
  const page = await context.newPage()
  page.setDefaultTimeout(TIMEOUT_MS)
  await page.goto(url)
  await page.locator(LIVE).waitFor()
  await page.locator(COMPLETE).waitFor()
  const reading = await tasksOf(page, () => readWholeList(page))
  await page.getByRole('button', { name: 'Connection details' }).click()
  const elsewhere: number[] = []
  for (const job of jobs.slice(0, MESSAGES)) {
    elsewhere.push(
      ...(await tasksOf(page, async () => {
        await db.query(
          `update public.jobs set status = 'failed', error_code = 'internal_error' where id = $1`,
          [job],
        )
        await untilTold(page, user.id)
      })),
    )
  }
  const arrivals: number[] = []
  for (let n = 0; n < 5; n += 1) {
    arrivals.push(
      ...(await tasksOf(page, async () => {
        await addIncidents(db, user.id, 1)
        await page
          .locator('.sidebar .count')
          .filter({ hasText: String(MANY + n + 1) })
          .waitFor()
      })),
    )
  }
  await context.close()
  return [
    ...tasks(`${MANY} incidents: read by scrolling`, reading, MANY / 50),
    ...tasks(`${MANY} in the list: a job fails`, elsewhere, MESSAGES),
    ...tasks(`${MANY} in the list: an incident arrives`, arrivals, 5),
  ]
}

const results: Measurement[] = []
try {
  for (const count of INCIDENTS) {
    const user = await newBenchUser(stack)
    const jobs = await addIncidents(db, user.id, count)
    const what = count === 0 ? 'empty account' : `${count.toLocaleString('en')} incidents`
    results.push(...(await compare(what, user)))
    if (count === 20) results.push(...(await compare(`${what}, first visit`, user, LINE)))
    if (count === MANY) results.push(...(await manyIncidents(user, jobs)))
  }
} finally {
  // Prints the measurements before a failure, too.
  report(results)
}
