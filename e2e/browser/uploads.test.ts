/** Adding files in the browser: dropped, pasted, chosen; through a cut network and a reload, once and byte for byte. */

import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { samplePhotoPath } from '../../samples/photos.ts'
import { launchBrowser } from '../../scripts/browser.ts'
import { endedJobs, newUser, postClaim, type TestUser } from '../support/claims.ts'
import { DESKTOP, type OpenDashboard, openDashboard, PHONE } from '../support/dashboard.ts'

/** Waits until what is read is as it should be. */
const eventually = <Value>(read: () => Value | Promise<Value>) =>
  expect.poll(read, { timeout: 30_000, interval: 25 })

let browser: Browser
let folder: string
let large: string
const opened: OpenDashboard[] = []

beforeAll(async () => {
  browser = await launchBrowser()
  folder = await mkdtemp(join(tmpdir(), 'claimwire-uploads-'))
  large = join(folder, 'large.jpg')
  await writeFile(large, padded(await readFile(samplePhotoPath('front')), 8_000_000))
})
afterAll(async () => {
  await browser.close()
  await rm(folder, { recursive: true, force: true })
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map(({ context }) => context.close()))
})

/** The same picture with segments that readers skip: a photo of any size. */
function padded(jpeg: Buffer, bytes: number): Buffer {
  const segment = Buffer.alloc(65_535 + 2, 7)
  segment.writeUInt16BE(0xffef, 0)
  segment.writeUInt16BE(65_535, 2)
  const count = Math.ceil(bytes / segment.length)
  return Buffer.concat([
    jpeg.subarray(0, 2),
    ...Array.from({ length: count }, () => segment),
    jpeg.subarray(2),
  ])
}

async function openIncident(options = DESKTOP) {
  const user = await newUser()
  const incidentId = await postClaim(user, [])
  const dashboard = await openDashboard(browser, user, `incidents/${incidentId}`, options)
  opened.push(dashboard)
  await dashboard.page.getByRole('button', { name: 'Add files' }).waitFor()
  return { user, incidentId, ...dashboard }
}

const card = (page: Page, name: string) => page.locator('.card').filter({ hasText: name })
const item = (page: Page, name: string) => page.locator(`[data-upload="${name}"]`)
const choose = (page: Page, ...paths: string[]) =>
  page.locator('.upload input[multiple]').setInputFiles(paths)

interface Network {
  /** Takes the page's network away, or gives it back. */
  setOffline(offline: boolean): Promise<void>
  /** Ends the limit, also for a request that is under way. */
  unthrottle(): Promise<void>
}

/** Bytes a second. `large` takes 20 s: a busy machine has time to look at the upload and to reload the page. */
const SLOW = 400_000

/** @param upload bytes a second towards the server. */
async function throttle(page: Page, upload: number): Promise<Network> {
  const session = await page.context().newCDPSession(page)
  const emulate = async (offline: boolean, uploadThroughput: number): Promise<void> => {
    await session.send('Network.emulateNetworkConditions', {
      offline,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput,
    })
  }
  await emulate(false, upload)
  return {
    setOffline: (offline) => emulate(offline, upload),
    unthrottle: () => emulate(false, -1),
  }
}

function countUploads(page: Page): { begun: number } {
  const count = { begun: 0 }
  page.on('request', (request) => {
    if (request.method() === 'POST' && request.url().endsWith('/upload/resumable')) count.begun += 1
  })
  return count
}

async function storedOriginal(user: TestUser, incidentId: string): Promise<string | undefined> {
  await endedJobs(user, incidentId, 1)
  const { data } = await user.client
    .from('documents')
    .select('sha256, file_name')
    .eq('incident_id', incidentId)
  expect(data).toHaveLength(1)
  return data?.[0]?.sha256 ?? undefined
}

const hashOf = async (path: string) =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
const progressOf = async (page: Page, name: string) =>
  Number(await item(page, name).getByRole('progressbar').getAttribute('aria-valuenow'))

