/** The drop-in and the React hooks as pages use them, in a real Chromium under a strict Content-Security-Policy. */

import type pg from 'pg'
import type { Browser, BrowserContext, Page, WebSocket } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest'
import { launchBrowser, watchForErrors } from '../scripts/browser.ts'
import type { ExampleServer } from '../web/examples/listen.ts'
import { startReactExample } from '../web/examples/react/server.ts'
import { startStaticExample } from '../web/examples/static/server.ts'
import { serveBarePage } from './support/bare-page.ts'
import { newUser, PASSWORD, type TestUser } from './support/claims.ts'
import { addIdleJobs, notifyOnce, openPool } from './support/fault-load.ts'

const PATIENCE = { timeout: 20_000, interval: 50 }
const { url: supabaseUrl, db: urls, keys } = inject('stack')
const { publishableKey } = keys
/** supabase-js's own. */
const STORAGE_KEY = `sb-${new URL(supabaseUrl).hostname.split('.')[0]}-auth-token`

declare global {
  var showToast: (title: string, message: string, type?: string) => string
  var getDashboardWebSocket: () => object | null
}

let browser: Browser
let staticExample: ExampleServer
let reactExample: ExampleServer
let barePage: ExampleServer
let db: pg.Pool
let context: BrowserContext
let page: Page
let errors: string[]
let user: TestUser

beforeAll(async () => {
  const options = { supabaseUrl, publishableKey, port: 0 }
  barePage = await serveBarePage(supabaseUrl)
  ;[browser, staticExample, reactExample] = await Promise.all([
    launchBrowser(),
    startStaticExample(options),
    startReactExample(options),
  ])
  db = openPool(urls.postgres)
})
afterAll(async () => {
  await browser.close()
  await staticExample[Symbol.asyncDispose]()
  await reactExample[Symbol.asyncDispose]()
  await barePage[Symbol.asyncDispose]()
  await db.end()
})
beforeEach(async () => {
  context = await browser.newContext()
  page = await context.newPage()
  // Violations of the Content-Security-Policy are errors in the console as well.
  errors = watchForErrors(page)
  user = await newUser()
})
afterEach(() => context.close())

