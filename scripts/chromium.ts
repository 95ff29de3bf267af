/** Unpacks the Chromium that the npm package `@sparticuz/chromium` contains, once per installation. */

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const ROOT = resolve(import.meta.dirname, '..')
const CACHE = join(ROOT, 'node_modules', '.cache')
const EXECUTABLE = 'chromium'
/**
 * The package unpacks into the system's temporary folder, which several users and runs share. `TMPDIR` gives each run a
 * folder of its own.
 */
const UNPACK = "import chromium from '@sparticuz/chromium'; await chromium.executablePath()"

/** @returns the path of the executable. Several runs may unpack at once: the first to finish puts its folder in place. */
export async function unpackChromium(): Promise<string> {
  const folder = join(CACHE, `chromium-${await installedVersion()}`)
  const executable = join(folder, EXECUTABLE)
  if (existsSync(executable)) return executable
  await mkdir(CACHE, { recursive: true })
  const scratch = await mkdtemp(join(CACHE, 'unpacking-'))
  try {
    await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', UNPACK], {
      cwd: ROOT,
      env: { ...process.env, TMPDIR: scratch },
    })
    await rename(scratch, folder)
  } catch (error) {
    await rm(scratch, { recursive: true, force: true })
    if (!existsSync(executable)) throw error
  }
  return executable
}

async function installedVersion(): Promise<string> {
  const path = join(ROOT, 'node_modules', '@sparticuz', 'chromium', 'package.json')
  const { version } = JSON.parse(await readFile(path, 'utf8'))
  return String(version)
}
