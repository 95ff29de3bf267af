/** Many tabs of one browser profile, in a real Chromium: one socket, one toast, and nothing lost or doubled. */

import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import type { Browser, BrowserContext } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest'
import { launchBrowser } from '../scripts/browser.ts'
import { newUser, PASSWORD, postClaim, type TestUser } from './support/claims.ts'
import type { PageOptions, TestPage } from './support/client-page/entry.ts'
import { type ClientPageServer, serveClientPage } from './support/client-page/server.ts'
import { openTab as openPage, openSockets, seqsOf, stateOf, type Tab } from './support/client-page/tab.ts'
import { addIdleJobs, notifyOnce, openPool } from './support/fault-load.ts'

const PATIENCE = { timeout: 20_000, interval: 20 }
const { url, db: urls, keys } = inject('stack')

let browser: Browser
let server: ClientPageServer
let db: pg.Pool
let context: BrowserContext
let user: TestUser

beforeAll(async () => {
  browser = await launchBrowser()
  server = await serveClientPage()
  db = openPool(urls.postgres)
})
afterAll(async () => {
  await browser.close()
  await server[Symbol.asyncDispose]()
  await db.end()
})
beforeEach(async () => {
  context = await browser.newContext()
  user = await newUser()
})
afterEach(() => context.close())

async function openTab(options: Partial<PageOptions> = {}, how: { connected?: boolean } = {}): Promise<Tab> {
  const address = { url, publishableKey: keys.publishableKey, userId: user.id }
  return openPage(context, server.url, { ...address, ...options }, how)
}

const signIn = (): Partial<PageOptions> => ({ credentials: { email: user.email, password: PASSWORD } })

async function openTabs(count: number): Promise<Tab[]> {
  const tabs = [await openTab(signIn())]
  while (tabs.length < count) tabs.push(await openTab())
  return tabs
}

const shownIn = ({ page }: Tab): Promise<number[]> =>
  page.evaluate(() => globalThis.testPage.heard.filter(({ foremost }) => foremost).map(({ seq }) => seq))
const upTo = (last: number, first = 1): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index)

async function expectHeard(tabs: readonly Tab[], expected: number[]): Promise<void> {
  await vi.waitFor(async () => {
    const heard = await Promise.all(tabs.map(seqsOf))
    expect(heard).toEqual(tabs.map(() => expected))
  }, PATIENCE)
}

