/**
 * Records the README's moving picture: a claim arrives while a user looks at the dashboard.
 *
 *   node scripts/run.mjs record-demo.ts [file.gif]
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Page } from 'playwright-core'
import { createTerminalLogger } from '../stack/logger.ts'
import { encodeGif, type Frame } from './animation.ts'
import { bringUp, type Running } from './bring-up.ts'
import { launchBrowser } from './browser.ts'
import { ROOT } from './process.ts'

const VIEWPORT = { width: 1280, height: 760 }
/** Milliseconds between two pictures; a GIF's unit is 10. */
const FRAME_MS = 200
/** Pictures after the last message, for reading. */
const LAST_FRAMES = 8
/** The last picture stays, before it begins again. Milliseconds. */
const PAUSE_MS = 3_000

const file = process.argv[2] ?? join(ROOT, 'docs', 'images', 'dashboard.gif')
const dataDir = mkdtempSync(join(tmpdir(), 'claimwire-demo-'))
try {
  await using running = await bringUp({
    dataDir,
    fresh: false,
    ports: { api: 0, db: 0, mail: 0, dashboard: 0 },
    logger: createTerminalLogger({ level: 'error' }),
  })
  // An earlier claim: the list is not empty, and the functions are warm.
  await running.runSample(() => undefined)
  const frames = await record(running)
  const gif = encodeGif(frames)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, gif)
  console.log(`saved ${file}: ${frames.length} pictures, ${Math.round(gif.length / 1024)} KB`)
} finally {
  rmSync(dataDir, { recursive: true, force: true })
}
// A timer that a client library left behind must not keep the process running for seconds.
process.exit()

async function record(running: Running): Promise<Frame[]> {
  const browser = await launchBrowser()
  try {
    const page = await browser.newPage({ viewport: VIEWPORT })
    await page.goto(running.dashboardUrl)
    await page.getByRole('button', { name: 'Sign in as demo user' }).click()
    await page.getByRole('status').filter({ hasText: 'Live' }).first().waitFor()
    await page.waitForLoadState('networkidle')
    const frames: Frame[] = []
    let claimed = false
    const claim = running
      .runSample(() => undefined)
      .then(({ incidentId }) => {
        claimed = true
        return incidentId
      })
    await follow(page, frames, () => claimed)
    const incidentId = await claim
    await page.locator(`a[href$="#/incidents/${incidentId}"]`).first().click()
    for (const section of ['Photos', 'Reports']) {
      await page
        .getByRole('region', { name: section })
        .evaluate((element) => element.scrollIntoView({ behavior: 'smooth', block: 'nearest' }))
      let left = LAST_FRAMES
      await follow(page, frames, () => --left < 0)
    }
    const last = frames.at(-1)
    if (last !== undefined) last.shownMs = PAUSE_MS
    return frames
  } finally {
    await browser.close()
  }
}

/** Takes pictures until the recording ends. A picture without changes lengthens the frame before it. */
async function follow(page: Page, frames: Frame[], isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const began = performance.now()
    const png = await page.screenshot()
    const last = frames.at(-1)
    if (last?.png.equals(png)) last.shownMs += FRAME_MS
    else frames.push({ png, shownMs: FRAME_MS })
    await page.waitForTimeout(Math.max(0, FRAME_MS - (performance.now() - began)))
  }
}
