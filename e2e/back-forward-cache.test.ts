/**
 * The browser's real back/forward cache. The headless Chromium from npm has none: this runs where `CHROMIUM_PATH` names
 * one that has. What pages are told there is in `tabs.test.ts`.
 */

import { randomUUID } from 'node:crypto'
import { expect, inject, test, vi } from 'vitest'
import { launchWholeBrowser } from '../scripts/browser.ts'
import { newUser, PASSWORD } from './support/claims.ts'
import { serveClientPage } from './support/client-page/server.ts'
import { openTab, seqsOf, stateOf } from './support/client-page/tab.ts'
import { notifyOnce, openPool } from './support/fault-load.ts'

const PATIENCE = { timeout: 20_000, interval: 20 }
const { CHROMIUM_PATH = '' } = process.env

test.skipIf(CHROMIUM_PATH === '')(
  'a page that was left and comes back from the cache has missed nothing, and hears it once',
  async () => {
    const { url, db: urls, keys } = inject('stack')
    await using owned = new AsyncDisposableStack()
    const browser = owned.adopt(await launchWholeBrowser(CHROMIUM_PATH), (each) => each.close())
    const server = owned.use(await serveClientPage())
    const db = owned.adopt(openPool(urls.postgres, 1), (pool) => pool.end())
    const user = await newUser()
    const tab = await openTab(await browser.newContext(), server.url, {
      url,
      publishableKey: keys.publishableKey,
      userId: user.id,
      credentials: { email: user.email, password: PASSWORD },
    })
    const { page } = tab
    await page.evaluate((ids) => globalThis.testPage.follow(ids), {
      incidentId: randomUUID(),
      queueId: randomUUID(),
    })
    await page.evaluate(`
      globalThis.persisted = []
      for (const name of ['pagehide', 'pageshow'])
        addEventListener(name, (event) => persisted.push(event.persisted))
    `)
    await notifyOnce(db, user.id)
    await vi.waitFor(async () => expect(await seqsOf(tab)).toEqual([1]), PATIENCE)

    await page.goto('data:text/html,elsewhere')
    for (let n = 0; n < 5; n += 1) await notifyOnce(db, user.id)
    // A page from the cache does not load.
    await page.goBack({ waitUntil: 'commit' })
    expect(await page.evaluate('persisted')).toEqual([true, true])
    await vi.waitFor(async () => expect(await seqsOf(tab)).toEqual([1, 2, 3, 4, 5, 6]), PATIENCE)
    await vi.waitFor(async () => expect(await stateOf(tab)).toBe('live'), PATIENCE)
    await notifyOnce(db, user.id)
    await vi.waitFor(async () => expect(await seqsOf(tab)).toEqual([1, 2, 3, 4, 5, 6, 7]), PATIENCE)
    expect(await page.evaluate(() => globalThis.testPage.openSockets)).toBe(1)
  },
)
