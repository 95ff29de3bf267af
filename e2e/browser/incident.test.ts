/** The incident page against a whole stack: lightbox, reports, transcripts, notes between two people, retries, XSS. */

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { samplePhotoPath } from '../fixtures/photos.ts'
import { sampleVoiceNotePath } from '../fixtures/voice-notes.ts'
import { accessibilityFindings } from '../support/axe.ts'
import { launchBrowser } from '../support/browser.ts'
import { endedJobs, newClient, newUser, postClaim, type TestUser } from '../support/claims.ts'
import {
  addMember,
  DESKTOP,
  LOOKS,
  lookAt,
  type OpenDashboard,
  openDashboard,
  PHONE,
} from '../support/dashboard.ts'
import { pdfOf } from '../support/pdf.ts'
import { swipe } from '../support/touch.ts'
import { faultyRecording } from '../support/voice-faults.ts'

/** Waits until what is read is as it should be. */
const eventually = <Value>(read: () => Value | Promise<Value>) =>
  expect.poll(read, { timeout: 30_000, interval: 25 })

let browser: Browser
const opened: OpenDashboard[] = []

beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())
afterEach(async () => {
  await Promise.all(opened.splice(0).map(({ context }) => context.close()))
})

async function open(user: TestUser, address: string, options = DESKTOP): Promise<OpenDashboard> {
  const dashboard = await openDashboard(browser, user, address, options)
  opened.push(dashboard)
  return dashboard
}

const lightbox = (page: Page) => page.locator('dialog.lightbox')
const card = (page: Page, name: string) => page.locator('.card').filter({ hasText: name })
const photo = (name: string) => `${inject('fileOrigin')}/${name}`

/** Two photos that can be seen and one that cannot; for tests that only look. */
let photographed: Promise<{ user: TestUser; incidentId: string }> | undefined

function withPhotos() {
  photographed ??= (async () => {
    const user = await newUser()
    const incidentId = await postClaim(user, [photo('good.jpg'), photo('truncated.jpg'), photo('good.jpg')])
    await endedJobs(user, incidentId, 3)
    return { user, incidentId }
  })()
  return photographed
}

describe('the lightbox', () => {
  test('shows a photo with what is known of it, and is left as it was entered', async () => {
    const { user, incidentId } = await withPhotos()
    const { page, errors } = await open(user, `incidents/${incidentId}`)
    const link = page.getByRole('link', { name: /^Open good/ }).first()
    await link.focus()
    await page.keyboard.press('Enter')
    const dialog = lightbox(page)
    await dialog.locator('img').waitFor()
    await eventually(() =>
      dialog.locator('img').evaluate((image: HTMLImageElement) => image.naturalWidth),
    ).toBeGreaterThan(100)
    await dialog.getByText('1 of 2').waitFor()
    const original = await readFile(samplePhotoPath('front'))
    expect(await dialog.locator('code').textContent()).toBe(
      createHash('sha256').update(original).digest('hex'),
    )
    await dialog.getByText(/Received/).waitFor()
    await dialog.getByText(/° N,/).waitFor()
    expect(await dialog.getByRole('link', { name: 'OpenStreetMap' }).getAttribute('href')).toMatch(
      /^https:\/\/www\.openstreetmap\.org\/\?mlat=/,
    )

    await page.keyboard.press('ArrowRight')
    await dialog.getByText('2 of 2').waitFor()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Home')
    await dialog.getByText('1 of 2').waitFor()
    // However often: the focus does not leave the dialog.
    for (let presses = 0; presses < 8; presses += 1) {
      await page.keyboard.press('Tab')
      expect(
        await page.evaluate(
          () =>
            document.activeElement === document.body || document.activeElement?.closest('dialog') !== null,
        ),
      ).toBe(true)
    }
    expect(await accessibilityFindings(page)).toEqual([])

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      dialog.getByRole('button', { name: 'Download original' }).click(),
    ])
    const bytes = await readFile(await download.path())
    expect(bytes.equals(original)).toBe(true)

    await page.keyboard.press('Escape')
    await eventually(() => dialog.evaluate((element: HTMLDialogElement) => element.open)).toBe(false)
    expect(new URL(page.url()).hash).toBe(`#/incidents/${incidentId}`)
    expect(await link.evaluate((element) => element === document.activeElement)).toBe(true)
    expect(errors).toEqual([])
  })

  test('opens by its address, and is swiped through on a phone', async () => {
    const { user, incidentId } = await withPhotos()
    const { data } = await user.client.from('documents').select('id').order('created_at').limit(1).single()
    const { page, errors } = await open(user, `incidents/${incidentId}/documents/${data?.id}`, PHONE)
    const dialog = lightbox(page)
    await dialog.getByText('1 of 2').waitFor()
    await dialog.locator('.lightbox.is-loaded, img').first().waitFor()
    await swipe(page, dialog.locator('.lightbox__stage'), -140)
    await dialog.getByText('2 of 2').waitFor()
    await swipe(page, dialog.locator('.lightbox__stage'), 140)
    await dialog.getByText('1 of 2').waitFor()
    await dialog.getByRole('button', { name: 'Close' }).click()
    await page.getByRole('heading', { level: 1 }).waitFor()
    expect(new URL(page.url()).hash).toBe(`#/incidents/${incidentId}`)
    expect(errors).toEqual([])
  })
})