describe('several tabs', () => {
  test('have one socket, and each hears everything once; one shows it', async () => {
    const tabs = await openTabs(10)
    expect(openSockets(tabs)).toBe(1)
    for (let n = 0; n < 5; n += 1) await notifyOnce(db, user.id)
    await expectHeard(tabs, upTo(5))
    const shown = await Promise.all(tabs.map(shownIn))
    expect(shown.flat()).toEqual(upTo(5))
    expect(openSockets(tabs)).toBe(1)
  })

  test.each(['closed', 'crashed'] as const)('go on when the leader is %s', async (end) => {
    const [leader, ...others] = await openTabs(3)
    if (leader === undefined) throw new Error('no tab')
    expect([leader.sockets.size, openSockets(others)]).toEqual([1, 0])
    await notifyOnce(db, user.id)
    await expectHeard([leader, ...others], [1])

    let written = 1
    const writing = new AbortController()
    const load = (async () => {
      while (!writing.signal.aborted) {
        await notifyOnce(db, user.id)
        written += 1
      }
    })()
    if (end === 'closed') await leader.page.close()
    else await crash(leader)
    await vi.waitFor(() => expect(openSockets(others)).toBe(1), PATIENCE)
    await vi.waitFor(
      async () => expect(await Promise.all(others.map(stateOf))).toEqual(['live', 'live']),
      PATIENCE,
    )
    writing.abort()
    await load
    await expectHeard(others, upTo(written))
    const shown = await Promise.all(others.map(shownIn))
    expect(new Set(shown.flat()).size).toBe(shown.flat().length)
  })

  test('opened later or reloaded hear what comes from then on, and nothing again', async () => {
    const [leader, follower] = await openTabs(2)
    if (leader === undefined || follower === undefined) throw new Error('no tab')
    await notifyOnce(db, user.id)
    await expectHeard([leader, follower], [1])
    const late = await openTab()
    await leader.page.close()
    await notifyOnce(db, user.id)
    await expectHeard([late], [2])
    await expectHeard([follower], [1, 2])
  })

  test('of another profile, or another user, are on their own', async () => {
    const [tab] = await openTabs(1)
    if (tab === undefined) throw new Error('no tab')
    const first = { context, user }
    context = await browser.newContext()
    user = await newUser()
    const other = await openTab(signIn())
    await notifyOnce(db, first.user.id)
    await notifyOnce(db, user.id)
    await notifyOnce(db, user.id)
    await expectHeard([tab], [1])
    await expectHeard([other], [1, 2])
    await first.context.close()
  })

  test('are each on their own where the browser has no locks', async () => {
    await context.addInitScript(() => Reflect.deleteProperty(Object.getPrototypeOf(navigator), 'locks'))
    const tabs = await openTabs(2)
    expect(openSockets(tabs)).toBe(2)
    await notifyOnce(db, user.id)
    await expectHeard(tabs, [1])
  })

  test('work where storage is blocked', async () => {
    await context.addInitScript(() => {
      Object.defineProperty(globalThis, 'localStorage', {
        get() {
          throw new DOMException('blocked', 'SecurityError')
        },
      })
    })
    const tabs = [await openTab(signIn()), await openTab(signIn())]
    await notifyOnce(db, user.id)
    await expectHeard(tabs, [1])
  })
})

test('what is read on one device is read in all tabs and on the others', async () => {
  const tabs = await openTabs(2)
  const phone = await browser.newContext()
  const laptop = context
  context = phone
  const device = await openTab(signIn())
  for (let n = 0; n < 5; n += 1) await notifyOnce(db, user.id)
  const unread = (): Promise<(number | null | undefined)[]> =>
    Promise.all(
      [...tabs, device].map(({ page }) =>
        page.evaluate(() => globalThis.testPage.client?.getState().unreadCount),
      ),
    )
  await vi.waitFor(async () => expect(await unread()).toEqual([5, 5, 5]), PATIENCE)
  const [, follower] = tabs
  expect(await follower?.page.evaluate(() => globalThis.testPage.client?.markRead([1, 2]))).toBe(2)
  await vi.waitFor(async () => expect(await unread()).toEqual([3, 3, 3]), PATIENCE)
  await device.page.evaluate(() => globalThis.testPage.client?.markRead({ upTo: 5 }))
  await vi.waitFor(async () => expect(await unread()).toEqual([0, 0, 0]), PATIENCE)
  await laptop.close()
})

test('the sixth device is told which five there are, and may take the place of one', async () => {
  const devices: Tab[] = []
  const contexts = [context]
  for (let n = 0; n < 5; n += 1) {
    if (n > 0) contexts.push(await browser.newContext())
    context = contexts.at(-1) ?? context
    // Several tabs are one device.
    devices.push(await openTab(signIn()), await openTab())
  }
  context = await browser.newContext()
  contexts.push(context)
  const sixth = await openTab(signIn(), { connected: false })
  const stateOfSixth = () => sixth.page.evaluate(() => globalThis.testPage.client?.getState())
  await vi.waitFor(
    async () =>
      expect(await stateOfSixth()).toMatchObject({ state: 'error', reason: 'too_many_connections' }),
    PATIENCE,
  )
  const listed = await sixth.page.evaluate(() => globalThis.testPage.devices)
  expect(listed).toHaveLength(5)
  expect(listed[0]).toMatchObject({ label: expect.stringContaining('Chrome') })

  const first = await devices[0]?.page.evaluate(() => globalThis.localStorage.getItem('claimwire:device'))
  await sixth.page.evaluate((id) => globalThis.testPage.client?.displaceDevice(id), first ?? '')
  await vi.waitFor(async () => expect(await stateOf(sixth)).toBe('live'), PATIENCE)
  await vi.waitFor(
    async () =>
      expect(await Promise.all(devices.slice(0, 3).map(stateOf))).toEqual(['error', 'error', 'live']),
    PATIENCE,
  )
  for (const each of contexts) await each.close()
})

