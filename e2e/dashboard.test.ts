import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest'
import { launchBrowser, watchForErrors } from '../scripts/browser.ts'
import { endedReport, newUser, PASSWORD, postClaim, type TestUser } from './support/claims.ts'

const VIEWPORTS = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } } as const
const PATIENCE_MS = 30_000

let browser: Browser
let page: Page
let errors: string[]

beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())
afterEach(() => page.context().close())

async function openDashboard(viewport: { width: number; height: number }): Promise<void> {
  const context = await browser.newContext({ viewport })
  page = await context.newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  errors = watchForErrors(page)
  await page.goto(inject('dashboardUrl'))
}

async function signIn(user: TestUser): Promise<void> {
  await page.getByRole('button', { name: 'Use a password' }).click()
  await page.getByLabel('Password').waitFor()
  await page.getByLabel('Email').fill(user.email)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('status').filter({ hasText: 'Live' }).waitFor()
}

const toast = (title: string) => page.locator('[data-toast]').filter({ hasText: title })
const card = (name: string) => page.locator('[data-document-id]').filter({ hasText: name })

test.each(Object.entries(VIEWPORTS))(
  'a signed webhook with real photos appears live (%s)',
  async (_name, viewport) => {
    const user = await newUser()
    await openDashboard(viewport)
    await signIn(user)

    const incidentId = await postClaim(user, [
      `${inject('fileOrigin')}/good.jpg`,
      `${inject('fileOrigin')}/truncated.jpg`,
    ])
    // Nothing was reloaded: the incident, its toasts and its thumbnail come over the socket.
    const link = page.locator(`a[href$="#/incidents/${incidentId}"]`).first()
    await link.waitFor()
    // Toasts of success may be stacked or gone. The toast of the failure stays.
    await toast('Photo failed').waitFor()
    await link.click()

    const good = card('good.jpg')
    await good.getByText('Ready').waitFor()
    const image = good.getByRole('img')
    await image.waitFor()
    await expect
      .poll(() => image.evaluate((element) => Number(Reflect.get(element, 'naturalWidth'))))
      .toBeGreaterThan(100)

    const broken = card('truncated.jpg')
    await broken.getByText('The image file is incomplete.').waitFor()
    await broken.getByTitle('image_truncated').waitFor()
    expect(errors).toEqual([])
  },
)

test('a failed photo can be retried, and fails again with its reason', async () => {
  const user = await newUser()
  const incidentId = await postClaim(user, [`${inject('fileOrigin')}/truncated.jpg`])
  await openDashboard(VIEWPORTS.desktop)
  await signIn(user)
  await page.goto(`${inject('dashboardUrl')}/#/incidents/${incidentId}`)
  const broken = card('truncated.jpg')
  await broken.getByRole('button', { name: /retry/i }).click()
  await expect
    .poll(
      async () => {
        const { data } = await user.client
          .from('notifications')
          .select('type')
          .eq('type', 'image_processing_failed')
        return data?.length
      },
      { timeout: 30_000 },
    )
    .toBe(2)
  await broken.getByText('The image file is incomplete.').waitFor()
  expect(errors).toEqual([])
})

test('a wrong password is told apart from success, and nothing is shown', async () => {
  const user = await newUser()
  await openDashboard(VIEWPORTS.desktop)
  await page.getByRole('button', { name: 'Use a password' }).click()
  await page.getByLabel('Password').waitFor()
  await page.getByLabel('Email').fill(user.email)
  await page.getByLabel('Password').fill('wrong')
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('alert').filter({ hasText: /\S/ }).waitFor()
  expect(await page.locator('[data-document-id]').count()).toBe(0)
  // The browser itself reports the refused request; nothing else may go wrong.
  expect(errors.filter((text) => !text.includes('400'))).toEqual([])
})

test('after a reload the list is there, the indicator is live and no message is shown twice', async () => {
  const user = await newUser()
  const incidentId = await postClaim(user, [`${inject('fileOrigin')}/good.jpg`])
  await openDashboard(VIEWPORTS.desktop)
  await signIn(user)
  await page.goto(`${inject('dashboardUrl')}/#/incidents/${incidentId}`)
  await card('good.jpg').getByText('Ready').waitFor()
  // Its messages are not of before the reload else.
  await endedReport(user, incidentId)
  await page.reload()
  await page.getByRole('status').filter({ hasText: 'Live' }).waitFor()
  await card('good.jpg').getByText('Ready').waitFor()
  expect(await page.locator('[data-toast]').count()).toBe(0)
  expect(errors).toEqual([])
})

test('after signing out, another user sees nothing of the first one', async () => {
  const [first, second] = [await newUser(), await newUser()]
  const incidentId = await postClaim(first, [`${inject('fileOrigin')}/good.jpg`])
  await openDashboard(VIEWPORTS.desktop)
  await signIn(first)
  await page.locator(`a[href$="#/incidents/${incidentId}"]`).first().waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByLabel('Email').waitFor()
  await signIn(second)
  await page.getByText('No incidents yet').waitFor()
  expect(await page.locator(`a[href$="#/incidents/${incidentId}"]`).count()).toBe(0)
  expect(errors).toEqual([])
})
