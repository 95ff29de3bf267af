/**
 * Takes the documentation's picture of a report: the sample claim's, two pages of it side by side, as pdf.js draws them
 * in Chromium.
 *
 *   node scripts/run.mjs report-picture.ts [file.png]
 */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { launchBrowser } from './browser.ts'
import { denoFlags } from './deno.ts'
import { ROOT, run, tool } from './process.ts'

/** Page numbers, from 1. */
const PAGES = [1, 3]
/** Pixels. */
const PAGE_WIDTH = 600
/** Device pixels for each pixel of the page. */
const DENSITY = 2
const ORIGIN = 'http://report.test'

const target = process.argv[2] ?? join(ROOT, 'docs', 'images', 'report.png')
const scratch = mkdtempSync(join(tmpdir(), 'claimwire-report-'))
try {
  const pdf = join(scratch, 'report.pdf')
  await writeSample(pdf)
  await takePicture(pdf, target)
  console.log(`saved ${target}`)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

async function writeSample(file: string): Promise<void> {
  const path = 'supabase/functions/generate-pdf'
  const flags = denoFlags({ name: 'generate-pdf', path, config: `${path}/deno.json` })
  const permissions = ['--no-prompt', '--allow-read=.', '--allow-env', `--allow-write=${file}`]
  const { code, output } = await run(tool('deno'), [
    'run',
    '--no-check',
    ...flags,
    ...permissions,
    `${path}/testing/write-sample.ts`,
    file,
  ])
  if (code !== 0) throw new Error(`the sample report could not be made: ${output}`)
}

async function takePicture(pdf: string, path: string): Promise<void> {
  const library = join(ROOT, 'node_modules', 'pdfjs-dist', 'build')
  const files: Record<string, { body: Buffer | string; contentType: string }> = {
    '/': { body: html(), contentType: 'text/html' },
    '/pdf.mjs': { body: readFileSync(join(library, 'pdf.mjs')), contentType: 'text/javascript' },
    '/pdf.worker.mjs': {
      body: readFileSync(join(library, 'pdf.worker.mjs')),
      contentType: 'text/javascript',
    },
    '/report.pdf': { body: readFileSync(pdf), contentType: 'application/pdf' },
  }
  const browser = await launchBrowser()
  try {
    const page = await browser.newPage({
      viewport: {
        width: PAGES.length * (PAGE_WIDTH + 24) + 24,
        height: Math.ceil(PAGE_WIDTH * Math.SQRT2) + 48,
      },
      deviceScaleFactor: DENSITY,
    })
    await page.route(`${ORIGIN}/**`, (route) => {
      const file = files[new URL(route.request().url()).pathname]
      return file === undefined ? route.fulfill({ status: 404 }) : route.fulfill(file)
    })
    await page.goto(`${ORIGIN}/`)
    await page.locator('body[data-drawn]').waitFor()
    await page.screenshot({ path })
  } finally {
    await browser.close()
  }
}

function html(): string {
  return `<!doctype html>
<style>
  body { margin: 24px; display: flex; gap: 24px; background: #8a93a0 }
  canvas { width: ${PAGE_WIDTH}px; box-shadow: 0 2px 12px #0006 }
</style>
<script type="module">
  import { getDocument, GlobalWorkerOptions } from '/pdf.mjs'
  GlobalWorkerOptions.workerSrc = '/pdf.worker.mjs'
  const pdf = await getDocument('/report.pdf').promise
  for (const number of ${JSON.stringify(PAGES)}) {
    const page = await pdf.getPage(number)
    const { width } = page.getViewport({ scale: 1 })
    const viewport = page.getViewport({ scale: ${PAGE_WIDTH * DENSITY} / width })
    const canvas = Object.assign(document.createElement('canvas'), viewport)
    document.body.append(canvas)
    await page.render({ canvas, viewport }).promise
  }
  document.body.dataset.drawn = ''
</script>`
}
