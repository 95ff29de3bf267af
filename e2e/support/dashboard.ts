/** Opens the dashboard in a browser of a test's own, signed in and at an incident. */

import type { Browser, BrowserContext, BrowserContextOptions, Page, ViewportSize } from 'playwright-core'
import { inject } from 'vitest'
import { watchForErrors } from '../../scripts/browser.ts'
import { newClient, PASSWORD, type TestUser } from './claims.ts'
import './provided-context.ts'

export const DESKTOP: BrowserContextOptions = { viewport: { width: 1280, height: 800 } }
export const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  hasTouch: true,
  isMobile: true,
}

/** Viewports in which a test looks at a page, without loading the page again. */
export const LOOKS = [
  { name: 'wide and light', colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  { name: 'narrow and dark', colorScheme: 'dark', viewport: { width: 390, height: 844 } },
] as const

export async function lookAt(
  page: Page,
  { colorScheme, viewport }: Pick<(typeof LOOKS)[number], 'colorScheme'> & { viewport: ViewportSize },
): Promise<void> {
  // What moves has its colours only when it has come to rest, and what becomes visible begins to move.
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
  await page.setViewportSize(viewport)
  // The page hears of its new size with the next frame.
  await page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))')
}

const PATIENCE_MS = 30_000

export interface OpenDashboard {
  context: BrowserContext
  page: Page
  /** Errors of the page. */
  errors: string[]
}

/** @param address what follows `#/`. */
export async function openDashboard(
  browser: Browser,
  user: TestUser,
  address: string,
  options: BrowserContextOptions = DESKTOP,
): Promise<OpenDashboard> {
  const context = await browser.newContext({ acceptDownloads: true, ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  const errors = watchForErrors(page)
  await page.goto(`${inject('dashboardUrl')}/#/${address}`)
  await page.getByRole('button', { name: 'Use a password' }).click()
  await page.getByLabel('Password').waitFor()
  await page.getByLabel('Email').fill(user.email)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('status').filter({ hasText: 'Live' }).waitFor()
  return { context, page, errors }
}

/** Makes the user a handler of the incident. */
export async function addMember(incidentId: string, user: TestUser): Promise<void> {
  const { error } = await newClient('secretKey')
    .from('incident_members')
    .insert({ incident_id: incidentId, user_id: user.id, role: 'handler' })
  if (error !== null) throw error
}
