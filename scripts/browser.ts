/** Starts a headless Chromium for scripts, browser tests and benchmarks, and collects the errors of a page. */

import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'
import { unpackChromium } from './chromium.ts'

/** Paths of an installed Chromium, for machines for which the npm package has no binary. */
const SYSTEM_CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Without requests for updates and models, which fail and log errors on a machine without internet. */
const ARGS = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-gpu',
  '--disable-quic',
  '--disable-sync',
  '--no-first-run',
]

async function executablePath(): Promise<string> {
  const configured = process.env.CHROMIUM_PATH
  if (configured !== undefined) return configured
  if (process.platform === 'linux' && process.arch === 'x64') return unpackChromium()
  const found = SYSTEM_CHROMIUM.find((path) => existsSync(path))
  if (found !== undefined) return found
  throw new Error(
    'No Chromium for this machine on npm: install Chromium and set CHROMIUM_PATH to its executable.',
  )
}

export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: await executablePath(), args: allowedArgs() })
}

/** Starts an installed Chromium without a window. Unlike the headless Chromium from npm, it has a back/forward cache. */
export async function launchWholeBrowser(path: string): Promise<Browser> {
  return chromium.launch({
    executablePath: path,
    headless: false,
    args: [...allowedArgs(), '--headless=new'],
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  })
}

function allowedArgs(): string[] {
  const isRoot = process.getuid?.() === 0
  return isRoot ? [...ARGS, '--no-sandbox'] : ARGS
}

/** Collects console errors, uncaught exceptions and unhandled rejections of a page. */
export function watchForErrors(page: Page): string[] {
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(`uncaught: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(`console: ${message.text()}`)
  })
  return errors
}