test('a report is made and downloaded', async () => {
  const user = await newUser()
  const incidentId = await postClaim(user, [])
  const { page, errors } = await open(user, `incidents/${incidentId}`)
  await page.getByRole('button', { name: 'Create report' }).click()
  const report = page.locator('[data-report-id]').first()
  await report.getByText('Ready').waitFor()
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    report.getByRole('button', { name: /^Download/ }).click(),
  ])
  expect(download.suggestedFilename()).toMatch(/\.pdf$/)
  expect((await readFile(await download.path())).subarray(0, 5).toString()).toBe('%PDF-')
  expect(errors).toEqual([])
})

test('what a report lacks is supplied right there, and another member sees it live', async () => {
  const [user, other] = [await newUser(), await newUser()]
  const incidentId = await postClaim(user, [])
  await addMember(incidentId, other)
  await newClient('secretKey')
    .from('incidents')
    .update({ occurred_on: null, description: null })
    .eq('id', incidentId)
  const [first, second] = [
    await open(user, `incidents/${incidentId}`),
    await open(other, `incidents/${incidentId}`, PHONE),
  ]
  const newest = (page: Page) => page.locator('[data-report-id]').first()
  await first.page.getByRole('button', { name: 'Create report' }).click()
  const report = newest(first.page)
  await report.getByText('Still missing: date of the crash, description').waitFor()
  expect(await report.getByText('incident_date').count()).toBe(0)
  expect(await accessibilityFindings(first.page)).toEqual([])

  // Without a date nothing is sent, and what was typed stays.
  await report.getByLabel('What happened?').fill('He did not see the bike.')
  await report.getByRole('button', { name: 'Save and make the report' }).click()
  expect(
    await report
      .getByLabel('Date of the crash')
      .evaluate((field: HTMLInputElement) => field.matches(':invalid')),
  ).toBe(true)
  await first.page.route('**/rpc/update_incident', (route) => route.abort(), { times: 1 })
  await report.getByLabel('Date of the crash').fill('2026-11-20')
  await report.getByRole('button', { name: 'Save and make the report' }).click()
  await report.getByRole('alert').filter({ hasText: 'could not be saved' }).waitFor()
  expect(await report.getByLabel('What happened?').inputValue()).toBe('He did not see the bike.')

  await report.getByRole('button', { name: 'Save and make the report' }).click()
  await report.getByText('Ready').waitFor()
  expect(await report.getByLabel('Date of the crash').isVisible()).toBe(false)
  for (const { page } of [first, second]) {
    await page.getByText('He did not see the bike.').waitFor()
    await page.getByText(/Nov 20, 2026/).waitFor()
    await newest(page).getByText('Ready').waitFor()
  }
  expect(second.errors).toEqual([])
})

