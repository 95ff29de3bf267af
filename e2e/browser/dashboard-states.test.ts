/** The dashboard against a whole stack: nothing to find in any of its states, and one inbox on all devices. */

import type pg from 'pg'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { launchBrowser } from '../../scripts/browser.ts'
import { accessibilityFindings } from '../support/axe.ts'
import { newUser, PASSWORD, postClaim, type TestUser } from '../support/claims.ts'
import { LOOKS, lookAt } from '../support/dashboard.ts'
import { addIdleJobs, openPool } from '../support/fault-load.ts'
import { PHONE } from './open-parts.ts'

const PATIENCE_MS = 30_000
const { db: urls } = inject('stack')

let browser: Browser
let db: pg.Pool

beforeAll(async () => {
  browser = await launchBrowser()
  db = openPool(urls.postgres, 2)
})
afterAll(async () => {
  await browser.close()
  await db.end()
})
afterEach(() => Promise.all(browser.contexts().map((context) => context.close())))

async function newPage(options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  return page
}

async function enter(page: Page, user: TestUser): Promise<void> {
  await page.goto(inject('dashboardUrl'))
  await page.getByRole('button', { name: 'Use a password' }).click()
  await page.getByLabel('Password').waitFor()
  await page.getByLabel('Email').fill(user.email)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

const says = (page: Page, state: string) =>
  page.getByRole('status').filter({ hasText: state }).first().waitFor()
const bell = (page: Page) => page.getByRole('button', { name: /^Inbox/ })
const panel = (page: Page) => page.getByRole('dialog', { name: 'Inbox' })

async function expectNoFindings(page: Page, state: string): Promise<void> {
  // The narrow viewport first, because the next steps need the wide one.
  for (const look of LOOKS.toReversed()) {
    await lookAt(page, look)
    expect(await accessibilityFindings(page), `${state}, ${look.name}`).toEqual([])
  }
}

test('axe finds nothing in any state', async () => {
  const user = await newUser()
  const page = await newPage()
  await page.goto(inject('dashboardUrl'))
  await page.getByLabel('Email').waitFor()
  await expectNoFindings(page, 'signing in')

  const { promise: answered, resolve: answer } = Promise.withResolvers<void>()
  await page.route('**/rest/v1/incidents?*', async (route) => {
    await answered
    await route.continue()
  })
  await enter(page, user)
  await page.locator('.skeleton').first().waitFor()
  await expectNoFindings(page, 'loading')
  answer()
  await page.getByText('No incidents yet').waitFor()
  await says(page, 'Live')
  await expectNoFindings(page, 'empty')

  const incidentId = await postClaim(user, [
    `${inject('fileOrigin')}/good.jpg`,
    `${inject('fileOrigin')}/truncated.jpg`,
  ])
  await page.locator('[data-toast]').filter({ hasText: 'Photo failed' }).waitFor()
  await expectNoFindings(page, 'toasts')
  await bell(page).click()
  await panel(page).getByText('Photo failed').waitFor()
  await panel(page).getByText('truncated.jpg').first().waitFor()
  await expectNoFindings(page, 'inbox open')
  await page.keyboard.press('Escape')

  await page.goto(`${inject('dashboardUrl')}/#/incidents/${incidentId}`)
  await page.getByText('The image file is incomplete.').first().waitFor()
  await expectNoFindings(page, 'live')

  await page.context().setOffline(true)
  await says(page, 'Offline')
  await expectNoFindings(page, 'offline')
  await page.context().setOffline(false)
  await says(page, 'Live')

  await page.unroute('**/rest/v1/incidents?*')
  await page.route('**/rest/v1/**', (route) => route.fulfill({ status: 503, json: { message: 'away' } }))
  await page.evaluate(
    'for (const key of Object.keys(localStorage)) if (key.startsWith("claimwire:kept")) localStorage.removeItem(key); location.reload()',
  )
  await page.getByRole('heading', { name: 'The incidents could not be loaded' }).waitFor()
  await expectNoFindings(page, 'error')
})

async function readyPhoto(user: TestUser): Promise<string> {
  return vi.waitFor(
    async () => {
      const { data } = await user.client
        .from('jobs')
        .select('subject_id')
        .match({ kind: 'image', status: 'completed' })
      const [job] = data ?? []
      if (job === undefined) throw new Error('no photo is ready')
      return job.subject_id
    },
    { timeout: PATIENCE_MS, interval: 100 },
  )
}

describe('the inbox on two devices', () => {
  test('counts, marks, and opens the document of a notification', async () => {
    const user = await newUser()
    const [one, other] = [await newPage(), await newPage(PHONE)]
    await enter(one, user)
    await enter(other, user)
    await Promise.all([says(one, 'Live'), says(other, 'Live')])
    const incidentId = await postClaim(user, [`${inject('fileOrigin')}/good.jpg`])
    const photoId = await readyPhoto(user)
    // Its number grows while the report is made, which follows by itself.
    for (const page of [one, other])
      await expect.poll(() => bell(page).getAttribute('aria-label')).toMatch(/^Inbox, \d+ new updates$/)
    expect(await one.title()).toMatch(/^\(\d+\) /)

    const lineOf = (page: Page) => panel(page).getByRole('listitem').filter({ hasText: 'good.jpg' })
    await bell(one).click()
    await lineOf(one).waitFor()
    expect(await lineOf(one).textContent()).toContain('Photo ready')
    // Notifications that one device has seen are seen on the other.
    await expect.poll(() => bell(other).getAttribute('aria-label')).toBe('Inbox')
    await bell(other).tap()
    await lineOf(other).getByText('Unread').waitFor({ state: 'attached' })

    await lineOf(one).getByRole('link').focus()
    await one.keyboard.press('Enter')
    await expect.poll(() => new URL(one.url()).hash).toBe(`#/incidents/${incidentId}/documents/${photoId}`)
    expect(await panel(one).isVisible()).toBe(false)
    // Notifications that are read on one device are read on the other.
    await lineOf(other).getByText('Unread').waitFor({ state: 'detached' })
    await one.goto(inject('dashboardUrl'))
    await bell(one).click()
    await lineOf(one)
      .getByRole('button', { name: /^Mark as unread/ })
      .waitFor()
  })
})

test('a thousand notifications at once become a few toasts, twenty lines and one number', async () => {
  const user = await newUser()
  const page = await newPage()
  await enter(page, user)
  await says(page, 'Live')
  await bell(page).click()
  await panel(page).getByText('Nothing here yet').waitFor()
  const jobs = await addIdleJobs(db, user.id, 1_000)
  // A toast goes by itself: the wait begins before the flood.
  const summary = page.locator('[data-toast]').filter({ hasText: 'Many updates at once' }).waitFor()
  await db.query(
    `update public.jobs set status = 'failed', error_code = 'internal_error' where id = any ($1)`,
    [jobs],
  )
  await summary
  await expect
    .poll(
      async () => {
        const { data } = await user.client.rpc('notification_counts').single()
        return data?.unseen_count
      },
      { timeout: PATIENCE_MS },
    )
    .toBe(0)
  expect(await page.locator('[data-toast]').count()).toBeLessThanOrEqual(3)
  // Of the lines, those on the screen and near it are drawn.
  const drawn = await panel(page).getByRole('listitem').count()
  expect(drawn).toBeGreaterThan(0)
  expect(drawn).toBeLessThanOrEqual(20)
  await page.keyboard.press('Shift+E')
  await expect.poll(() => panel(page).locator('[data-unread]').count()).toBe(0)
  await expect
    .poll(async () => (await user.client.rpc('notification_counts').single()).data)
    .toMatchObject({ unread_count: 0, seq: 1_000 })
})
