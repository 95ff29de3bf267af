/** From the form to the claim, on a phone: the mail after the form, links, codes, a second form, and what goes wrong. */

import { randomUUID } from 'node:crypto'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest'
import { buildTypeformResponse } from '../samples/typeform.ts'
import { launchBrowser, watchForErrors } from '../scripts/browser.ts'
import { withClient } from '../stack/testing/database.ts'
import { accessibilityFindings } from './support/axe.ts'
import { newUser, PASSWORD, postWebhook } from './support/claims.ts'
import { LOOKS, lookAt, PHONE } from './support/dashboard.ts'
import { mailTo } from './support/mailbox.ts'

const PATIENCE_MS = 30_000

let browser: Browser
const contexts: BrowserContext[] = []
let errors: string[] = []

beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close()
})

/** A browser profile of its own, on a phone. */
async function openPhone(path = '/'): Promise<Page> {
  const context = await browser.newContext(PHONE)
  contexts.push(context)
  return await openTab(context, path)
}

async function openTab(context: BrowserContext, path: string): Promise<Page> {
  const page = await context.newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  errors = watchForErrors(page)
  await page.goto(new URL(path, inject('dashboardUrl')).href)
  return page
}

/** Posts a signed form without an id of a user; returns the incident's id. */
async function postForm(email: string, title = `Claim ${randomUUID().slice(0, 8)}`): Promise<string> {
  const response = buildTypeformResponse({ email, title, files: [`${inject('fileOrigin')}/good.jpg`] })
  const { status, body } = await postWebhook(JSON.stringify(response))
  expect(status).toBe(200)
  return String(Reflect.get(Object(body), 'incident_id'))
}

/** As if the last mail to the address had been sent minutes ago: Auth and the outbox space mails out. */
async function forgetPauses(email: string): Promise<void> {
  await withClient(inject('stack').db.admin, async (client) => {
    await client.query(
      `update auth.users set confirmation_sent_at = null, recovery_sent_at = null where email = $1`,
      [email],
    )
    await client.query(
      `update private.claim_mails set sent_at = sent_at - interval '10 minutes' where email = $1`,
      [email],
    )
  })
}

async function sendDueMails(): Promise<void> {
  const { url, keys } = inject('stack')
  const answer = await fetch(`${url}/functions/v1/claim-mail`, {
    method: 'POST',
    headers: { apikey: keys.secretKey, 'content-type': 'application/json' },
    body: '{}',
  })
  expect(answer.status).toBe(200)
}

async function findingsInAllLooks(page: Page): Promise<string[]> {
  const findings: string[] = []
  for (const look of LOOKS) {
    await lookAt(page, look)
    findings.push(...(await accessibilityFindings(page)).map((finding) => `${look.name}: ${finding}`))
  }
  return findings
}

const live = (page: Page) => page.getByRole('status').filter({ hasText: 'Live' })

test('somebody who sends the form follows the mail to their claim, live; a second form waits for their word', async () => {
  const email = `${randomUUID()}@example.test`
  const first = await postForm(email, 'Rear-ended at the lights')
  const mail = await mailTo(email)
  expect(new URL(mail.link).pathname).toBe('/auth/confirm')
  // A scanner opens every link, and its page's scripts run. Nothing is spent.
  const scanner = await openPhone(mail.link)
  await scanner.getByRole('button', { name: 'Continue' }).waitFor()

  const page = await openPhone(mail.link)
  expect(await findingsInAllLooks(page)).toEqual([])
  await page.getByRole('button', { name: 'Continue' }).press('Enter')
  await live(page).waitFor()
  await page.getByRole('heading', { name: 'Rear-ended at the lights' }).first().waitFor()
  await page.locator('[data-document-id]').getByText('Ready').waitFor()
  expect(new URL(page.url()).hash).toBe(`#/incidents/${first}`)
  expect(page.url()).not.toContain('token_hash')
  await expect
    .poll(() =>
      withClient(inject('stack').db.admin, async (client) => {
        const { rows } = await client.query(
          `select raw_app_meta_data ->> 'mailbox' as mailbox from auth.users where email = $1`,
          [email],
        )
        return rows
      }),
    )
    .toEqual([{ mailbox: 'proven' }])
  expect(errors).toEqual([])

  const second = await postForm(email, 'Scratched in the car park')
  await forgetPauses(email)
  await sendDueMails()
  const question = await mailTo(email, 2)
  // On another device: signed in by the mail's link, which asks whether the claim is theirs.
  const other = await openPhone(question.link)
  await other.getByRole('button', { name: 'Continue' }).click()
  await other.getByRole('heading', { name: 'Is this claim yours?' }).waitFor()
  await other.getByText('Scratched in the car park').waitFor()
  expect(await other.locator(`a[href$="${second}"]`).count()).toBe(0)
  expect(await findingsInAllLooks(other)).toEqual([])
  await other.getByRole('button', { name: 'Yes, it is mine' }).click()
  await other.getByRole('heading', { name: 'Scratched in the car park' }).first().waitFor()
  expect(new URL(other.url()).hash).toBe(`#/incidents/${second}`)
  // The first device is told by its socket, without a reload.
  await page.goto(`${inject('dashboardUrl')}/#/`)
  await page.locator(`a[href$="#/incidents/${second}"]`).first().waitFor()
})

