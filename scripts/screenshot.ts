/**
 * Takes the documentation's picture of the dashboard: a fresh stack, a signed-in user, a claim arriving.
 *
 *   node scripts/run.mjs screenshot.ts [file.png]
 */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createTerminalLogger } from '../stack/logger.ts'
import { bringUp, type Running } from './bring-up.ts'
import { launchBrowser } from './browser.ts'
import { ROOT } from './process.ts'

const file = process.argv[2] ?? join(ROOT, 'docs', 'images', 'dashboard.png')
const dataDir = mkdtempSync(join(tmpdir(), 'claimwire-screenshot-'))
try {
  await using running = await bringUp({
    dataDir,
    fresh: false,
    ports: { api: 0, db: 0, mail: 0, dashboard: 0 },
    logger: createTerminalLogger({ level: 'error' }),
  })
  await takePicture(running, file)
  console.log(`saved ${file}`)
} finally {
  rmSync(dataDir, { recursive: true, force: true })
}
// A timer that a client library left behind must not keep the process running for seconds.
process.exit()

async function takePicture(running: Running, path: string): Promise<void> {
  const browser = await launchBrowser()
  try {
    const page = await browser.newPage({ viewport: { width: 1360, height: 850 }, deviceScaleFactor: 2 })
    await page.goto(running.dashboardUrl)
    await page.getByRole('button', { name: 'Sign in as demo user' }).click()
    await page.getByRole('status').filter({ hasText: 'Live' }).waitFor()
    const { incidentId } = await running.runSample(() => undefined)
    await page.goto(`${running.dashboardUrl}/#/incidents/${incidentId}`)
    const thumbnails = page.locator('[data-document-id] img:visible')
    await thumbnails.nth(1).waitFor()
    await page.getByLabel('Write a case note').fill('Called the garage: the car is there until Friday.')
    await page.keyboard.press('Enter')
    await page.getByText('Called the garage').waitFor()
    await page.getByRole('heading', { level: 1 }).click()
    await page.waitForLoadState('networkidle')
    mkdirSync(dirname(path), { recursive: true })
    await page.screenshot({ path })
  } finally {
    await browser.close()
  }
}
