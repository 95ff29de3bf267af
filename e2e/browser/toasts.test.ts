/** Toasts in a real Chromium, without a backend: the page that holds them has the dashboard's policy. */

import type { BrowserContextOptions, Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { accessibilityFindings } from '../support/axe.ts'
import { swipe } from '../support/touch.ts'
import type { Parts } from './parts-page/entry.ts'
import { partsPagePerTest } from './parts-page-per-test.ts'

let page: Page
const openPage = partsPagePerTest()

async function open(options?: BrowserContextOptions): Promise<void> {
  page = await openPage(options)
}

type Shown = Parameters<Parts['toaster']['show']>[0]

const show = (...toasts: Shown[]) =>
  page.evaluate((given) => given.map((toast) => globalThis.parts.toaster.show(toast)), toasts)
const toast = (title: string) => page.locator('[data-toast]').filter({ hasText: title })
const titles = () => page.locator('[data-toast] .cw-toast__title').allTextContents()
const region = () => page.getByRole('region', { name: 'Messages (Alt+T)' })
const numbered = (count: number): Shown[] =>
  Array.from({ length: count }, (_, n) => ({ title: `Toast ${n + 1}`, durationMs: null }))

describe('the stack', () => {
  test('shows the newest, says how many there are, and opens for the pointer', async () => {
    await open()
    await show(...numbered(5), { title: 'Broken', type: 'error' }, { title: 'Newest', durationMs: null })
    await toast('Newest').waitFor()
    expect(await titles()).toEqual(['Toast 5', 'Broken', 'Newest'])
    expect(await page.getByRole('button', { name: '6 more, 1 error' }).isVisible()).toBe(true)
    expect(await toast('Broken').getByText('Broken').isVisible()).toBe(false)
    expect(await accessibilityFindings(page)).toEqual([])

    await toast('Newest').hover()
    await toast('Toast 1').waitFor()
    expect(await titles()).toEqual([
      'Toast 1',
      'Toast 2',
      'Toast 3',
      'Toast 4',
      'Toast 5',
      'Broken',
      'Newest',
    ])
    expect(await accessibilityFindings(page)).toEqual([])
    await page.mouse.move(5, 5)
    await expect.poll(titles).toEqual(['Toast 5', 'Broken', 'Newest'])
  })

  test('stays within a phone, scrolls when it is long, and opens by a tap', async () => {
    await open({ viewport: { width: 390, height: 500 }, hasTouch: true })
    await show(...numbered(20))
    await toast('Toast 20').tap()
    await toast('Toast 1').first().waitFor()
    const list = page.locator('.cw-toasts__list')
    const box = await region().boundingBox()
    expect(box?.y).toBeGreaterThanOrEqual(0)
    expect((box?.x ?? 0) + (box?.width ?? 999)).toBeLessThanOrEqual(390)
    const [scrollTop, hidden] = await list.evaluate((element) => [
      element.scrollTop,
      element.scrollHeight - element.clientHeight,
    ])
    expect(hidden).toBeGreaterThan(100)
    expect(scrollTop).toBeGreaterThan(hidden - 2)
    await page.getByRole('button', { name: 'Dismiss all' }).tap()
    await expect.poll(titles).toEqual([])
  })

  test('draws a thousand toasts in one frame', async () => {
    await open()
    const drawn = await page.evaluate(async (toasts) => {
      let changes = 0
      const list = document.querySelector('.cw-toasts__list')
      const observer = new MutationObserver((records) => {
        changes += records.flatMap(({ addedNodes }) => [...addedNodes]).length
      })
      if (list !== null) observer.observe(list, { childList: true })
      for (const each of toasts) globalThis.parts.toaster.show(each)
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)))
      return { changes, elements: list?.childElementCount }
    }, numbered(1_000))
    expect(drawn).toEqual({ changes: 3, elements: 3 })
    expect(await page.getByRole('button', { name: '99 more' }).isVisible()).toBe(true)
    // Heard as one message, too; only the hundred that are kept count.
    expect(await region().getByRole('status').textContent()).toBe('100 messages. The latest: Toast 1000')
  })
})

describe('by keyboard', () => {
  test('Alt+T moves the focus to the toasts, Tab through them, and Escape returns the focus', async () => {
    await open()
    await page.getByRole('button', { name: 'A button of the page' }).focus()
    await show({ title: 'First', durationMs: null }, { title: 'Second', durationMs: null })
    await page.keyboard.press('Alt+t')
    expect(await region().evaluate((element) => element === document.activeElement)).toBe(true)
    await toast('First').getByText('First').waitFor()

    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    const close = page.getByRole('button', { name: 'Dismiss: First' })
    expect(await close.evaluate((element) => element === document.activeElement)).toBe(true)
    await page.keyboard.press('Escape')
    await expect.poll(titles).toEqual(['Second'])
    const next = page.getByRole('button', { name: 'Dismiss: Second' })
    await expect.poll(() => next.evaluate((element) => element === document.activeElement)).toBe(true)
    await page.keyboard.press('Enter')
    await expect.poll(titles).toEqual([])
    const before = page.getByRole('button', { name: 'A button of the page' })
    await expect.poll(() => before.evaluate((element) => element === document.activeElement)).toBe(true)
  })

  test('time stands still while a toast has the focus, and goes on afterwards', async () => {
    await open()
    await page.clock.install()
    await show({ title: 'Short', durationMs: 1_000 })
    await page.clock.runFor(100)
    await page.keyboard.press('Alt+t')
    await page.clock.runFor(60_000)
    expect(await titles()).toEqual(['Short'])
    await page.keyboard.press('Escape')
    await page.clock.runFor(500)
    expect(await titles()).toEqual(['Short'])
    await page.clock.runFor(1_000)
    expect(await titles()).toEqual([])
  })

  test('a click with the mouse holds up nothing', async () => {
    await open()
    await page.clock.install()
    await show({ title: 'Stays', durationMs: 1_000 }, { title: 'Goes', durationMs: null })
    await page.clock.runFor(100)
    await page.getByRole('button', { name: 'Dismiss: Goes' }).click()
    await page.mouse.move(5, 5)
    await page.clock.runFor(2_000)
    expect(await titles()).toEqual([])
  })
})

