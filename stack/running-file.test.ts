import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readRunningFile, removeRunningFile, writeRunningFile } from './running-file.ts'

const RUNNING = { url: 'http://127.0.0.1:1', dbUrl: 'postgresql://127.0.0.1:2/postgres', pid: process.pid }

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'claimwire-running-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('gives the address of a stack while it runs', async () => {
  expect(await readRunningFile(folder)).toBeUndefined()
  await writeRunningFile(folder, RUNNING)
  expect(await readRunningFile(folder)).toEqual(RUNNING)
  await removeRunningFile(folder)
  expect(await readRunningFile(folder)).toBeUndefined()
})

test.each([
  ['of a process that has ended', JSON.stringify({ ...RUNNING, pid: 2 ** 22 + 1 })],
  ['that was cut short', '{"url": "http'],
  ['of another shape', '[]'],
])('a file %s does not count', async (_what, text) => {
  writeFileSync(join(folder, 'running.json'), text)
  expect(await readRunningFile(folder)).toBeUndefined()
})
