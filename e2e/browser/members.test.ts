/** Members of a case, in the browsers of two users: taking the case, adding a member, and the end of a member's access. */

import { randomUUID } from 'node:crypto'
import pg from 'pg'
import type { Page } from 'playwright-core'
import { afterAll, expect, inject, test } from 'vitest'
import { accessibilityFindings } from '../support/axe.ts'
import { type Client, newClient, newUser, postClaim, type TestUser } from '../support/claims.ts'
import { LOOKS, lookAt, PHONE } from '../support/dashboard.ts'
import { incidentPages } from './incident-pages.ts'

const open = incidentPages()
const db = new pg.Pool({ connectionString: inject('stack').db.postgres, max: 1 })
afterAll(() => db.end())

const PATIENCE = { timeout: 30_000, interval: 25 }

async function appoint({ email }: TestUser, role: string): Promise<void> {
  const { error } = await newClient('secretKey').rpc('appoint_staff', { p_email: email, p_role: role })
  expect(error).toBeNull()
}

/** Opens the people of the case by the keyboard. */
async function openPeople(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^People/ }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('dialog', { name: 'People on this case' }).waitFor()
}

test('staff take a case and add a viewer; the owner sees it live, and removes the viewer, whose page loses the case', async () => {
  const [owner, handler, friend] = [await newUser(), await newUser(), await newUser()]
  await appoint(handler, 'handler')
  const incidentId = await postClaim(owner, [])
  const [firm, claimant] = [await open(handler, incidentId), await open(owner, incidentId)]
  await claimant.page.getByText('No handler yet').waitFor()
  expect(await claimant.page.getByRole('button', { name: 'Take this case' }).count()).toBe(0)

  await firm.page.getByRole('button', { name: 'Take this case' }).focus()
  await firm.page.keyboard.press('Enter')
  await firm.page.getByText('Handled by you').waitFor()
  await firm.page.getByLabel('State of the case').selectOption('in_progress')
  await claimant.page.getByText(`Handled by ${handler.email}`).waitFor()
  await claimant.page.locator('.case-bar__state').getByText('In progress').waitFor()

  await openPeople(firm.page)
  const dialog = firm.page.getByRole('dialog')
  await dialog.getByLabel('Add somebody').fill(owner.email)
  await firm.page.keyboard.press('Enter')
  await dialog.getByRole('alert').getByText('This person is there already.').waitFor()
  await dialog.getByLabel('Add somebody').fill(friend.email)
  await firm.page.keyboard.press('Enter')
  await dialog.getByText(`${friend.email} is on the case.`).waitFor()
  for (const look of LOOKS) {
    await lookAt(firm.page, look)
    expect(await accessibilityFindings(firm.page)).toEqual([])
  }
  await firm.page.keyboard.press('Escape')
  await expect.poll(() => firm.page.getByRole('dialog').count(), PATIENCE).toBe(0)
  await expect
    .poll(
      () =>
        firm.page
          .getByRole('button', { name: /^People/ })
          .evaluate((button) => button === button.ownerDocument.activeElement),
      PATIENCE,
    )
    .toBe(true)

  // A viewer reads, and is offered nothing to write with.
  const viewer = await open(friend, incidentId, PHONE)
  await viewer.page
    .getByText('You can read this case, and not write about it.')
    .waitFor({ state: 'attached' })
  expect(await viewer.page.getByRole('button', { name: 'Add files' }).count()).toBe(0)

  await openPeople(claimant.page)
  const people = claimant.page.getByRole('dialog')
  expect(await people.getByRole('button', { name: `Remove ${handler.email}` }).count()).toBe(0)
  await people.getByRole('button', { name: `Remove ${friend.email}` }).press('Enter')
  await people.getByRole('button', { name: `Yes, remove ${friend.email}` }).press('Enter')
  await people.getByText(`${friend.email} is no longer on the case.`).waitFor()
  await viewer.page.locator('.cw-toast__title').getByText('You no longer see this case').waitFor()
  const kept = await viewer.page.evaluate(() => JSON.stringify({ ...globalThis.localStorage }))
  expect(kept).not.toContain(incidentId)
  // The owner and the handler go on hearing each other, on the topic that the case has moved to.
  await claimant.page.keyboard.press('Escape')
  await claimant.page.getByLabel('Write a case note').fill('Still here')
  await claimant.page.keyboard.press('Enter')
  await firm.page.getByText('Still here').waitFor({ state: 'attached' })
  expect([...firm.errors, ...claimant.errors].filter((text) => !text.includes('409'))).toEqual([])
})