test('a transcript appears while the page is open, marked as simulated, with the original to listen to', async () => {
  const user = await newUser()
  const incidentId = await postClaim(user, [])
  const { page, errors } = await open(user, `incidents/${incidentId}`)
  await page.locator('.upload input[multiple]').setInputFiles(sampleVoiceNotePath('wav'))
  const note = page.locator('.voice').filter({ hasText: 'voice-note.wav' })
  await note.getByText('Ready').waitFor()
  await note.getByText('Simulated.').waitFor()
  await note
    .getByText(/\[Simulated transcript/)
    .first()
    .waitFor()
  const audio = note.locator('audio')
  await eventually(() => audio.getAttribute('src')).toContain('/storage/v1/object/sign/originals/')
  await eventually(() =>
    audio.evaluate(async (element: HTMLAudioElement) => {
      element.preload = 'metadata'
      element.load()
      await new Promise((resolve) => element.addEventListener('loadedmetadata', resolve, { once: true }))
      return element.duration
    }),
  ).toBeGreaterThan(1)
  expect(errors).toEqual([])
})

test('a transcript is read while it is recognised', async () => {
  const user = await newUser()
  const incidentId = await postClaim(user, [])
  const { page, errors } = await open(user, `incidents/${incidentId}`)
  // The service says the beginning of it and then falls silent.
  await page.locator('.upload input[multiple]').setInputFiles({
    name: 'held.wav',
    mimeType: 'audio/wav',
    buffer: faultyRecording('held.wav'),
  })
  const note = page.locator('.voice').filter({ hasText: 'held.wav' })
  await note
    .locator('.voice__text[aria-busy="true"]')
    .getByText(/^\[Simulated transcript/)
    .waitFor()
  expect(await note.locator('.pill').textContent()).toBe('Processing')
  expect(errors).toEqual([])
})

test('an attached PDF is described by its title and its pages, and downloaded as it came', async () => {
  const user = await newUser()
  const incidentId = await postClaim(user, [])
  const { page, errors } = await open(user, `incidents/${incidentId}`, PHONE)
  const buffer = await pdfOf('Repair estimate 4711', 2)
  await page
    .locator('.upload input[multiple]')
    .setInputFiles({ name: 'estimate.pdf', mimeType: 'application/pdf', buffer })
  const attachment = page.locator('.row-item').filter({ hasText: 'estimate.pdf' })
  await attachment.getByText('Ready').waitFor()
  await attachment.getByText(/Repair estimate 4711 · PDF · 2 pages/).waitFor()
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    attachment.getByRole('button', { name: 'Download estimate.pdf' }).click(),
  ])
  expect((await readFile(await download.path())).equals(buffer)).toBe(true)
  expect(errors).toEqual([])
})

describe('case notes between two members', () => {
  async function twoMembers() {
    const [anna, ben] = [await newUser(), await newUser()]
    const incidentId = await postClaim(anna, [])
    await addMember(incidentId, ben)
    const [first, second] = [
      await open(anna, `incidents/${incidentId}`),
      await open(ben, `incidents/${incidentId}`, PHONE),
    ]
    return { anna, ben, incidentId, first, second }
  }

  const field = (page: Page) => page.getByLabel('Write a case note')
  const note = (page: Page, text: string) => page.locator('.note').filter({ hasText: text })

  test('each sees who is there, who is typing, and what was written, once', async () => {
    const { anna, ben, first, second } = await twoMembers()
    await first.page
      .getByRole('list', { name: 'Also looking at this incident' })
      .getByText(ben.email)
      .waitFor({ state: 'attached' })
    await second.page
      .getByRole('list', { name: 'Also looking at this incident' })
      .getByText(anna.email)
      .waitFor({ state: 'attached' })
    await field(second.page).pressSequentially('The tow truck')
    await first.page.getByText(`${ben.email} is typing…`).waitFor()
    await field(second.page).press('Enter')
    await note(first.page, 'The tow truck').getByText(ben.email).waitFor()
    await note(second.page, 'The tow truck').getByText('You').waitFor()
    await eventually(() => first.page.getByText('is typing…').count()).toBe(0)
    expect([
      await note(first.page, 'The tow truck').count(),
      await note(second.page, 'The tow truck').count(),
    ]).toEqual([1, 1])
    expect([...first.errors, ...second.errors]).toEqual([])

    await second.context.close()
    await eventually(() =>
      first.page.getByRole('list', { name: 'Also looking at this incident' }).isVisible(),
    ).toBe(false)
  })

  test('what is written without a network arrives once, also after a reload', async () => {
    const { ben, incidentId, first, second } = await twoMembers()
    await field(second.page).waitFor()
    await second.context.setOffline(true)
    await field(second.page).fill('Written in a tunnel')
    await field(second.page).press('Enter')
    await note(second.page, 'Written in a tunnel')
      .getByText(/Not sent yet/)
      .waitFor()
    await second.context.setOffline(false)
    await second.page.reload()
    await note(first.page, 'Written in a tunnel').waitFor()
    await eventually(() => second.page.getByText(/Not sent yet|Sending/).count()).toBe(0)
    const { data } = await ben.client.from('case_notes').select('body').eq('incident_id', incidentId)
    expect(data).toEqual([{ body: 'Written in a tunnel' }])
  })

  test('the other member sees work live that is told to the owner alone', async () => {
    const { second, first } = await twoMembers()
    await first.page.locator('.upload input[multiple]').setInputFiles(samplePhotoPath('front'))
    await card(second.page, 'front-damage.jpg').getByText('Ready').waitFor()
  })
})