/** An event as the browser makes it when files are dropped or pasted. */
async function give(page: Page, how: 'drop' | 'paste', names: string[]): Promise<void> {
  const base64 = (await readFile(samplePhotoPath('front'))).toString('base64')
  await page.evaluate(
    ({ kind, fileNames, content }) => {
      const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0))
      const files = new DataTransfer()
      fileNames.forEach((name, index) => {
        // A byte behind the picture's end: each file is another one.
        files.items.add(new File([bytes, new Uint8Array(index)], name, { type: 'image/jpeg' }))
      })
      const target = document.querySelector('h1') ?? document.body
      const options = { bubbles: true, cancelable: true }
      if (kind === 'paste')
        target.dispatchEvent(new ClipboardEvent('paste', { ...options, clipboardData: files }))
      else {
        for (const type of ['dragenter', 'dragover', 'drop'])
          target.dispatchEvent(new DragEvent(type, { ...options, dataTransfer: files }))
      }
    },
    { kind: how, fileNames: names, content: base64 },
  )
}

describe('files', () => {
  test('that are dropped or pasted become photos, several at once', async () => {
    const { page, errors, incidentId, user } = await openIncident()
    await give(page, 'drop', ['one.jpg', 'two.jpg'])
    await give(page, 'paste', ['pasted.jpg'])
    await endedJobs(user, incidentId, 3)
    for (const name of ['one.jpg', 'two.jpg', 'pasted.jpg'])
      await card(page, name).getByText('Ready').waitFor()
    expect(errors).toEqual([])
  })

  test('can be photographed on a phone; what cannot be added is told why', async () => {
    const { page, errors } = await openIncident(PHONE)
    const [chooser] = await Promise.all([
      page.waitForEvent('filechooser'),
      page.getByRole('button', { name: 'Take a photo' }).click(),
    ])
    expect(await chooser.element().getAttribute('capture')).toBe('environment')
    await chooser.setFiles(samplePhotoPath('street'))
    await card(page, 'street-at-dusk.jpg').getByText('Ready').waitFor()

    const web = join(folder, 'page.html')
    const empty = join(folder, 'empty.jpg')
    await writeFile(web, '<html>')
    await writeFile(empty, '')
    await choose(page, web, empty)
    await item(page, 'page.html').getByText('Photos, voice notes and PDF files can be added.').waitFor()
    await item(page, 'empty.jpg').getByText('The file is empty.').waitFor()
    // The same file would be refused again.
    expect(await page.getByRole('button', { name: /^Try again/ }).count()).toBe(0)
    expect(errors).toEqual([])
  })
})