/** An incident of the user's and a queue with one of their jobs. */
async function followable(): Promise<{ incidentId: string; queueId: string; jobId: string }> {
  const incidentId = randomUUID()
  const queueId = randomUUID()
  await db.query(
    `insert into public.incidents (id, user_id, title, source) values ($1, $2, 'Crash', 'test')`,
    [incidentId, user.id],
  )
  const [jobId = ''] = await addIdleJobs(db, user.id)
  await db.query('update public.jobs set queue_id = $2 where id = $1', [jobId, queueId])
  return { incidentId, queueId, jobId }
}

const followedBy = ({ page }: Tab): Promise<TestPage['followed']> =>
  page.evaluate(() => globalThis.testPage.followed)

test('a queue and an incident come to every tab over the one socket, bytes included', async () => {
  const { incidentId, queueId, jobId } = await followable()
  const other = await newUser()
  await db.query(
    `insert into public.incident_members (incident_id, user_id, role) values ($1, $2, 'handler')`,
    [incidentId, other.id],
  )
  const tabs = await openTabs(2)
  for (const { page } of tabs) {
    await page.evaluate((ids) => globalThis.testPage.follow(ids), { incidentId, queueId })
  }
  const followed = (): Promise<TestPage['followed'][]> => Promise.all(tabs.map(followedBy))
  await vi.waitFor(
    async () =>
      expect(await followed()).toMatchObject(
        Array(2).fill({ state: 'live live', jobs: { [jobId]: 'queued' } }),
      ),
    PATIENCE,
  )
  await vi.waitFor(
    async () => expect(await followed()).toMatchObject(Array(2).fill({ userIds: [user.id] })),
    PATIENCE,
  )
  await db.query(`update public.jobs set status = 'processing' where id = $1`, [jobId])
  const topic = `incident:${incidentId}`
  await other.client.rpc('send_to_topic', { p_topic: topic, p_event: 'user_typing' })
  await tabs[1]?.page.evaluate(
    (to) => globalThis.testPage.client?.sendBinary(to, 'sketch', Uint8Array.from([0, 255, 1, 128])),
    topic,
  )
  await vi.waitFor(
    async () =>
      expect(await followed()).toMatchObject(
        Array(2).fill({
          jobs: { [jobId]: 'processing' },
          typing: [other.id],
          bytes: [[user.id, 0, 255, 1, 128]],
        }),
      ),
    PATIENCE,
  )
  expect(openSockets(tabs)).toBe(1)
})

test('the dashboard shows one toast in all its tabs', async () => {
  const pages = [await context.newPage(), await context.newPage(), await context.newPage()]
  for (const page of pages) {
    await page.goto(inject('dashboardUrl'))
    if (page === pages[0]) {
      await page.getByRole('button', { name: 'Use a password' }).click()
      await page.getByLabel('Password').waitFor()
      await page.getByLabel('Email').fill(user.email)
      await page.getByLabel('Password').fill(PASSWORD)
      await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    }
    await page.getByRole('status').filter({ hasText: 'Live' }).waitFor()
  }
  await postClaim(user, [`${inject('fileOrigin')}/good.jpg`])
  await vi.waitFor(async () => {
    const toasts = await Promise.all(
      pages.map((page) => page.locator('[data-toast]').filter({ hasText: 'Photo ready' }).count()),
    )
    expect(toasts.toSorted()).toEqual([0, 0, 1])
  }, PATIENCE)
  for (const page of pages) {
    expect(await page.locator('[data-document-id], a[href*="#/incidents/"]').count()).toBeGreaterThan(0)
  }
})

