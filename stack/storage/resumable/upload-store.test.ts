import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { type UploadRecord, UploadStore } from './upload-store.ts'

function record(id: string, expiresAt: number): UploadRecord {
  return {
    id,
    bucket: 'b',
    name: 'n',
    mimetype: 'image/png',
    cacheControl: 'no-cache',
    userMetadata: null,
    length: 4,
    upsert: false,
    offset: 0,
    finished: false,
    expiresAt,
  }
}

async function* broken(...chunks: string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk)
  throw new Error('the connection was cut')
}

const [OLD, NEW] = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002']

it('keeps what came before the source broke off, and forgets what has expired', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'upload-store-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  const store = new UploadStore(dir)
  await store.create(record(OLD, 1_000))
  await store.create(record(NEW, 2_000))
  expect((await store.append(record(NEW, 2_000), broken('a', 'bc'))).offset).toBe(3)
  expect((await new UploadStore(dir).find(NEW))?.offset).toBe(3)

  expect(await store.sweep(1_500)).toEqual([OLD])
  expect((await readdir(dir)).sort()).toEqual([`${NEW}.bin`, `${NEW}.json`])
})
