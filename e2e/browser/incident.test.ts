/** The incident page against a whole stack: lightbox, markup in every field, the last visit, assistive technology. */

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { describe, expect, inject, test } from 'vitest'
import { samplePhotoPath } from '../../samples/photos.ts'
import { withClient } from '../../stack/postgres/index.ts'
import { accessibilityFindings } from '../support/axe.ts'
import { endedJobs, newClient, newUser, postClaim, type TestUser } from '../support/claims.ts'
import { LOOKS, lookAt, PHONE } from '../support/dashboard.ts'
import { swipe } from '../support/touch.ts'
import { card, incidentPages, photo } from './incident-pages.ts'

/** Waits until what is read is as it should be. */
const eventually = <Value>(read: () => Value | Promise<Value>) =>
  expect.poll(read, { timeout: 30_000, interval: 25 })

const open = incidentPages()
const lightbox = (page: Page) => page.locator('dialog.lightbox')

/** An incident with two previews and one failed photo, for tests that change nothing. */
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
  test('shows a photo with its metadata, and returns the focus when it closes', async () => {
    const { user, incidentId } = await withPhotos()
    const { page, errors } = await open(user, incidentId)
    const link = page.getByRole('link', { name: /^Open good/ }).first()
    await link.focus()
    await page.keyboard.press('Enter')
    const dialog = lightbox(page)
    await dialog.locator('img').waitFor()
    await eventually(() =>
      dialog.locator('img').evaluate((image: HTMLImageElement) => image.naturalWidth),
    ).toBeGreaterThan(100)
    await dialog.getByText('1 of 2', { exact: true }).waitFor()
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
    await dialog.getByText('2 of 2', { exact: true }).waitFor()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Home')
    await dialog.getByText('1 of 2', { exact: true }).waitFor()
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
    const { page, errors } = await open(user, `${incidentId}/documents/${data?.id}`, PHONE)
    const dialog = lightbox(page)
    await dialog.getByText('1 of 2', { exact: true }).waitFor()
    await dialog.locator('.lightbox.is-loaded, img').first().waitFor()
    await swipe(page, dialog.locator('.lightbox__stage'), -140)
    await dialog.getByText('2 of 2', { exact: true }).waitFor()
    await swipe(page, dialog.locator('.lightbox__stage'), 140)
    await dialog.getByText('1 of 2', { exact: true }).waitFor()
    await dialog.getByRole('button', { name: 'Close' }).click()
    await page.getByRole('heading', { level: 1 }).waitFor()
    expect(new URL(page.url()).hash).toBe(`#/incidents/${incidentId}`)
    expect(errors).toEqual([])
  })

  test('leaves the toasts a place where they do not cover the photo’s metadata', async () => {
    const { user, incidentId } = await withPhotos()
    const { page } = await open(user, incidentId, PHONE)
    await page
      .getByRole('link', { name: /^Open good/ })
      .first()
      .click()
    const dialog = lightbox(page)
    await dialog.getByText('1 of 2', { exact: true }).waitFor()
    const { data } = await user.client.from('jobs').select('id').eq('status', 'failed').limit(1).single()
    await user.client.rpc('requeue_job', { p_job_id: data?.id ?? '' })
    await page.locator('[data-toast]').getByText('incomplete').waitFor()
    const covered = () =>
      page.evaluate(() => {
        const boxOf = (element: Element) => element.getBoundingClientRect()
        const toasts = [...document.querySelectorAll('[data-toast]')].map(boxOf)
        return [...document.querySelectorAll('.lightbox__panel, .lightbox__stage > button:not([hidden])')]
          .filter((element) => {
            const { left, right, top, bottom } = boxOf(element)
            return toasts.some(
              (toast) => toast.left < right && toast.right > left && toast.top < bottom && toast.bottom > top,
            )
          })
          .map(({ className }) => className)
      })
    for (const viewport of [
      { width: 390, height: 844 },
      { width: 360, height: 640 },
      { width: 800, height: 1100 },
      { width: 667, height: 375 },
      { width: 844, height: 390 },
      { width: 1280, height: 800 },
    ]) {
      await lookAt(page, { colorScheme: 'light', viewport })
      expect(await covered(), `${viewport.width} by ${viewport.height}`).toEqual([])
    }
    // The toasts' buttons can still be pressed.
    await page
      .getByRole('button', { name: /^Dismiss/ })
      .first()
      .click()
    await eventually(() => page.locator('[data-toast]').count()).toBe(0)
  })
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
  // A service writes no name of a received file.
  await withClient(inject('stack').db.postgres, (client) =>
    client.query('update public.documents set file_name = $1 where incident_id = $2', [
      attack('file'),
      incidentId,
    ]),
  )
  await admin
    .from('documents')
    .update({
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

  const { page } = await open(user, incidentId)
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
  const { page } = await open(user, incidentId)
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

test('axe finds nothing, and nothing overflows the screen', async () => {
  const { user, incidentId } = await withPhotos()
  const { page } = await open(user, incidentId)
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
