/**
 * The parts' main states as pictures, beside this file. Where a change is meant: `npm run snapshots`, then look at what
 * `git diff` shows.
 */

import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser } from '../../scripts/browser.ts'
import { compareWithKept } from '../support/snapshot.ts'
import { fillDay, openParts, PHONE } from './open-parts.ts'
import { type PartsPageServer, servePartsPage } from './parts-page/server.ts'

const KEEP = process.env.CLAIMWIRE_KEEP_SNAPSHOTS === '1'

/** Part of the cells that may be off: other fonts than those of the kept pictures. */
const MOST_OFF = 0.03

let browser: Browser
let server: PartsPageServer

beforeAll(async () => {
  ;[browser, server] = await Promise.all([launchBrowser(), servePartsPage()])
})
afterAll(async () => {
  await browser.close()
  await server[Symbol.asyncDispose]()
})

const STATES: Record<string, { query?: string; prepare(page: Page): Promise<unknown> }> = {
  'toasts-collapsed': { prepare: showToasts },
  'toasts-expanded': {
    async prepare(page) {
      await showToasts(page)
      await page.keyboard.press('Alt+t')
    },
  },
  'inbox-full': {
    async prepare(page) {
      await fillDay(page)
      await page.keyboard.press('Alt+i')
      await page.getByText('Report ready').waitFor()
      await page.getByText('front-damage.jpg').waitFor()
    },
  },
  'inbox-empty': {
    async prepare(page) {
      await page.keyboard.press('Alt+i')
      await page.getByText('Nothing here yet').waitFor()
    },
  },
  'status-error': {
    async prepare(page) {
      await page.evaluate(() =>
        globalThis.parts.world.become({ state: 'error', isConnected: false, reason: 'too_many_connections' }),
      )
      await page.getByRole('button', { name: 'Connection details' }).click()
    },
  },
  debug: {
    query: '?debug',
    prepare: (page) => page.getByRole('region', { name: 'Debug panel' }).waitFor(),
  },
}

const LOOKS: Record<string, BrowserContextOptions> = {
  'wide-light': { colorScheme: 'light' },
  'phone-dark': { ...PHONE, colorScheme: 'dark' },
}

const cases = Object.keys(STATES).flatMap((state) => Object.keys(LOOKS).map((look) => [state, look] as const))

test.each(cases)('%s, %s', async (state, look) => {
  const { query = '', prepare } = STATES[state] ?? { prepare: async () => undefined }
  const { page, errors } = await openParts(browser, `${server.url}/${query}`, {
    ...LOOKS[look],
    reducedMotion: 'reduce',
  })
  await prepare(page)
  // Fonts and what is drawn in the next frame.
  await page.evaluate(() => document.fonts.ready.then(() => new Promise(requestAnimationFrame)))
  const path = fileURLToPath(new URL(`snapshots/${state}-${look}.png`, import.meta.url))
  const { off } = await compareWithKept(await page.screenshot(), path, KEEP)
  expect(off).toBeLessThanOrEqual(MOST_OFF)
  expect(errors).toEqual([])
  await page.context().close()
})

async function showToasts(page: Page): Promise<void> {
  await page.evaluate(() => {
    const { toaster } = globalThis.parts
    const stays = { durationMs: null }
    toaster.show({ title: 'Vehicle lookup XK-218-D', message: 'Completed', type: 'success', ...stays })
    toaster.show({
      title: 'Photo failed: bumper.jpg',
      message: 'The image file is incomplete.',
      type: 'error',
    })
    toaster.show({ title: 'Processing photo', message: 'front-damage.jpg', progress: 42, ...stays })
    toaster.show({
      title: 'Report ready',
      message: 'Rear-end collision on Elm Street · 2.3 MB',
      type: 'success',
      actions: [
        { label: 'Download', href: 'https://a.example/x' },
        { label: 'View', href: '#/x' },
      ],
      ...stays,
    })
  })
  await page.locator('[data-toast]').first().waitFor()
}
