/** A list of hundreds of incidents in Chromium: few of them are drawn, and all are within reach. */

import type pg from 'pg'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { launchBrowser } from '../../scripts/browser.ts'
import { accessibilityFindings } from '../support/axe.ts'
import { newUser, type TestUser } from '../support/claims.ts'
import { DESKTOP, LOOKS, lookAt, openDashboard, PHONE } from '../support/dashboard.ts'
import { openPool } from '../support/fault-load.ts'

const COUNT = 400
const DRAWN_AT_MOST = 60

let browser: Browser
let db: pg.Pool
let user: TestUser

beforeAll(async () => {
  ;[browser, user] = await Promise.all([launchBrowser(), newUser()])
  db = openPool(inject('stack').db.postgres, 1)
  await db.query(
    `insert into public.incidents (user_id, title, source, created_at)
     select $1, 'Incident ' || n || repeat(' with a long title', n % 4), 'typeform', now() - n * interval '1 minute'
     from generate_series(1, $2::int) as n`,
    [user.id, COUNT],
  )
})
afterAll(async () => {
  await browser.close()
  await db.end()
})

const rows = (page: Page) => page.locator('.incidents > li')
const row = (page: Page, number: number) =>
  page.locator('.incidents .row').filter({ hasText: new RegExp(`^Incident ${number}( |\\D|$)`) })
const eventually = <Value>(read: () => Value | Promise<Value>) =>
  expect.poll(read, { timeout: 30_000, interval: 25 })

/** Scrolls as far down as there is anything to be read. */
async function readAll(page: Page): Promise<void> {
  await eventually(async () => {
    await page.evaluate(() => {
      for (const each of [document.querySelector('.sidebar'), document.scrollingElement])
        each?.scrollTo({ top: each.scrollHeight })
    })
    return page.locator('.sidebar .count').textContent()
  }).toBe(String(COUNT))
}

test.each([
  ['wide', DESKTOP],
  ['on a phone', PHONE],
])('draws what is on the screen, wherever one scrolls to, %s', async (_where, options) => {
  const { context, page, errors } = await openDashboard(browser, user, '', options)
  await readAll(page)
  const heightOf = () => page.locator('.incidents').evaluate((list) => list.clientHeight)
  await page.evaluate(() => {
    for (const each of [document.querySelector('.sidebar'), document.scrollingElement])
      each?.scrollTo({ top: each.scrollHeight })
  })
  await eventually(() => row(page, COUNT).isVisible()).toBe(true)
  const height = await heightOf()
  for (const share of [0, 0.5, 0.25, 0.9, 0]) {
    await page.evaluate((part) => {
      for (const each of [document.querySelector('.sidebar'), document.scrollingElement])
        each?.scrollTo({ top: part * (each.scrollHeight - each.clientHeight) })
    }, share)
    // No gap: at every height of the list's part of the screen there is a row.
    await eventually(() =>
      page.evaluate(() => {
        const pane = document.querySelector('.sidebar')?.getBoundingClientRect()
        if (pane === undefined) return false
        const middle = pane.left + pane.width / 2
        return [0.3, 0.5, 0.7, 0.85].every(
          (part) => document.elementFromPoint(middle, innerHeight * part)?.closest('.incidents > li') != null,
        )
      }),
    ).toBe(true)
    expect(await rows(page).count()).toBeLessThan(DRAWN_AT_MOST)
  }
  await row(page, 1).waitFor()
  // Room and rows together are as high as before.
  expect(Math.abs((await heightOf()) - height)).toBeLessThan(height / 50)
  expect(errors).toEqual([])
  await context.close()
})

test('is walked through by keyboard, told its size, and does not lose the focus', async () => {
  const { context, page, errors } = await openDashboard(browser, user, '')
  await readAll(page)
  await page.locator('.sidebar').evaluate((pane) => pane.scrollTo({ top: 0 }))
  await row(page, 1).focus()
  const focused = () =>
    page.evaluate(() => {
      const item = document.activeElement?.closest('li')
      return [item?.ariaPosInSet, item?.ariaSetSize]
    })
  for (let place = 1; place <= 100; place += 1) {
    expect(await focused()).toEqual([String(place), String(COUNT)])
    await page.keyboard.press('Tab')
  }
  await page.keyboard.press('Shift+Tab')
  expect(await focused()).toEqual(['100', String(COUNT)])
  expect(await rows(page).count()).toBeLessThan(DRAWN_AT_MOST)
  for (const look of LOOKS) {
    await lookAt(page, look)
    expect(await accessibilityFindings(page), look.name).toEqual([])
  }
  await lookAt(page, LOOKS[0])

  // The focus stays while the list is scrolled, and something new comes above it.
  await page.locator('.sidebar').evaluate((pane) => pane.scrollBy({ top: 2_500 }))
  await eventually(() => row(page, 140).count()).toBe(1)
  expect(await focused()).toEqual(['100', String(COUNT)])
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: /^Incident 100 ?/ }).waitFor()
  expect(await row(page, 100).getAttribute('aria-current')).toBe('page')
  expect(errors).toEqual([])
  await context.close()
})

/** An incident of which a message tells the page. */
async function addIncident(title: string): Promise<void> {
  await db.query(
    `with incident as (
       insert into public.incidents (user_id, title, source) values ($1, $2, 'typeform') returning id
     )
     insert into public.jobs (kind, user_id, incident_id, subject_id, next_attempt_at)
     select 'image', $1, id, gen_random_uuid(), now() + interval '1 day' from incident`,
    [user.id, title],
  )
  await db.query(
    `update public.jobs set status = 'failed'
     where incident_id = (select id from public.incidents where user_id = $1 and title = $2)`,
    [user.id, title],
  )
}

test('a new incident is seen to come at the top, and moves nothing on the screen further down', async () => {
  const { context, page, errors } = await openDashboard(browser, user, '', {
    viewport: { width: 900, height: 1_100 },
  })
  const pane = page.locator('.sidebar')
  const first = page.locator('.incidents .row').first()
  // By now, rows of two lines have been measured.
  await page.locator('.incidents > .is-placed').first().waitFor()
  expect(await pane.evaluate(({ scrollTop }) => scrollTop)).toBe(0)
  await addIncident('One more')
  await eventually(() => first.textContent()).toContain('One more')
  expect(await pane.evaluate(({ scrollTop }) => scrollTop)).toBe(0)

  // The next page is read below the screen: the end of the list, with its button, moves away.
  await pane.evaluate((element) => element.scrollTo({ top: element.scrollHeight }))
  const toTheEnd = () =>
    pane.evaluate(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight)
  await eventually(toTheEnd).toBeGreaterThan(1_000)

  await pane.evaluate((element) => element.scrollTo({ top: 1_200 }))
  await row(page, 22).waitFor()
  const topOf = (number: number) =>
    row(page, number).evaluate((element) => Math.round(element.getBoundingClientRect().top))
  const before = await topOf(22)
  const countBefore = Number.parseInt((await page.locator('.sidebar .count').textContent()) ?? '', 10)
  await addIncident('Another one')
  await eventually(async () =>
    Number.parseInt((await page.locator('.sidebar .count').textContent()) ?? '', 10),
  ).toBeGreaterThan(countBefore)
  expect(Math.abs((await topOf(22)) - before)).toBeLessThanOrEqual(1)
  expect(errors).toEqual([])
  await context.close()
})