async function signIn(url: string): Promise<void> {
  await page.goto(url)
  await page.getByLabel('E-mail').fill(user.email)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

const indicator = (): Promise<string | null> => page.locator('#ws-connection-status').textContent()

async function expectIndicator(text: string): Promise<void> {
  await vi.waitFor(async () => {
    // Errors of the page tell more about a failure than the failed expectation.
    expect({ indicator: await indicator(), errors }).toMatchObject({
      indicator: expect.stringContaining(text),
    })
  }, PATIENCE)
}

/** A page that has only the drop-in. */
async function openPage(attributes: Record<string, string>): Promise<void> {
  await page.goto(`${barePage.url}/?${new URLSearchParams(attributes)}`)
}

const settings = (): Record<string, string> => ({
  'data-user-id': user.id,
  'data-supabase-url': supabaseUrl,
  'data-supabase-key': publishableKey,
})

async function session() {
  const { data } = await user.client.auth.getSession()
  if (data.session === null) throw new Error('not signed in')
  return data.session
}

/** `openSockets()` gives the number of sockets that are not closing or closed. */
const recordSockets = `{
  const all = []
  globalThis.WebSocket = class extends WebSocket {
    constructor(...args) {
      super(...args)
      all.push(this)
    }
  }
  globalThis.openSockets = () => all.filter(({ readyState }) => readyState < 2).length
}`

describe('a server-rendered page', () => {
  test('is live, shows a toast when a job changes, and says when it is offline', async () => {
    await signIn(staticExample.url)
    await expectIndicator('●Live')
    expect(await page.locator('#ws-connection-status').getAttribute('data-tone')).toBe('live')

    await notifyOnce(db, user.id)
    const toast = page.locator('.cw-toast')
    await toast.waitFor()
    expect(await toast.textContent()).toContain('fail')
    expect(await page.locator('#events li').count()).toBe(1)
    // Styles have arrived, although the policy forbids style elements and attributes.
    expect(await page.evaluate(`getComputedStyle(document.querySelector('.cw-toasts')).position`)).toBe(
      'fixed',
    )

    await page.evaluate(() => globalThis.showToast('Hello', '<img src=x onerror=alert(1)>', 'success'))
    await page.getByText('<img src=x onerror=alert(1)>').first().waitFor()
    expect(errors).toEqual([])

    await context.setOffline(true)
    await expectIndicator('○Offline')
    await context.setOffline(false)
    await expectIndicator('●Live')
  })

  test('gets the messages of the time it was offline, once', async () => {
    await signIn(staticExample.url)
    await expectIndicator('●Live')
    await page.goto('about:blank')
    for (let n = 0; n < 2; n += 1) await notifyOnce(db, user.id)
    await page.goto(staticExample.url)
    await vi.waitFor(async () => expect(await page.locator('.cw-toast').count()).toBe(2), PATIENCE)
    await expectIndicator('●Live')
    await page.reload()
    await expectIndicator('●Live')
    expect(await page.locator('.cw-toast').count()).toBe(0)
  })
})

describe('a page', () => {
  test('uses the session that supabase-js has stored, and renews it when it has ended', async () => {
    const stored = { ...(await session()), expires_at: 1 }
    await context.addInitScript(
      ([key, text]) => {
        if (localStorage.getItem(key) === null) localStorage.setItem(key, text)
      },
      [STORAGE_KEY, JSON.stringify(stored)] as const,
    )
    await openPage(settings())
    await expectIndicator('●Live')
    const kept = await page.evaluate((key) => localStorage.getItem(key) ?? '', STORAGE_KEY)
    expect(JSON.parse(kept)).toMatchObject({ user: { id: user.id } })
    expect(JSON.parse(kept).expires_at).toBeGreaterThan(Date.now() / 1000)
    expect(JSON.parse(kept).refresh_token).not.toBe(stored.refresh_token)
    expect(errors).toEqual([])
  })

  test('uses the session of cookies that scripts may read', async () => {
    const value = `base64-${Buffer.from(JSON.stringify(await session())).toString('base64url')}`
    const pieces = [value.slice(0, 1000), value.slice(1000)]
    await context.addCookies(
      pieces.map((piece, index) => ({
        name: `${STORAGE_KEY}.${index}`,
        value: piece,
        url: staticExample.url,
      })),
    )
    await openPage(settings())
    await expectIndicator('●Live')
  })

  test('may give tokens by a function; one that fails is asked again', async () => {
    const { access_token: token } = await session()
    let asked = 0
    await page.exposeFunction('claimwireToken', () => {
      asked += 1
      if (asked === 1) throw new Error('not now')
      return token
    })
    await openPage(settings())
    await expectIndicator('●Live')
    expect(asked).toBe(2)
    expect(errors.join()).toContain('connection_lost')
  })

  test.each([
    ['no user', { 'data-user-id': '' }, 'configuration_missing', 'data-user-id'],
    [
      'an address that is none',
      { 'data-supabase-url': 'example' },
      'configuration_invalid',
      'data-supabase-url',
    ],
    ['a secret key', { 'data-supabase-key': 'sb_secret_x' }, 'configuration_invalid', 'data-supabase-key'],
  ])('with %s says so, and can still show toasts', async (_what, wrong, code, setting) => {
    await openPage({ ...settings(), ...wrong })
    await expectIndicator('⚠ErrorThis page is not set up')
    expect(errors).toEqual([expect.stringContaining(`${code}: `)])
    expect(errors[0]).toContain(setting)
    expect(await page.evaluate(() => globalThis.getDashboardWebSocket())).toBeNull()
    await page.evaluate(() => globalThis.showToast('Saved', 'All is well.'))
    await page.getByText('All is well.').first().waitFor()
  })

  // A headless browser has no back/forward cache: the page is told what it would be told.
  test('gives up its socket in the turn in which it enters the back/forward cache, and catches up afterwards', async () => {
    const { access_token: token } = await session()
    await page.exposeFunction('claimwireToken', () => token)
    await page.addInitScript(recordSockets)
    await openPage(settings())
    await expectIndicator('●Live')
    const aside = `dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))`
    expect(await page.evaluate(`[openSockets(), ${aside}, openSockets()]`)).toEqual([1, true, 0])
    await notifyOnce(db, user.id)
    await page.evaluate(`dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))`)
    await expectIndicator('●Live')
    await page.locator('.cw-toast').first().waitFor()
    expect(await page.locator('.cw-toast').count()).toBe(1)
    expect(await page.evaluate('openSockets()')).toBe(1)
    expect(errors).toEqual([])
  })

  test('that is open twice has one socket, which the second tab takes over at once', async () => {
    const { access_token: token } = await session()
    await context.exposeFunction('claimwireToken', () => token)
    await context.addInitScript(recordSockets)
    await openPage(settings())
    await expectIndicator('●Live')
    const first = page
    page = await context.newPage()
    await openPage(settings())
    await expectIndicator('●Live')
    expect([await first.evaluate('openSockets()'), await page.evaluate('openSockets()')]).toEqual([1, 0])
    await first.close()
    await notifyOnce(db, user.id)
    await page.locator('.cw-toast').first().waitFor()
    await vi.waitFor(async () => expect(await page.evaluate('openSockets()')).toBe(1), PATIENCE)
    await expectIndicator('●Live')
    expect(await page.locator('.cw-toast').count()).toBe(1)
  })

  test('of another user than the signed-in one is refused', async () => {
    const { access_token: token } = await session()
    await page.exposeFunction('claimwireToken', () => token)
    await openPage({ ...settings(), 'data-user-id': '00000000-0000-4000-8000-000000000000' })
    await expectIndicator('⚠ErrorAnother account')
    expect(errors.join()).toContain('user_mismatch')
  })

  test('without a session says that it is offline, and why in the console', async () => {
    await openPage(settings())
    await expectIndicator('○OfflineYou are not signed in.')
    expect(errors.join()).toContain('not_signed_in')
  })
})

describe('the React example', () => {
  test('shows the connection, a job’s progress and notifications, over one socket under StrictMode', async () => {
    const sockets = new Set<WebSocket>()
    page.on('websocket', (socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    })
    await signIn(reactExample.url)
    const status = page.locator('header [role=status]')
    await vi.waitFor(async () => expect(await status.textContent()).toMatch(/^live/), PATIENCE)
    expect(sockets.size).toBe(1)

    const [jobId = ''] = await addIdleJobs(db, user.id)
    await page.getByLabel('Job to follow').fill(jobId)
    await page.getByText('Nothing has happened to it yet.').waitFor()
    await db.query(`update public.jobs set status = 'processing', progress = 40 where id = $1`, [jobId])
    await page
      .getByText(/processing 40 %/)
      .or(page.getByText(/processing 0 %/))
      .waitFor()
    await db.query(`update public.jobs set progress = 60 where id = $1`, [jobId])
    await page.getByText(/processing 60 %/).waitFor()
    await db.query(`update public.jobs set status = 'failed' where id = $1`, [jobId])
    await page
      .getByText(/failed/)
      .first()
      .waitFor()
    await vi.waitFor(
      async () =>
        expect(await page.getByRole('list', { name: 'Notifications' }).locator('li').count()).toBe(2),
      PATIENCE,
    )
    expect(await page.getByRole('heading', { name: /Notifications/ }).textContent()).toContain('(2 unread)')
    expect(errors).toEqual([])

    await context.setOffline(true)
    await vi.waitFor(async () => expect(await status.textContent()).toContain('offline'), PATIENCE)
    await context.setOffline(false)
    await vi.waitFor(async () => expect(await status.textContent()).toMatch(/^live/), PATIENCE)
  })
})
