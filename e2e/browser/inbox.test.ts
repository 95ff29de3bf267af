/** The inbox in Chromium, without a backend: table and messages are in the page, see `parts-page/world.ts`. */

import type { BrowserContextOptions, Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { accessibilityFindings } from '../support/axe.ts'
import { fillDay, PHONE } from './open-parts.ts'
import { id, photos } from './parts-page/samples.ts'
import { partsPagePerTest } from './parts-page-per-test.ts'

/** More lines than are on the screen and near it. */
const MOST_LINES = 40

let page: Page
const openPage = partsPagePerTest()

async function open(options?: BrowserContextOptions): Promise<void> {
  page = await openPage(options)
}

const bell = () => page.getByRole('button', { name: /^Inbox/ })
const panel = () => page.getByRole('dialog', { name: 'Inbox' })
const lines = () => panel().getByRole('listitem')
const titles = () => panel().locator('.cw-inbox__title').allTextContents()
const focused = () => page.evaluate(() => document.activeElement?.textContent ?? '')
const requests = () => page.evaluate(() => globalThis.parts.world.requests)
const marks = async () => (await requests()).filter((each) => each.startsWith('mark'))

describe('by keyboard alone', () => {
  test('opens, walks, marks, follows and closes, and the focus is never lost', async () => {
    await open()
    await fillDay(page)
    await page.keyboard.press('Alt+i')
    await lines().first().waitFor()
    // The first line comes after the panel: j leads to it.
    await page.keyboard.press('j')
    expect(await focused()).toContain('Processing photo')
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    expect(await focused()).toContain('bumper-close-up.jpg')
    await page.keyboard.press('k')
    expect(await focused()).toContain('front-damage.jpg')

    await page.keyboard.press('e')
    await panel().getByRole('button', { name: 'Mark as unread: Photo ready, front-damage.jpg' }).waitFor()
    await page.keyboard.press('e')
    await panel().getByRole('button', { name: 'Mark as read: Photo ready, front-damage.jpg' }).waitFor()
    expect(await focused()).toContain('front-damage.jpg')

    await page.keyboard.press('?')
    await panel().getByText('mark as read or unread').waitFor()

    await page.keyboard.press('Enter')
    await expect.poll(() => page.evaluate(() => location.hash)).toMatch(/^#\/incidents\/.*0900\//)
    expect(await panel().isVisible()).toBe(false)
    expect((await marks()).at(-1)).toBe('mark [8] {"read":true}')
    expect(await bell().evaluate((element) => element === document.activeElement)).toBe(true)

    await page.keyboard.press('Enter')
    await page.keyboard.press('Shift+E')
    await expect.poll(() => page.locator('[data-unread]').count()).toBe(0)
    await page.keyboard.press('Escape')
    expect(await panel().isVisible()).toBe(false)
    expect(await bell().evaluate((element) => element === document.activeElement)).toBe(true)
  })

  test('the Tab key reaches the link and buttons of one line only', async () => {
    await open()
    await fillDay(page)
    await bell().click()
    await lines().first().waitFor()
    const stops = await panel().evaluate((element) =>
      [...element.querySelectorAll<HTMLElement>('a, button, select')]
        .filter((each) => each.tabIndex === 0 && each.checkVisibility())
        .map((each) => each.ariaLabel ?? each.textContent?.slice(0, 16)),
    )
    expect(stops).toEqual([
      'What reaches you',
      'Close the inbox',
      'All',
      'Unread',
      'Done',
      'Kind',
      'Mark all as read',
      'Processing photo',
      'Done: Processing photo, intersection-from-above.jpg, Crossing of 5th and Main',
      'Mark as read: Processing photo, intersection-from-above.jpg, Crossing of 5th and Main',
      'Keyboard shortcu',
    ])
  })
})

test('the bell counts new notifications until the list was on the screen, and marks them as seen for all devices', async () => {
  await open()
  await fillDay(page)
  await expect.poll(() => bell().getAttribute('aria-label')).toBe('Inbox, 5 new updates')
  await page.evaluate((more) => globalThis.parts.world.deliver(more), photos(120))
  await bell().getByText('99+').waitFor()
  await bell().click()
  await expect.poll(() => bell().getAttribute('aria-label')).toBe('Inbox')
  expect(await marks()).toEqual(['mark {"upTo":129} {"seen":true}'])
  // Notifications that were seen stay unread.
  expect(await lines().count()).toBeGreaterThan(0)
  expect(await page.locator('.cw-inbox__item:not([data-unread])').count()).toBe(0)
})

test('a mark of another device shows at once; a mark that the server does not accept is taken back, and a line says so', async () => {
  await open()
  await fillDay(page)
  await bell().click()
  await lines().first().waitFor()
  expect(await page.locator('[data-unread]').count()).toBe(5)
  await page.evaluate(() => globalThis.parts.world.markElsewhere([9, 8], true))
  await expect.poll(() => page.locator('[data-unread]').count()).toBe(3)

  await page.evaluate(() => {
    globalThis.parts.world.mode = 'fails'
  })
  await panel()
    .getByRole('button', { name: /^Mark as read: Report ready/ })
    .click()
  await panel().getByText('That could not be saved.').waitFor()
  expect(await page.locator('[data-unread]').count()).toBe(3)
  expect(await accessibilityFindings(page)).toEqual([])
})

test('filters by kind and by unread, and keeps a line that was just marked as read', async () => {
  await open()
  await fillDay(page)
  await bell().click()
  await lines().first().waitFor()
  await panel().getByRole('combobox', { name: 'Kind' }).selectOption('Voice notes')
  await expect.poll(titles).toEqual(['Voice note transcribed', 'Voice note failed'])
  await panel().getByRole('button', { name: 'Unread', exact: true }).click()
  await expect.poll(titles).toEqual(['Voice note transcribed'])
  await panel().getByRole('button', { name: 'Mark these as read' }).click()
  await panel().getByText('All read').waitFor()

  await panel().getByRole('combobox', { name: 'Kind' }).selectOption('Every kind')
  await expect.poll(titles).toContain('Report ready')
  await panel()
    .getByRole('button', { name: /^Mark as read: Report ready/ })
    .click()
  await panel()
    .getByRole('button', { name: /^Mark as unread: Report ready/ })
    .waitFor()
  expect(await requests()).toContain('page before null unread transcription')
})

test('scrolling reads older pages, and only the lines on the screen and near it are drawn', async () => {
  await open()
  await page.evaluate((many) => globalThis.parts.world.fill(many, { read: true }), photos(230))
  await bell().click()
  await lines().first().waitFor()
  const scroller = panel().locator('.cw-inbox__scroller')
  const pages = async () => (await requests()).filter((each) => each.startsWith('page')).length
  expect(await pages()).toBe(1)
  const bottom = () => scroller.evaluate((element) => element.scrollTo(0, element.scrollHeight))
  await expect
    .poll(
      async () => {
        await bottom()
        return lines().last().getAttribute('aria-posinset')
      },
      { timeout: 10_000 },
    )
    .toBe('230')
  expect(await lines().last().getAttribute('aria-setsize')).toBe('230')
  expect(await lines().count()).toBeLessThan(MOST_LINES)
  expect(await pages()).toBe(5)
  expect(await panel().getByRole('button', { name: 'Show older' }).isVisible()).toBe(false)
})

test('a thousand new notifications are drawn together, and only the lines on the screen and near it', async () => {
  await open()
  await fillDay(page)
  await bell().click()
  await lines().first().waitFor()
  await page.evaluate((many) => {
    const list = document.querySelector('.cw-inbox__list')
    const observer = new MutationObserver((records) => {
      const added = records.flatMap(({ addedNodes }) => [...addedNodes]).length
      document.body.dataset.added = String(Number(document.body.dataset.added ?? 0) + added)
    })
    if (list !== null) observer.observe(list, { childList: true })
    // As the client hands them over: some at a time.
    for (let n = 0; n < many.length; n += 100) globalThis.parts.world.deliver(many.slice(n, n + 100))
  }, photos(1_000))
  await expect.poll(() => lines().first().getAttribute('data-thread')).toBe(id(10_999))
  expect(await lines().count()).toBeLessThan(MOST_LINES)
  // With one drawing for each message, a thousand lines would have been added.
  expect(await page.evaluate(() => Number(document.body.dataset.added))).toBeLessThan(MOST_LINES)
})

test('a line that moves up keeps the focus', async () => {
  await open()
  await fillDay(page)
  await bell().click()
  await lines().first().waitFor()
  await page.keyboard.press('j')
  expect(await focused()).toContain('Processing photo')
  await page.evaluate((more) => globalThis.parts.world.deliver(more), photos(2))
  await expect.poll(titles).toHaveLength(11)
  expect(await focused()).toContain('Processing photo')
})

const STATES: Record<string, { prepare: () => void; text: string }> = {
  loading: {
    prepare: () => {
      globalThis.parts.world.mode = 'hangs'
    },
    text: 'Loading',
  },
  empty: { prepare: () => undefined, text: 'Nothing here yet' },
  failed: {
    prepare: () => {
      globalThis.parts.world.mode = 'fails'
    },
    text: 'The inbox could not be read',
  },
  offline: {
    prepare: () => {
      globalThis.parts.world.mode = 'fails'
      globalThis.parts.world.become({ state: 'offline', isConnected: false })
    },
    text: 'You are offline',
  },
}

test.each(Object.entries(STATES))(
  'an empty list says why it is empty: %s',
  async (_name, { prepare, text }) => {
    await open()
    await page.evaluate(prepare)
    await bell().click()
    await panel().getByText(text).waitFor({ state: 'attached' })
    expect(await accessibilityFindings(page)).toEqual([])
  },
)

test('is read by itself when the connection is back', async () => {
  await open()
  await fillDay(page)
  await page.evaluate(() => {
    globalThis.parts.world.mode = 'fails'
    globalThis.parts.world.become({ state: 'offline', isConnected: false })
  })
  await bell().click()
  await panel().getByText('You are offline').waitFor()
  await page.evaluate(() => {
    globalThis.parts.world.mode = 'answers'
    globalThis.parts.world.become({ state: 'live', isConnected: true })
  })
  await panel().getByText('Report ready').waitFor()
})

test('fills the screen of a phone, light and dark, without a finding about accessibility', async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    if (colorScheme === 'dark') await page.context().close()
    await open({ ...PHONE, colorScheme })
    await fillDay(page)
    await bell().tap()
    await lines().first().waitFor()
    expect(await accessibilityFindings(page)).toEqual([])
    expect(await panel().boundingBox()).toEqual({ x: 0, y: 0, width: 390, height: 844 })
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
    const places = await lines().evaluateAll((items) =>
      items.map((item) => {
        const [link, mark] = ['link', 'mark'].map((name) =>
          item.querySelector(`.cw-inbox__${name}`)?.getBoundingClientRect(),
        )
        if (link === undefined || mark === undefined) return 'missing'
        return `${Math.round(mark.top - link.top)} px below the top, ${mark.width} x ${mark.height}`
      }),
    )
    expect(places.length).toBeGreaterThan(5)
    expect(new Set(places)).toEqual(new Set(['6 px below the top, 36 x 36']))
    await panel().getByRole('button', { name: 'Close the inbox' }).tap()
    expect(await panel().isVisible()).toBe(false)
  }
})

test('shows markup as text', async () => {
  await open()
  const payload = '<img src=x onerror="globalThis.hacked=1">'
  await page.evaluate((text) => {
    const { world } = globalThis.parts
    const [id, incidentId] = ['d', text]
    world.documents.set(id, text)
    world.incidents.set(incidentId, text)
    world.fill([
      {
        jobId: 'j',
        incidentId,
        timestamp: new Date().toISOString(),
        type: 'image_processing_failed',
        documentId: id,
        documentType: text,
        status: 'failed',
        error: text,
      },
    ])
  }, payload)
  await bell().click()
  await lines().first().waitFor()
  await expect.poll(() => panel().locator('.cw-inbox__about').textContent()).toBe(`${payload} · ${payload}`)
  expect(await panel().locator('.cw-inbox__detail').textContent()).toBe(payload)
  expect(await panel().locator('img').count()).toBe(0)
  expect(await page.evaluate(() => 'hacked' in globalThis)).toBe(false)
})
