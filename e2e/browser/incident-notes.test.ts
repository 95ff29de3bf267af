/** Two members of an incident: who is there, who is typing, case notes, each other's work. */

import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { samplePhotoPath } from '../../samples/photos.ts'
import { newUser, postClaim } from '../support/claims.ts'
import { addMember, PHONE } from '../support/dashboard.ts'
import { card, incidentPages } from './incident-pages.ts'

/** Waits until what is read is as it should be. */
const eventually = <Value>(read: () => Value | Promise<Value>) =>
  expect.poll(read, { timeout: 30_000, interval: 25 })

const open = incidentPages()

describe('case notes between two members', () => {
  async function twoMembers() {
    const [anna, ben] = [await newUser(), await newUser()]
    const incidentId = await postClaim(anna, [])
    await addMember(incidentId, ben)
    const [first, second] = [await open(anna, incidentId), await open(ben, incidentId, PHONE)]
    return { anna, ben, incidentId, first, second }
  }

  const field = (page: Page) => page.getByLabel('Write a case note')
  const note = (page: Page, text: string) => page.locator('.note').filter({ hasText: text })

  test('each sees presence and typing of the other, and each note once', async () => {
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

  test('a note that is written without a network arrives once, also after a reload', async () => {
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

  test('the other member sees the progress of work live whose messages go to the owner only', async () => {
    const { second, first } = await twoMembers()
    await first.page.locator('.upload input[multiple]').setInputFiles(samplePhotoPath('front'))
    await card(second.page, 'front-damage.jpg').getByText('Ready').waitFor()
  })
})
