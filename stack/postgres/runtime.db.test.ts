/** Finding and copying the server's programs, tested with real files, permissions and links. */

import { execFile } from 'node:child_process'
import { chmod, cp, lstat, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { findRuntimeSource, prepareRuntime, type RuntimeSource } from './runtime.ts'
import { chooseServerUser } from './unprivileged.ts'

const folders: string[] = []

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

async function temporaryFolder(mode: number): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'claimwire-runtime-'))
  folders.push(folder)
  await chmod(folder, mode)
  return folder
}

/** Folders that `postgres --version` does not need. */
const LARGE = /\/(lib\/postgresql|share\/postgresql\/(extension\/.*|tsearch_data)|lib\/.*\.a)$/

/** As npm leaves the package when install scripts are skipped, in a folder with these permissions. */
async function packageWithoutLinks(mode: number, below = '.'): Promise<RuntimeSource> {
  const folder = path.join(await temporaryFolder(mode), below)
  const nativeDir = path.join(folder, 'native')
  const original = findRuntimeSource()
  await cp(original.nativeDir, nativeDir, {
    recursive: true,
    filter: async (file) => !LARGE.test(file) && !(await lstat(file)).isSymbolicLink(),
  })
  return { nativeDir, version: original.version, copyTo: [await temporaryFolder(0o755)] }
}

const EXTENSION = { name: 'ours.control', content: `default_version = '1'\n` }

test('missing links of the npm package’s install script are made', async () => {
  const source = await packageWithoutLinks(0o755)
  const user = await chooseServerUser(source.nativeDir)
  const runtime = await prepareRuntime(user, [EXTENSION], source)
  expect(runtime.postgres).toBe(path.join(source.nativeDir, 'bin/postgres'))
  const { stdout } = await promisify(execFile)(runtime.postgres, ['--version'], { cwd: '/', ...user.spawn })
  expect(stdout).toContain('PostgreSQL')
  expect(await readFile(path.join(runtime.extensionDir, EXTENSION.name), 'utf8')).toBe(EXTENSION.content)
})

test('programs with a path that initdb cannot pass to a shell are copied', async () => {
  for (const below of ['a "quoted" name', 'US$HOME', 'a`name`', 'back\\slash']) {
    const source = await packageWithoutLinks(0o755, below)
    const runtime = await prepareRuntime(await chooseServerUser(source.nativeDir), [EXTENSION], source)
    expect(runtime.initdb.startsWith(source.copyTo[0] ?? '')).toBe(true)
  }
})

describe.runIf(process.getuid?.() === 0)('as root, in a folder that only root may enter,', () => {
  test('programs that the unprivileged user cannot run are copied once', async () => {
    const source = await packageWithoutLinks(0o700)
    const user = await chooseServerUser(source.nativeDir)
    const runtime = await prepareRuntime(user, [EXTENSION], source)
    const [copyTo = ''] = source.copyTo
    expect(runtime.postgres.startsWith(copyTo)).toBe(true)
    const { stdout } = await promisify(execFile)(runtime.postgres, ['--version'], { cwd: '/', ...user.spawn })
    expect(stdout).toContain('PostgreSQL')
    const before = await lstat(runtime.postgres)
    expect(await prepareRuntime(user, [EXTENSION], source)).toEqual(runtime)
    expect((await lstat(runtime.postgres)).ino).toBe(before.ino)
  })

  test('a copy that others can write to, or that lacks files, is replaced', async () => {
    const source = await packageWithoutLinks(0o700)
    const user = await chooseServerUser(source.nativeDir)
    const runtime = await prepareRuntime(user, [EXTENSION], source)
    const copy = path.resolve(runtime.postgres, '../..')
    await rm(path.join(copy, 'share/postgresql/timezonesets/Default'))
    await prepareRuntime(user, [EXTENSION], source)
    expect((await lstat(path.join(copy, 'share/postgresql/timezonesets/Default'))).isFile()).toBe(true)
    await chmod(copy, 0o777)
    const before = (await lstat(copy)).ino
    await prepareRuntime(user, [EXTENSION], source)
    expect((await lstat(copy)).mode & 0o022).toBe(0)
    expect((await lstat(copy)).ino).not.toBe(before)
  })

  test('a changed extension file gets a copy of its own', async () => {
    const source = await packageWithoutLinks(0o700)
    const user = await chooseServerUser(source.nativeDir)
    const first = await prepareRuntime(user, [EXTENSION], source)
    const second = await prepareRuntime(user, [{ ...EXTENSION, content: '# new\n' }], source)
    expect(second.extensionDir).not.toBe(first.extensionDir)
    expect(await readdir(source.copyTo[0] ?? '')).toHaveLength(2)
  })
})
