/** Opens the page with the parts, and remembers what went wrong on it. */

import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { watchForErrors } from '../../scripts/browser.ts'
import type { Parts } from './parts-page/entry.ts'
import { aDay, DOCUMENT_NAMES, INCIDENT_TITLES } from './parts-page/samples.ts'

declare global {
  var parts: Parts
}

export interface OpenedParts {
  page: Page
  errors: string[]
}

export const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  hasTouch: true,
  isMobile: true,
}

export async function openParts(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<OpenedParts> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    locale: 'en-GB',
    ...options,
  })
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  const errors = watchForErrors(page)
  await page.goto(url)
  await page.waitForFunction(() => 'parts' in globalThis)
  return { page, errors }
}

/** A day's notifications, the older ones read. */
export async function fillDay(page: Page, at = new Date().toISOString()): Promise<void> {
  await page.evaluate(
    ({ day, documents, incidents }) => {
      const { world } = globalThis.parts
      for (const [id, name] of documents) world.documents.set(id, name)
      for (const [id, title] of incidents) world.incidents.set(id, title)
      world.fill(day.slice(0, 4), { read: true })
      world.fill(day.slice(4))
      world.become({})
    },
    { day: aDay(at), documents: DOCUMENT_NAMES, incidents: INCIDENT_TITLES },
  )
}
