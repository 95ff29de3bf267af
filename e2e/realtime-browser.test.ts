/** supabase-js, unmodified, in a real Chromium against the whole stack: the same scenarios as in Node. */

import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { launchBrowser, watchForErrors } from '../scripts/browser.ts'
import { mintToken } from '../stack/keys/index.ts'
import { withClient } from '../stack/postgres/index.ts'
import { ALICE, SCENARIOS, SETUP, TEARDOWN } from '../stack/realtime/testing/supabase-js.ts'
import { type ClientPageServer, serveClientPage } from './support/client-page/server.ts'
import type { RealtimePage } from './support/realtime-page/entry.ts'

declare global {
  var realtimePage: RealtimePage
}

const { url, db, keys } = inject('stack')

let browser: Browser
let server: ClientPageServer
let page: Page
let errors: string[]

const sql = (text: string, values: unknown[] = []): Promise<void> =>
  withClient(db.postgres, async (client) => {
    await client.query(text, values)
  })

beforeAll(async () => {
  await sql(SETUP)
  browser = await launchBrowser()
  server = await serveClientPage(new URL('support/realtime-page/entry.ts', import.meta.url))
  page = await browser.newPage()
  errors = watchForErrors(page)
  const claims = { role: 'authenticated', sub: ALICE, aud: 'authenticated' }
  await page.exposeFunction('mintToken', (more: Record<string, unknown> = {}, expiresIn = 3600) =>
    mintToken(keys, { ...claims, ...more }, { expiresIn }),
  )
  await page.exposeFunction('runSql', sql)
  await page.goto(server.url)
  await page.waitForFunction('globalThis.realtimePage !== undefined')
})

afterAll(async () => {
  await browser?.close()
  await server?.[Symbol.asyncDispose]()
  await sql(TEARDOWN)
})

describe('an unmodified supabase-js in Chromium', () => {
  test.each(Object.entries(SCENARIOS))('%s', async (name, { expected }) => {
    const seen = await page.evaluate(
      ([scenario, address]) => globalThis.realtimePage.run(scenario, address),
      [name, { url, publishableKey: keys.publishableKey }] as const,
    )
    expect(seen).toEqual(expected)
    expect(errors).toEqual([])
  })
})