interface Heard {
  events: string[]
  client: Client
}

/** Joins a topic and stays there, whatever it is told. */
async function listen(user: TestUser, topic: string): Promise<Heard> {
  const { error } = await user.client.rpc('register_device', { p_device_id: randomUUID() })
  expect(error).toBeNull()
  await user.client.realtime.setAuth()
  const events: string[] = []
  const channel = user.client.channel(topic, { config: { private: true } })
  channel.on('broadcast', { event: '*' }, ({ event }) => events.push(event))
  await new Promise<void>((resolve, reject) => {
    channel.subscribe((status, reason) => {
      if (status === 'SUBSCRIBED') resolve()
      else if (status !== 'CLOSED') reject(reason ?? new Error(status))
    })
  })
  return { events, client: user.client }
}

const heardBy = ({ events }: Heard) => expect.poll(() => events, PATIENCE)

test('a removed member whose client ignores the message about it hears nothing more, and may not join again', async () => {
  const [owner, handler, removed] = [await newUser(), await newUser(), await newUser()]
  await appoint(handler, 'handler')
  const incidentId = await postClaim(owner, [])
  expect((await handler.client.rpc('take_incident', { p_incident_id: incidentId })).error).toBeNull()
  const adding = await handler.client.rpc('add_member', { p_incident_id: incidentId, p_email: removed.email })
  expect(adding).toMatchObject({ error: null, data: { status: 'added', userId: removed.id } })
  const topicOf = async ({ client }: TestUser) =>
    (await client.rpc('incident_topics', { p_incident_ids: [incidentId] })).data?.[0]?.topic
  const before = (await topicOf(owner)) ?? ''
  const [staying, gone] = [await listen(owner, before), await listen(removed, before)]
  const type = (event: string) =>
    handler.client.rpc('send_to_topic', { p_topic: `incident:${incidentId}`, p_event: event })
  expect((await type('before')).error).toBeNull()
  await heardBy(gone).toContain('before')

  const removing = await handler.client.rpc('remove_member', {
    p_incident_id: incidentId,
    p_user_id: removed.id,
  })
  expect(removing.error).toBeNull()
  await heardBy(staying).toContain('incident_moved')
  const after = (await topicOf(owner)) ?? ''
  expect(after).not.toBe(before)
  const moved = await listen(owner, after)
  expect((await type('after')).error).toBeNull()
  await heardBy(moved).toContain('after')

  // Sent after it on the topic that the removed member still listens to: what arrives behind it would have arrived before.
  await db.query(`select realtime.send('{}', 'end', $1, true)`, [before])
  await heardBy(gone).toContain('end')
  expect(gone.events.filter((event) => event !== 'realtime_update')).toEqual([
    'before',
    'incident_moved',
    'end',
  ])
  expect(gone.events.indexOf('realtime_update', gone.events.indexOf('incident_moved'))).toBe(-1)

  expect(await topicOf(removed)).toBeUndefined()
  await removed.client.removeAllChannels()
  await expect(listen(removed, after)).rejects.toThrow(/Unauthorized/)
  const { data } = await removed.client.from('incidents').select('id').eq('id', incidentId)
  expect(data).toEqual([])
  for (const { client } of [owner, removed]) await client.removeAllChannels()
})
