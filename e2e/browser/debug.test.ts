/** The debug panel in Chromium. */

import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { launchBrowser } from '../../scripts/browser.ts'
import { accessibilityFindings } from '../support/axe.ts'
import { openParts, PHONE } from './open-parts.ts'
import { type PartsPageServer, servePartsPage } from './parts-page/server.ts'

let browser: Browser
let server: PartsPageServer
let page: Page
let errors: string[]

beforeAll(async () => {
  ;[browser, server] = await Promise.all([launchBrowser(), servePartsPage()])
})
afterAll(async () => {
  await browser.close()
  await server[Symbol.asyncDispose]()
})
afterEach(async () => {
  expect(errors).toEqual([])
  await page.context().close()
})

async function open(options?: BrowserContextOptions, query = ''): Promise<void> {
  ;({ page, errors } = await openParts(browser, `${server.url}/${query}`, options))
}

const panel = () => page.getByRole('region', { name: 'Debug panel' })
const frames = () => panel().locator('.cw-debug__frames > li')
const JWT = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl'

const frame = (kind: string, text: string, data: unknown) =>
  page.evaluate((args) => globalThis.parts.world.frame(...args), [kind, text, data] as const)

test('shows states, frames and their payloads, and copies all without tokens', async () => {
  await open({ permissions: ['clipboard-read', 'clipboard-write'] })
  await page.keyboard.press('Alt+Shift+D')
  await panel().waitFor()
  await frame('push', 'realtime:user:1 phx_join (2, 2)', { access_token: JWT, config: { private: true } })
  await frame('receive', 'realtime:user:1 broadcast', {
    event: 'image_processed',
    payload: { signedUrl: `https://a.example/x?token=${JWT}`, note: '<b>bold</b>' },
  })
  await page.evaluate(() =>
    globalThis.parts.world.become({ state: 'offline', reason: 'socket', retryAt: null }),
  )
  await panel().getByRole('img', { name: 'Connection state: offline' }).waitFor()
  await expect.poll(() => frames().count()).toBe(2)
  expect(await frames().first().textContent()).toContain('user:1broadcast image_processed')
  await frames().first().locator('summary').click()
  await panel().getByText('<b>bold</b>').waitFor()
  expect(await panel().locator('pre b').count()).toBe(0)
  expect(await accessibilityFindings(page)).toEqual([])

  await panel().getByRole('button', { name: 'Copy as JSON' }).click()
  await panel().getByText('Copied.').waitFor()
  const copied = await page.evaluate(() => navigator.clipboard.readText())
  expect(JSON.parse(copied)).toMatchObject({ state: { state: 'offline' }, changes: [{ new: 'offline' }] })
  expect(copied).toContain('phx_join')
  expect(copied).not.toContain('eyJ')

  await page.keyboard.press('Escape')
  expect(await panel().isVisible()).toBe(false)
})

test('keeps a hundred frames, and opens by the address, on a phone too', async () => {
  await open(PHONE, '?debug')
  await panel().waitFor()
  for (let n = 0; n < 3; n += 1) {
    await page.evaluate((from) => {
      for (let each = 0; each < 50; each += 1)
        globalThis.parts.world.frame('push', `phoenix heartbeat (undefined, ${from + each})`, {})
    }, n * 50)
  }
  await expect.poll(() => frames().count()).toBe(100)
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
  expect(await accessibilityFindings(page)).toEqual([])
})
