/**
 * Builds the dashboard unless the last build has the same sources. A file beside the build holds the hash of its sources.
 */

import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildForProduction } from './production-build.ts'

/** Relative to the web folder. */
const SOURCES = [
  'index.html',
  'vite.config.ts',
  'server/production-build.ts',
  'server/shared-chunk.ts',
  'public',
  'src',
  '../functions-shared',
  '../package-lock.json',
]

/** Keeps a backend from the environment or an .env file out of the build: here `/config.json` names the backend. */
export const WITHOUT_BUILD_TIME_CONFIG = {
  'import.meta.env.VITE_SUPABASE_URL': 'undefined',
  'import.meta.env.VITE_SUPABASE_PUBLISHABLE_KEY': 'undefined',
}

const MARK = '.source-hash'

/** May be called by two processes at once. @returns the folder with a build of the present sources. */
export async function ensureBuild(webRoot: string): Promise<string> {
  const target = join(webRoot, 'dist')
  const hash = await hashSources(webRoot)
  if ((await readText(join(target, MARK))) === hash) return target

  const cache = join(webRoot, '..', 'node_modules', '.cache')
  await mkdir(cache, { recursive: true })
  const workspace = await mkdtemp(join(cache, 'claimwire-dashboard-'))
  try {
    const fresh = join(workspace, 'fresh')
    await buildForProduction({
      root: webRoot,
      configFile: join(webRoot, 'vite.config.ts'),
      logLevel: 'warn',
      define: WITHOUT_BUILD_TIME_CONFIG,
      build: { outDir: fresh, emptyOutDir: true },
    })
    await writeFile(join(fresh, MARK), hash)
    await replace(target, fresh, join(workspace, 'old'))
  } finally {
    await rm(workspace, { recursive: true, force: true })
  }
  return target
}

/** Puts the build in place, unless another process has put its build of the same sources there first. */
async function replace(target: string, fresh: string, old: string): Promise<void> {
  await rename(target, old).catch(ignoreMissing)
  await rename(fresh, target).catch(ignoreTaken)
}

async function hashSources(webRoot: string): Promise<string> {
  const hash = createHash('sha256')
  for (const source of SOURCES) await addToHash(hash, join(webRoot, source), source)
  return hash.digest('hex')
}

async function addToHash(hash: ReturnType<typeof createHash>, path: string, name: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => null)
  if (entries === null) {
    hash
      .update(name)
      .update('\0')
      .update(await readFile(path))
      .update('\0')
    return
  }
  const names = entries
    .map((entry) => entry.name)
    .filter((entry) => !entry.includes('.test.') && entry !== 'testing')
  for (const entry of names.sort()) await addToHash(hash, join(path, entry), `${name}/${entry}`)
}

async function readText(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(() => null)
}

function ignoreMissing(error: unknown): void {
  if (!hasCode(error, ['ENOENT'])) throw error
}

function ignoreTaken(error: unknown): void {
  if (!hasCode(error, ['ENOTEMPTY', 'EEXIST', 'EPERM'])) throw error
}

function hasCode(error: unknown, codes: readonly string[]): boolean {
  return (
    error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code)
  )
}
