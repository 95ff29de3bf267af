/**
 * What happens to pages in a real Chromium besides the network: processes that stand still as on a sleeping laptop,
 * pages that are hidden, pages that may keep nothing.
 */

import type pg from 'pg'
import type { Browser, BrowserContext } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test, vi } from 'vitest'
import { launchBrowser } from '../scripts/browser.ts'
import { newUser, PASSWORD, type TestUser } from './support/claims.ts'
import type { PageOptions } from './support/client-page/entry.ts'
import { type ClientPageServer, serveClientPage } from './support/client-page/server.ts'
import { openSockets, openTab, seqsOf, stateOf, type Tab } from './support/client-page/tab.ts'
import { notifyOnce, openPool } from './support/fault-load.ts'
import { startProxy, type TcpProxy } from './support/proxy.ts'

const PATIENCE = { timeout: 30_000, interval: 20 }
/** Milliseconds. */
const HEARTBEAT = 1_000
const { url, db: urls, keys } = inject('stack')

let browser: Browser
let server: ClientPageServer
let db: pg.Pool
let context: BrowserContext
let user: TestUser
let proxy: TcpProxy

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
  proxy = await startProxy(url)
})
afterEach(async () => {
  await context.close()
  await proxy[Symbol.asyncDispose]()
})

function open(options: Partial<PageOptions> = {}, pageUrl = server.url): Promise<Tab> {
  return openTab(context, pageUrl, {
    url: proxy.url,
    publishableKey: keys.publishableKey,
    userId: user.id,
    client: { heartbeatInterval: HEARTBEAT, reconnectDelay: 100 },
    ...options,
  })
}
const signIn = (): Partial<PageOptions> => ({ credentials: { email: user.email, password: PASSWORD } })

async function expectHeard(tab: Tab, expected: number[]): Promise<void> {
  await vi.waitFor(async () => expect(await seqsOf(tab)).toEqual(expected), PATIENCE)
}
const untilLive = (tab: Tab): Promise<void> =>
  vi.waitFor(async () => expect(await stateOf(tab)).toBe('live'), PATIENCE)

/** Processes of pages. */
async function renderers(): Promise<number[]> {
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  await session.detach()
  return processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id)
}

/** A tab in a process of its own, which can be made to stand still. */
async function openInProcess(options: Partial<PageOptions>): Promise<{ tab: Tab; pid: number }> {
  const before = new Set(await renderers())
  const tab = await open(options)
  const [pid, ...more] = (await renderers()).filter((each) => !before.has(each))
  if (pid === undefined || more.length > 0) throw new Error('the tab has no process of its own')
  return { tab, pid }
}

test('a laptop that sleeps: the page catches up before it says live again', async () => {
  const { tab, pid } = await openInProcess(signIn())
  await notifyOnce(db, user.id)
  await expectHeard(tab, [1])
  await tab.page.evaluate(() => globalThis.testPage.states.splice(0))
  process.kill(pid, 'SIGSTOP')
  try {
    proxy.cut()
    const slept = performance.now()
    for (let n = 0; n < 5; n += 1) await notifyOnce(db, user.id)
    await vi.waitFor(() => expect(performance.now() - slept).toBeGreaterThan(3 * HEARTBEAT), PATIENCE)
  } finally {
    process.kill(pid, 'SIGCONT')
  }
  await expectHeard(tab, [1, 2, 3, 4, 5, 6])
  await untilLive(tab)
  const { heard, states } = await tab.page.evaluate(() => globalThis.testPage)
  expect(heard.slice(1).map(({ replayed }) => replayed)).toEqual(Array(5).fill(true))
  expect(states.at(0)).not.toBe('live')
  expect(states.at(-1)).toBe('live')
})

test('a leading tab that stands still is deposed, and goes on as a follower', async () => {
  const { tab: leader, pid } = await openInProcess(signIn())
  const other = await open()
  expect([leader.sockets.size, other.sockets.size]).toEqual([1, 0])
  await notifyOnce(db, user.id)
  await expectHeard(other, [1])
  process.kill(pid, 'SIGSTOP')
  try {
    await vi.waitFor(() => expect(other.sockets.size).toBe(1), PATIENCE)
    await notifyOnce(db, user.id)
    await expectHeard(other, [1, 2])
    await untilLive(other)
  } finally {
    process.kill(pid, 'SIGCONT')
  }
  await expectHeard(leader, [1, 2])
  await vi.waitFor(() => expect(openSockets([leader, other])).toBe(1), PATIENCE)
  await notifyOnce(db, user.id)
  await expectHeard(leader, [1, 2, 3])
  await expectHeard(other, [1, 2, 3])
  expect([leader.sockets.size, other.sockets.size]).toEqual([0, 1])
})

test('a hidden page comes back by itself, as soon as there is a network', async () => {
  // A headless browser hides no page: this one is told so, and so is everything that asks.
  await context.addInitScript(`
    Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' })
    Object.defineProperty(document, 'hidden', { get: () => true })
  `)
  const tab = await open(signIn())
  await notifyOnce(db, user.id)
  await expectHeard(tab, [1])
  proxy.refuse(true)
  proxy.cut()
  await vi.waitFor(async () => expect(await stateOf(tab)).toBe('offline'), PATIENCE)
  await notifyOnce(db, user.id)
  proxy.refuse(false)
  await expectHeard(tab, [1, 2])
  await untilLive(tab)
})