describe('files that were added', () => {
  /** How often the list changed its number of rows, and the heights that it took for it. */
  const watchList = (page: Page) =>
    page.evaluate(() => {
      const list = document.querySelector('.upload-list')
      const frame = list?.parentElement
      const seen = { counts: [] as number[], heights: [] as number[], running: true }
      Object.assign(globalThis, { seen })
      const look = (): void => {
        const [count, height] = [list?.childElementCount ?? 0, frame?.getBoundingClientRect().height ?? 0]
        if (seen.counts.at(-1) !== count) seen.counts.push(count)
        if (seen.heights.at(-1) !== height) seen.heights.push(height)
        if (seen.running) requestAnimationFrame(look)
      }
      look()
    })
  const seen = (page: Page): Promise<{ counts: number[]; heights: number[] }> => page.evaluate('seen')

  test.each([
    ['gliding', 'no-preference'],
    ['at once with reduced motion', 'reduce'],
  ] as const)('leave the list together, %s', async (_how, reducedMotion) => {
    const { page, errors } = await openIncident({ ...PHONE, reducedMotion })
    await give(page, 'drop', ['one.jpg', 'two.jpg', 'three.jpg'])
    await item(page, 'three.jpg').waitFor()
    await watchList(page)
    for (const name of ['one.jpg', 'two.jpg', 'three.jpg'])
      await item(page, name).getByText('Added').waitFor()
    const full = (await seen(page)).heights.at(-1) ?? 0
    await eventually(() => item(page, 'one.jpg').count()).toBe(0)
    await eventually(async () => (await seen(page)).heights.at(-1)).toBe(0)
    const { counts, heights } = await seen(page)
    expect(counts).toEqual([3, 0])
    const between = heights.filter((height) => height > 0 && height < full)
    if (reducedMotion === 'reduce') expect(between).toEqual([])
    else expect(between.length).toBeGreaterThan(0)
    // No row became lower by being done, either.
    expect(Math.max(...heights)).toBe(full)
    expect(errors).toEqual([])
  })

  test('are removed one after the other by keyboard, and the focus is not lost', async () => {
    const { page } = await openIncident()
    await give(page, 'drop', ['one.jpg', 'two.jpg'])
    await item(page, 'two.jpg').hover()
    for (const name of ['one.jpg', 'two.jpg']) await item(page, name).getByText('Added').waitFor()
    await page.getByRole('button', { name: 'Remove one.jpg' }).focus()
    await page.keyboard.press('Enter')
    await eventually(() => item(page, 'one.jpg').count()).toBe(0)
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '')
    expect(await focused()).toBe('Remove two.jpg')
    await page.keyboard.press('Enter')
    await eventually(() => item(page, 'two.jpg').count()).toBe(0)
    expect(
      await page.getByRole('button', { name: 'Add files' }).evaluate((add) => add === document.activeElement),
    ).toBe(true)
  })
})

describe('an upload', () => {
  test('goes on where it was when the network comes back', async () => {
    const { page, user, incidentId } = await openIncident()
    const uploads = countUploads(page)
    const network = await throttle(page, SLOW)
    await choose(page, large)
    await eventually(() => progressOf(page, 'large.jpg')).toBeGreaterThan(10)
    await network.setOffline(true)
    await item(page, 'large.jpg')
      .getByText(/Interrupted/)
      .waitFor()
    await network.unthrottle()
    await card(page, 'large.jpg').getByText('Ready').waitFor()
    expect(await storedOriginal(user, incidentId)).toBe(await hashOf(large))
    expect(uploads.begun).toBe(1)
  })

  test('goes on after the page was reloaded, with the same file', async () => {
    const { page, user, incidentId } = await openIncident()
    const uploads = countUploads(page)
    const network = await throttle(page, SLOW)
    await choose(page, large)
    await eventually(() => progressOf(page, 'large.jpg')).toBeGreaterThan(10)
    page.on('dialog', (dialog) => void dialog.accept())
    await page.reload()
    await page.getByRole('button', { name: 'Add files' }).waitFor()
    await choose(page, large)
    await item(page, 'large.jpg')
      .getByText(/resumed/)
      .waitFor()
    await network.unthrottle()
    await card(page, 'large.jpg').getByText('Ready').waitFor()
    expect(await storedOriginal(user, incidentId)).toBe(await hashOf(large))
    expect(uploads.begun).toBe(1)
  })

  test('that is cancelled leaves nothing', async () => {
    const { page, user, incidentId } = await openIncident()
    await throttle(page, 1_000_000)
    await choose(page, large)
    await eventually(() => progressOf(page, 'large.jpg')).toBeGreaterThan(1)
    const gone = page.waitForResponse((response) => response.request().method() === 'DELETE')
    await item(page, 'large.jpg')
      .getByRole('button', { name: /^Cancel/ })
      .click()
    expect((await gone).status()).toBe(204)
    await eventually(() => item(page, 'large.jpg').count()).toBe(0)
    const { data } = await user.client.from('documents').select('id').eq('incident_id', incidentId)
    expect(data).toEqual([])
  })
})
