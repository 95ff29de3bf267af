/** The incident page in a browser of the file's own: opened as its users, closed after each test. */

import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, inject } from 'vitest'
import { launchBrowser } from '../../scripts/browser.ts'
import type { TestUser } from '../support/claims.ts'
import { DESKTOP, type OpenDashboard, openDashboard } from '../support/dashboard.ts'

export type OpenIncident = (
  user: TestUser,
  incidentId: string,
  options?: typeof DESKTOP,
) => Promise<OpenDashboard>

/** To be called once in a test file. */
export function incidentPages(): OpenIncident {
  const opened: OpenDashboard[] = []
  let browser: Browser
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser.close())
  afterEach(async () => {
    await Promise.all(opened.splice(0).map(({ context }) => context.close()))
  })
  return async (user, incidentId, options = DESKTOP) => {
    const dashboard = await openDashboard(browser, user, `incidents/${incidentId}`, options)
    opened.push(dashboard)
    return dashboard
  }
}

export const card = (page: Page, name: string): Locator => page.locator('.card').filter({ hasText: name })

/** The address of a photo for a claim. */
export const photo = (name: string): string => `${inject('fileOrigin')}/${name}`