test('thousands of missed notifications leave the page its turns', async () => {
  const [first] = await openTabs(1)
  if (first === undefined) throw new Error('no tab')
  await notifyOnce(db, user.id)
  await expectHeard([first], [1])
  await first.page.close()
  const missed = 5_000
  await addIdleJobs(db, user.id, missed)
  await db.query(`update public.jobs set status = 'processing' where user_id = $1 and status = 'queued'`, [
    user.id,
  ])

  // The page does some work for each message.
  const back = await openTab({ busyMs: 0.2 }, { connected: false })
  await vi.waitFor(() => back.page.waitForFunction(`globalThis.testPage.heard.length >= ${missed}`), PATIENCE)
  await expectHeard([back], upTo(missed + 1, 2))
  const { turns, longTasks } = await back.page.evaluate(() => ({
    turns: new Set(globalThis.testPage.heard.map(({ turn }) => turn)).size,
    longTasks: globalThis.testPage.longTasks,
  }))
  // At one turn for each page of 500 there would be ten.
  expect(turns).toBeGreaterThan(50)
  console.log(`catch-up of ${missed}: in ${turns} turns; tasks over 50 ms: [${longTasks.map(Math.round)}]`)
})

describe('a page', () => {
  test('without network says so, and is live again with it', async () => {
    const tabs = await openTabs(2)
    await context.setOffline(true)
    await vi.waitFor(
      async () => expect(await Promise.all(tabs.map(stateOf))).toEqual(['offline', 'offline']),
      PATIENCE,
    )
    await notifyOnce(db, user.id)
    await context.setOffline(false)
    await expectHeard(tabs, [1])
    await vi.waitFor(
      async () => expect(await Promise.all(tabs.map(stateOf))).toEqual(['live', 'live']),
      PATIENCE,
    )
    expect(openSockets(tabs)).toBe(1)
  })

  // A headless browser neither freezes pages nor has a back/forward cache: the page is told what it would be told.
  test.each([
    ['frozen', `document.dispatchEvent(new Event('freeze'))`, `document.dispatchEvent(new Event('resume'))`],
    [
      'put into the back/forward cache',
      `dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))`,
      `dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))`,
    ],
  ])(
    'that is %s leaves the lead to another, and catches up before it says live',
    async (_name, away, back) => {
      const tabs = await openTabs(2)
      const [gone, other] = tabs
      if (gone === undefined || other === undefined) throw new Error('no tab')
      await gone.page.evaluate((ids) => globalThis.testPage.follow(ids), await followable())
      await vi.waitFor(async () => expect((await followedBy(gone)).state).toBe('live live'), PATIENCE)
      // In the very turn: there is no other before the page stands still. Only promises settle, as after any event.
      const closed = `${away}; Promise.resolve().then(() => globalThis.testPage.openSockets)`
      expect(await gone.page.evaluate(closed)).toBe(0)
      expect(await stateOf(gone)).toBe('offline')
      await vi.waitFor(() => expect([gone.sockets.size, other.sockets.size]).toEqual([0, 1]), PATIENCE)
      await notifyOnce(db, user.id)
      await expectHeard([other], [1])
      await gone.page.evaluate(back)
      await notifyOnce(db, user.id)
      await expectHeard(tabs, [1, 2])
      expect(openSockets(tabs)).toBe(1)
    },
  )
})

async function crash({ page }: Tab): Promise<void> {
  const crashed = page.waitForEvent('crash')
  const session = await context.newCDPSession(page)
  // The promise never settles, because the renderer has crashed.
  session.send('Page.crash').catch(() => undefined)
  await crashed
}
