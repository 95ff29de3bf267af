import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ensureDataDir } from './data-dir.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'claimwire-data-dir-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

test('a folder is created with its parents, and may exist already', async () => {
  const dataDir = join(folder, 'with a space', 'ü')
  await ensureDataDir(dataDir)
  await ensureDataDir(dataDir)
})

test.each([
  ['file', 'A file has that name.'],
  ['file/below', 'A part of its path is a file.'],
])('%s cannot be used, and the error says why', async (name, reason) => {
  await writeFile(join(folder, 'file'), '')
  const dataDir = join(folder, name)
  await expect(ensureDataDir(dataDir)).rejects.toMatchObject({
    code: 'data_dir_unusable',
    details: { dataDir, reason },
  })
})

test.skipIf(process.platform !== 'linux')(
  'a folder that cannot be created below an existing one is an error, too',
  async () => {
    await expect(ensureDataDir('/proc/claimwire')).rejects.toMatchObject({ code: 'data_dir_unusable' })
  },
)

test.skipIf(process.getuid?.() === 0)('a folder that may not be written cannot be used', async () => {
  await chmod(folder, 0o500)
  for (const dataDir of [folder, join(folder, 'below')]) {
    await expect(ensureDataDir(dataDir)).rejects.toMatchObject({
      code: 'data_dir_unusable',
      details: { dataDir, reason: 'The current user may not write to it.' },
    })
  }
})