test('a link that was used says so and offers a new one; the code of the new mail signs in, also the tab that waits', async () => {
  const { email } = await newUser()
  const page = await openPhone('/')
  expect(await findingsInAllLooks(page)).toEqual([])
  await page.getByLabel('Email').fill(`  ${email} `)
  await page.getByLabel('Email').press('Enter')
  await page.getByRole('heading', { name: 'Look into your mail' }).waitFor()
  expect(await findingsInAllLooks(page)).toEqual([])
  await expect
    .poll(() => page.getByRole('button', { name: /Send another mail in \d+ s/ }).isDisabled())
    .toBe(true)
  const code = page.getByLabel('Code')
  expect(
    await code.evaluate((field) => [field.getAttribute('inputmode'), field.getAttribute('autocomplete')]),
  ).toEqual(['numeric', 'one-time-code'])
  const mail = await mailTo(email)
  await code.fill(mail.code === '000000' ? '000001' : '000000')
  await page.getByRole('alert').filter({ hasText: 'wrong or too old' }).waitFor()

  // The link opens in another tab of this browser; the tab with the code field goes on by itself.
  const tab = await openTab(page.context(), mail.link)
  await tab.getByRole('button', { name: 'Continue' }).click()
  await live(tab).waitFor()
  await live(page).waitFor()

  const late = await openPhone(mail.link)
  await late.getByRole('button', { name: 'Continue' }).click()
  await late.getByRole('alert').filter({ hasText: 'used already' }).waitFor()
  expect(late.url()).not.toContain('token_hash')
  expect(await findingsInAllLooks(late)).toEqual([])
  await forgetPauses(email)
  await late.getByLabel('Email').fill(email)
  await late.getByRole('button', { name: 'Continue' }).click()
  const next = await mailTo(email, 2)
  // Pasted with spaces, as mail programs copy it: sent without a further click.
  await late.getByLabel('Code').focus()
  await late.keyboard.insertText(` ${next.code} `)
  await live(late).waitFor()
})

test('a forgotten password is set anew by the code, and signs in', async () => {
  const { email } = await newUser()
  const page = await openPhone('/')
  await page.getByRole('button', { name: 'Use a password' }).click()
  await page.getByLabel('Password').waitFor()
  await page.getByLabel('Email').fill(email)
  expect(await findingsInAllLooks(page)).toEqual([])
  await page.getByRole('button', { name: 'Forgot password' }).click()
  expect(await page.getByLabel('Email').inputValue()).toBe(email)
  await page.getByRole('button', { name: 'Continue' }).click()
  const mail = await mailTo(email)
  await page.getByLabel('Code').focus()
  await page.keyboard.insertText(mail.code)
  await page.getByRole('heading', { name: 'Set a new password' }).waitFor()
  await page.getByLabel('New password').fill('short')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('alert').filter({ hasText: 'at least 8' }).waitFor()
  expect(await findingsInAllLooks(page)).toEqual([])
  await page.getByLabel('New password').fill(`${PASSWORD} again`)
  await page.getByRole('button', { name: 'Save' }).click()
  await live(page).waitFor()

  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('button', { name: 'Use a password' }).click()
  await page.getByLabel('Password').waitFor()
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(`${PASSWORD} again`)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await live(page).waitFor()
})

test('a new address counts when both mailboxes have confirmed it; signing out everywhere ends the other device', async () => {
  const { email } = await newUser()
  const address = `${randomUUID()}@example.test`
  const signIn = async (page: Page): Promise<void> => {
    await page.getByRole('button', { name: 'Use a password' }).click()
    await page.getByLabel('Password').waitFor()
    await page.getByLabel('Email').fill(email)
    await page.getByLabel('Password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await live(page).waitFor()
  }
  const page = await openPhone('/')
  await signIn(page)
  await page.getByRole('button', { name: /account/ }).click()
  const dialog = page.getByRole('dialog', { name: 'Your account' })
  expect(await findingsInAllLooks(page)).toEqual([])
  await dialog.getByLabel('New email address').fill(address)
  await dialog.getByRole('button', { name: 'Change address' }).click()
  await dialog.getByRole('status').filter({ hasText: 'old and to your new address' }).waitFor()

  const half = await openTab(page.context(), (await mailTo(address)).link)
  await half.getByRole('button', { name: 'Continue' }).click()
  await half.getByRole('heading', { name: 'Half done' }).waitFor()
  const whole = await openPhone((await mailTo(email)).link)
  await whole.getByRole('button', { name: 'Continue' }).click()
  await whole.getByText(address).first().waitFor({ state: 'attached' })
  await live(whole).waitFor()

  await whole.getByRole('button', { name: /account/ }).click()
  await whole.getByRole('button', { name: 'Sign out everywhere' }).click()
  await whole.getByRole('heading', { name: 'Sign in' }).waitFor()
})
