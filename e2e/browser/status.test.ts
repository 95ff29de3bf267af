/** The connection indicator, its card, and title and icon of the tab, in Chromium. */

import type { BrowserContextOptions, Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import type { ClientState } from '../../web/src/client/index.ts'
import { accessibilityFindings } from '../support/axe.ts'
import { PHONE } from './open-parts.ts'
import { photos } from './parts-page/samples.ts'
import { partsPagePerTest } from './parts-page-per-test.ts'

let page: Page
const openPage = partsPagePerTest()

async function open(options?: BrowserContextOptions): Promise<void> {
  page = await openPage(options)
}

const become = (state: Partial<ClientState>) =>
  page.evaluate((next) => globalThis.parts.world.become(next), state)
const label = () => page.locator('.cw-status__state')
const card = () => page.getByRole('group', { name: 'Connection' })
const more = () => page.getByRole('button', { name: 'Connection details' })
const retries = () =>
  page.evaluate(() => globalThis.parts.world.requests.filter((each) => each === 'retry').length)

const DOWN: Partial<ClientState> = {
  state: 'offline',
  isConnected: false,
  reason: 'socket',
  reconnectAttempts: 1,
}

describe('the indicator', () => {
  test('has a label and no finding about accessibility in every state', async () => {
    await open()
    const shown: [Partial<ClientState>, string][] = [
      [{ state: 'live', isConnected: true }, '●Live'],
      [{ state: 'error', isConnected: false, reason: 'too_many_connections' }, '⚠Error'],
      [{ state: 'connecting', isConnected: false, reason: null, reconnectAttempts: 0 }, '○Connecting'],
      [{ state: 'catching-up', isConnected: true }, '○Catching up'],
      [{ state: 'stale', isConnected: true, retryAt: Date.now() + 60_000 }, '○Checking'],
      [{ ...DOWN, retryAt: Date.now() + 60_000 }, '○Offline'],
    ]
    await page.mouse.move(640, 600)
    for (const [state, text] of shown) {
      await become(state)
      await expect.poll(() => label().textContent()).toBe(text)
      await more().focus()
      await page.keyboard.press('Shift')
      expect(await accessibilityFindings(page)).toEqual([])
    }
  })

  test('does not show a short drop, and announces a long one once', async () => {
    await open()
    await page.clock.install()
    await page.evaluate(() => {
      const region = document.querySelector('.cw-status [role=status]')
      const heard: string[] = []
      Object.assign(globalThis, { heard })
      if (region === null) return
      new MutationObserver(() => heard.push(region.textContent ?? '')).observe(region, {
        characterData: true,
        childList: true,
        subtree: true,
      })
    })
    const heard = () => page.evaluate(() => Array.from(Reflect.get(globalThis, 'heard')).length)
    await become({ ...DOWN, retryAt: 0 })
    await page.clock.runFor(2_000)
    await become({ state: 'live', isConnected: true })
    await page.clock.runFor(5_000)
    expect(await heard()).toBe(0)

    await page.evaluate((down) => {
      globalThis.parts.world.become({ ...down, retryAt: Date.now() + 12_000 })
    }, DOWN)
    await page.clock.runFor(2_600)
    expect(await label().textContent()).toBe('○Offline')
    expect(await heard()).toBe(1)
    // The countdown is not announced.
    await page.clock.runFor(6_000)
    expect(await page.locator('.cw-status__countdown').textContent()).toBe('retry in 4 s')
    expect(await heard()).toBe(1)
    await page.getByRole('button', { name: 'Retry now' }).first().click()
    expect(await retries()).toBe(1)
  })
})

describe('the details', () => {
  test('open for the pointer, stay while it is on them, and close by Escape', async () => {
    await open()
    await page.locator('.cw-status__pill').hover()
    await card().waitFor()
    expect(await card().getByText('12 ms', { exact: true }).isVisible()).toBe(true)
    expect(
      await card()
        .getByText(/Round trip/)
        .count(),
    ).toBe(1)
    await card().hover()
    await page.evaluate((more) => globalThis.parts.world.deliver(more), photos(1))
    await card().getByText('just now').waitFor()
    await page.keyboard.press('Escape')
    expect(await card().isVisible()).toBe(false)
  })

  test('and the label show the same state at every moment, also during a short drop', async () => {
    await open()
    await page.clock.install()
    const says = async (state: string, nextTry: boolean) => {
      expect(await label().textContent()).toBe(state.replace(' ', ''))
      expect(await card().locator('.cw-status-card__title').textContent()).toBe(state)
      expect(await card().getByText('Next try').count()).toBe(nextTry ? 1 : 0)
      expect(await card().getByRole('button', { name: 'Retry now' }).isVisible()).toBe(nextTry)
    }
    const down = { ...DOWN, retryAt: await page.evaluate(() => Date.now() + 60_000) }
    // The card is opened during the drop, ...
    await become(down)
    await page.clock.runFor(1_000)
    expect(await label().textContent()).toBe('●Live')
    await more().click()
    await says('○ Offline', true)
    await become({ state: 'live', isConnected: true })
    await says('● Live', false)
    // ... or is open when it comes, and lets nothing be seen of it once closed.
    await become(down)
    await says('○ Offline', true)
    await become({ state: 'live', isConnected: true })
    await page.keyboard.press('Escape')
    await become(down)
    expect(await label().textContent()).toBe('●Live')
  })

  test('open for the keyboard, lead on to retrying, and close behind it', async () => {
    await open()
    await page.clock.install()
    await become({ ...DOWN, retryAt: Date.now() + 20_000 })
    await page.clock.runFor(3_000)
    await page.keyboard.press('Tab')
    await card().waitFor()
    expect(
      await card()
        .getByText(/The connection was lost/)
        .isVisible(),
    ).toBe(true)
    expect(await card().getByText('Next try').isVisible()).toBe(true)
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    expect(await retries()).toBe(1)
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Shift+Tab')
    await card().waitFor({ state: 'hidden' })
  })

  test('open by a tap on a phone, within its screen, and close by a tap elsewhere', async () => {
    await open(PHONE)
    await more().tap()
    await card().waitFor()
    const box = await card().boundingBox()
    expect(box?.x).toBeGreaterThanOrEqual(0)
    expect((box?.x ?? 0) + (box?.width ?? 999)).toBeLessThanOrEqual(390)
    await page.touchscreen.tap(200, 700)
    await card().waitFor({ state: 'hidden' })
  })
})

test('title and icon of the tab show unseen notifications and a lost connection', async () => {
  await open()
  await page.clock.install()
  const icon = () => page.locator('link[rel=icon]').getAttribute('href')
  expect([await page.title(), await icon()]).toEqual(['Parts', '/favicon.svg'])
  await page.evaluate((more) => globalThis.parts.world.deliver(more), photos(3))
  expect([await page.title(), await icon()]).toEqual(['(3) Parts', '/unseen.svg'])
  await become(DOWN)
  expect(await page.title()).toBe('(3) Parts')
  await page.clock.runFor(2_600)
  expect([await page.title(), await icon()]).toEqual(['○ (3) Parts', '/offline.svg'])
  await page.evaluate(() => globalThis.parts.world.markElsewhere({ upTo: 3 }, true))
  await become({ state: 'live', isConnected: true })
  expect([await page.title(), await icon()]).toEqual(['Parts', '/favicon.svg'])
})