describe('one toast', () => {
  test('of a job changes in place, with its progress by name', async () => {
    await open()
    await show({ key: 'job', title: 'Processing photo', message: 'a.jpg', progress: 10 })
    const element = await toast('Processing photo').elementHandle()
    await show({ key: 'job', title: 'Processing photo', message: 'a.jpg', progress: 70 })
    const bar = page.getByRole('progressbar', { name: 'Processing photo' })
    await expect.poll(() => bar.getAttribute('aria-valuenow')).toBe('70')
    await show({ key: 'job', title: 'Photo ready', message: 'a.jpg', type: 'success' })
    await toast('Photo ready').waitFor()
    expect(await element?.evaluate((each) => each.isConnected)).toBe(true)
    expect(await bar.count()).toBe(0)
    expect(await page.getByRole('img', { name: 'Success' }).isVisible()).toBe(true)
  })

  test('is read out: errors at once, the rest when there is time', async () => {
    await open()
    // Screen readers announce only live regions that exist before their text.
    expect(await region().getByRole('status').count()).toBe(1)
    expect(await region().getByRole('alert').count()).toBe(1)
    await show({ title: 'Saved', message: 'The notes.' }, { title: 'Lost', type: 'error' })
    await expect.poll(() => region().getByRole('status').textContent()).toBe('Saved. The notes.')
    expect(await region().getByRole('alert').textContent()).toBe('Lost')
  })

  test('is swiped away towards its side by a finger, and comes back from halfway', async () => {
    await open({ viewport: { width: 390, height: 844 }, hasTouch: true })
    await show({ title: 'Swiped', durationMs: null })
    await swipe(page, toast('Swiped'), -200)
    await swipe(page, toast('Swiped'), 60, { slowly: true })
    expect(await titles()).toEqual(['Swiped'])
    await swipe(page, toast('Swiped'), 250)
    await expect.poll(titles).toEqual([])
  })

  test('is swiped the other way where text runs the other way', async () => {
    await open({ viewport: { width: 390, height: 844 }, hasTouch: true })
    await page.evaluate(() => document.documentElement.setAttribute('dir', 'rtl'))
    await show({ title: 'Swiped', durationMs: null, progress: 40 })
    expect(await accessibilityFindings(page)).toEqual([])
    await swipe(page, toast('Swiped'), 200)
    expect(await titles()).toEqual(['Swiped'])
    await swipe(page, toast('Swiped'), -250)
    await expect.poll(titles).toEqual([])
  })

  test('shows markup as text, and runs nothing', async () => {
    await open()
    const payload = '<img src=x onerror="globalThis.hacked=1"><script>globalThis.hacked=1</script>'
    await show({
      key: payload,
      title: payload,
      message: payload,
      durationMs: null,
      actions: [
        { label: payload, href: '#/fine' },
        { label: 'Bad', href: 'javascript:globalThis.hacked=1' },
      ],
    })
    const shown = page.locator('[data-toast]')
    await shown.waitFor()
    expect(await shown.locator('.cw-toast__title').textContent()).toBe(payload)
    expect(await shown.locator('.cw-toast__message').textContent()).toBe(payload)
    expect(await shown.getByRole('link').allTextContents()).toEqual([payload])
    expect(await page.locator('.cw-toasts :is(img, script)').count()).toBe(0)
    expect(await page.evaluate(() => 'hacked' in globalThis)).toBe(false)
  })

  test('has actions that do their work and close it', async () => {
    await open()
    await page.evaluate(() => {
      globalThis.parts.toaster.show({
        title: 'Archived',
        actions: [{ label: 'Undo', run: () => document.body.setAttribute('data-undone', '') }],
      })
    })
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.locator('body[data-undone]').waitFor()
    await expect.poll(titles).toEqual([])
  })
})

test('a modal dialog neither covers nor disables toasts', async () => {
  await open()
  await page.evaluate(() => {
    const dialog = document.createElement('dialog')
    dialog.append('A dialog')
    dialog.style.cssText =
      'inset: 0; inline-size: 100vw; block-size: 100vh; max-inline-size: none; max-block-size: none'
    document.body.append(dialog)
    dialog.showModal()
    globalThis.parts.toaster.show({ title: 'On top', durationMs: null })
  })
  await toast('On top').waitFor()
  // A click that reaches it: the dialog is as large as the page.
  await page.getByRole('button', { name: 'Dismiss: On top' }).click()
  await expect.poll(titles).toEqual([])
  await page.evaluate(() => document.querySelector('dialog')?.close())
  await expect.poll(() => region().evaluate((element) => element.parentElement === document.body)).toBe(true)
})

test('nothing moves with reduced motion', async () => {
  await open({ reducedMotion: 'reduce' })
  await show(...numbered(3))
  await toast('Toast 3').waitFor()
  await toast('Toast 3').hover()
  await toast('Toast 1').waitFor()
  expect(await page.evaluate(() => document.getAnimations().length)).toBe(0)
})
