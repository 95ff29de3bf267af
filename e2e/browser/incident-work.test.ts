/** Work on an incident against a whole stack: reports, transcripts, attachments, retries. */

import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { sampleVoiceNotePath } from '../../samples/voice-notes.ts'
import { accessibilityFindings } from '../support/axe.ts'
import { endedJobs, newClient, newUser, postClaim } from '../support/claims.ts'
import { addMember, PHONE } from '../support/dashboard.ts'
import { pdfOf } from '../support/pdf.ts'
import { faultyRecording } from '../support/voice-faults.ts'
import { incidentPages, photo } from './incident-pages.ts'

/** Waits until what is read is as it should be. */
const eventually = <Value>(read: () => Value | Promise<Value>) =>
  expect.poll(read, { timeout: 30_000, interval: 25 })

const open = incidentPages()

test('a report is made and downloaded', async () => {
  const user = await newUser()
  const incidentId = await postClaim(user, [])
  const { page, errors } = await open(user, incidentId)
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

test('a member supplies a report’s missing fields, and another member sees the report live', async () => {
  const [user, other] = [await newUser(), await newUser()]
  const incidentId = await postClaim(user, [])
  await addMember(incidentId, other)
  await newClient('secretKey')
    .from('incidents')
    .update({ occurred_on: null, description: null })
    .eq('id', incidentId)
  const [first, second] = [await open(user, incidentId), await open(other, incidentId, PHONE)]
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

test('a transcript appears while it is recognised, marked as simulated, with the original to listen to', async () => {
  const user = await newUser()
  const incidentId = await postClaim(user, [])
  const { page, errors } = await open(user, incidentId)
  const files = page.locator('.upload input[multiple]')
  // The service streams the beginning of the transcript and then stops.
  await files.setInputFiles({
    name: 'held.wav',
    mimeType: 'audio/wav',
    buffer: faultyRecording('held.wav'),
  })
  const held = page.locator('.voice').filter({ hasText: 'held.wav' })
  await held
    .locator('.voice__text[aria-busy="true"]')
    .getByText(/^\[Simulated transcript/)
    .waitFor()
  expect(await held.locator('.pill').textContent()).toBe('Processing')

  await files.setInputFiles(sampleVoiceNotePath('wav'))
  const note = page.locator('.voice').filter({ hasText: 'voice-note.wav' })
  await note.getByText('Ready').waitFor()
  await note.getByText('Simulated.').waitFor()
  await note
    .getByText(/\[Simulated transcript/)
    .first()
    .waitFor()
  await note.getByRole('button', { name: 'Listen' }).click()
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

test('an attached PDF is described by its title and its pages, and downloaded as it came', async () => {
  const user = await newUser()
  const incidentId = await postClaim(user, [])
  const { page, errors } = await open(user, incidentId, PHONE)
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

test('one button retries all failed work', async () => {
  const user = await newUser()
  const incidentId = await postClaim(user, [photo('truncated.jpg'), photo('truncated.jpg')])
  await endedJobs(user, incidentId, 2)
  const { page, errors } = await open(user, incidentId)
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
