/** Browser and page with the parts for a test file. A test fails when its page has logged an error. */

import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { launchBrowser } from '../../scripts/browser.ts'
import { type OpenedParts, openParts } from './open-parts.ts'
import { type PartsPageServer, servePartsPage } from './parts-page/server.ts'

/** Registers the hooks of one file. @returns what opens the page of a test; it is closed, and has to be well, after it. */
export function partsPagePerTest(): (options?: BrowserContextOptions) => Promise<Page> {
  let browser: Browser
  let server: PartsPageServer
  let opened: OpenedParts

  beforeAll(async () => {
    ;[browser, server] = await Promise.all([launchBrowser(), servePartsPage()])
  })
  afterAll(async () => {
    await browser.close()
    await server[Symbol.asyncDispose]()
  })
  afterEach(async () => {
    expect(opened.errors).toEqual([])
    await opened.page.context().close()
  })

  return async (options) => {
    opened = await openParts(browser, server.url, options)
    return opened.page
  }
}