test('a page that may use neither storage nor locks hears everything once, over connections that come and go', async () => {
  const tab = await open(signIn(), server.sandboxedUrl)
  const forbidden = await tab.page.evaluate(async () => {
    const storage = (() => {
      try {
        return String(localStorage)
      } catch (error) {
        return error instanceof Error && error.name
      }
    })()
    return [storage, await navigator.locks.request('any', () => 'granted').catch((error) => error.name)]
  })
  expect(forbidden).toEqual(['SecurityError', 'SecurityError'])
  for (let n = 1; n <= 3; n += 1) {
    await notifyOnce(db, user.id)
    proxy.cut()
    await expectHeard(
      tab,
      Array.from({ length: n }, (_, index) => index + 1),
    )
  }
  await untilLive(tab)
})

/** Socket addresses lead to a closed port until the page sets `socketsOpen`. */
const BLOCKED_SOCKETS = `
  const { WebSocket } = globalThis
  globalThis.WebSocket = class extends WebSocket {
    constructor(address, ...rest) {
      super(globalThis.socketsOpen ? address : 'ws://127.0.0.1:1', ...rest)
    }
  }
`

test('WebSockets are blocked: the page reads each message once and in order, does not say live, and uses a socket when one opens', async () => {
  await context.addInitScript(BLOCKED_SOCKETS)
  const tab = await open(signIn())
  const states = (): Promise<string[]> => tab.page.evaluate(() => globalThis.testPage.states)
  for (let n = 1; n <= 3; n += 1) {
    await notifyOnce(db, user.id)
    await expectHeard(
      tab,
      Array.from({ length: n }, (_, index) => index + 1),
    )
  }
  expect(await tab.page.evaluate(() => globalThis.testPage.client?.getState())).toMatchObject({
    isReading: true,
    isConnected: false,
  })
  expect(await states()).not.toContain('live')
  await tab.page.evaluate('globalThis.socketsOpen = true')
  await untilLive(tab)
  await notifyOnce(db, user.id)
  await expectHeard(tab, [1, 2, 3, 4])
  const replayed = await tab.page.evaluate(() => globalThis.testPage.heard.map((each) => each.replayed))
  expect(replayed).toEqual([true, true, true, false])
})

test.each([
  ['ahead', 7_200_000],
  ['behind', -7_200_000],
])('a clock that is 2 h %s: the page is live, and renews no token that is good', async (_, offset) => {
  await context.addInitScript(`{ const now = Date.now; Date.now = () => now() + ${offset} }`)
  let renewals = 0
  context.on('request', (request) => {
    if (request.url().includes('grant_type=refresh_token')) renewals += 1
  })
  const tab = await open(signIn())
  for (let n = 1; n <= 3; n += 1) {
    await notifyOnce(db, user.id)
    proxy.cut()
    await expectHeard(
      tab,
      Array.from({ length: n }, (_each, index) => index + 1),
    )
  }
  await untilLive(tab)
  expect(renewals).toBe(0)
})

test('an account is deleted while its page is open: the page is closed, and the browser keeps nothing of it', async () => {
  const tab = await open(signIn())
  await notifyOnce(db, user.id)
  await expectHeard(tab, [1])
  const admin = openPool(urls.admin, 1)
  try {
    await admin.query('delete from auth.users where id = $1', [user.id])
  } finally {
    await admin.end()
  }
  await vi.waitFor(async () => {
    const state = await tab.page.evaluate(() => globalThis.testPage.client?.getState())
    expect(state).toMatchObject({ state: 'closed', reason: 'account-deleted' })
  }, PATIENCE)
  await vi.waitFor(async () => {
    const keys = await tab.page.evaluate(() => Object.keys(localStorage))
    expect(keys.filter((key) => key !== 'claimwire:device')).toEqual([])
  }, PATIENCE)
})

test('while the engine’s file does not arrive, the page shows that; it connects once the file has arrived', async () => {
  let reachable = false
  const asked: string[] = []
  await context.route(/engine/, (route) => {
    asked.push(route.request().url())
    return reachable ? route.continue() : route.abort()
  })
  const tab = await openTab(
    context,
    server.url,
    { url: proxy.url, publishableKey: keys.publishableKey, userId: user.id, ...signIn() },
    { connected: false },
  )
  const errors = (): Promise<string[]> => tab.page.evaluate(() => globalThis.testPage.errors)
  await vi.waitFor(
    async () => expect(await errors()).toEqual(['client_unavailable', 'client_unavailable']),
    PATIENCE,
  )
  expect(await stateOf(tab)).toBe('connecting')
  reachable = true
  await untilLive(tab)
  await notifyOnce(db, user.id)
  await expectHeard(tab, [1])
  // The browser asks for no URL twice that has failed.
  expect(new Set(asked).size).toBe(asked.length)
})