test('all failed work is retried at once', async () => {
  const user = await newUser()
  const incidentId = await postClaim(user, [photo('truncated.jpg'), photo('truncated.jpg')])
  await endedJobs(user, incidentId, 2)
  const { page, errors } = await open(user, `incidents/${incidentId}`)
  await page.getByText('2 pieces of work failed').waitFor()
  await page.getByRole('button', { name: 'Retry all failed' }).click()
  await eventually(async () => {
    const { data } = await user.client
      .from('notifications')
      .select('seq')
      .eq('type', 'image_processing_failed')
    return data?.length
  }).toBe(4)
  expect(errors).toEqual([])
})

test('what looks like markup is shown as text, everywhere', async () => {
  const user = await newUser()
  const admin = newClient('secretKey')
  const incidentId = await postClaim(user, [photo('truncated.jpg'), photo('good.jpg')])
  await endedJobs(user, incidentId, 2)
  const attack = (name: string) =>
    `${name}<img src=x onerror="globalThis.hacked=1"><script>globalThis.hacked=1</script>`
  await admin
    .from('incidents')
    .update({
      title: attack('title'),
      description: attack('description'),
      reporter_email: attack('reporter'),
      answers: [{ ref: 'a', question: attack('question'), type: 'text', value: attack('answer') }],
    })
    .eq('id', incidentId)
  await admin
    .from('documents')
    .update({
      file_name: attack('file'),
      metadata: { takenAt: attack('taken'), camera: { model: attack('camera') }, note: attack('remark') },
    })
    .eq('incident_id', incidentId)
  const { data: audio } = await admin
    .from('documents')
    .insert({
      incident_id: incidentId,
      user_id: user.id,
      kind: 'audio',
      document_type: attack('type'),
      source_url: 'https://x.invalid/a',
    })
    .select()
    .single()
  await admin
    .from('transcriptions')
    .update({
      text: attack('said'),
      segments: [{ start: 0, end: 1, text: attack('segment') }],
      provider: attack('provider'),
      language: attack('language'),
    })
    .eq('document_id', audio?.id ?? '')
  await admin.from('documents').insert({
    incident_id: incidentId,
    user_id: user.id,
    kind: 'attachment',
    document_type: 'attachment',
    file_name: attack('attachment'),
    source_url: 'https://x.invalid/b',
  })
  await admin.from('reports').insert({
    incident_id: incidentId,
    user_id: user.id,
    origin: 'requested',
    file_name: attack('report'),
    path: 'x',
  })
  await user.client.rpc('add_case_note', { p_incident_id: incidentId, p_body: attack('note') })

  const { page } = await open(user, `incidents/${incidentId}`)
  await page.locator('summary').filter({ hasText: 'Answers' }).click()
  for (const name of [
    'title',
    'description',
    'reporter',
    'question',
    'answer',
    'file',
    'segment',
    'attachment',
    'note',
  ]) {
    await page.getByText(`${name}<img src=x`).filter({ visible: true }).first().waitFor()
  }
  await page.locator('[title^="report<img src=x"]').waitFor()
  await page.getByRole('tab', { name: 'Timeline' }).click()
  await page.locator('#panel-timeline').getByText('file<img src=x').first().waitFor()
  await page
    .getByRole('link', { name: /^Open file/ })
    .first()
    .click()
  await lightbox(page).getByText('camera<img src=x').waitFor()
  expect(await page.evaluate(() => 'hacked' in globalThis)).toBe(false)
  expect(await page.locator('img[src="x"], .detail script').count()).toBe(0)
})

test('the last visit is on the screen before the server answers, said to be old, and gone after signing out', async () => {
  const { user, incidentId } = await withPhotos()
  const { page } = await open(user, `incidents/${incidentId}`)
  await card(page, 'good.jpg').getByText('Ready').first().waitFor()
  await page.route('**/rest/v1/incidents**', (route) => route.abort())
  await page.reload()
  await card(page, 'good.jpg').getByText('Ready').first().waitFor()
  await page.getByText(/This is what you saw/).waitFor()
  await page.unroute('**/rest/v1/incidents**')
  await eventually(() => page.getByText(/This is what you saw/).count()).toBe(0)

  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByLabel('Email').waitFor()
  expect(
    await page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('claimwire:kept'))),
  ).toEqual([])
})

test('nothing hinders people who use assistive technology, and nothing sticks out', async () => {
  const { user, incidentId } = await withPhotos()
  const { page } = await open(user, `incidents/${incidentId}`)
  await page.getByRole('button', { name: 'Create report' }).waitFor()
  for (const tab of ['Timeline', 'Live log', 'Notes']) {
    await page.getByRole('tab', { name: tab }).click()
    for (const look of LOOKS) {
      await lookAt(page, look)
      expect(await accessibilityFindings(page), `${tab}, ${look.name}`).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0)
    }
  }
})
