/** Files that are made to fill a worker's memory do no harm. One worker gets all of them, as on hosted Supabase. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { samplePhotoPath } from '../samples/photos.ts'
import { ImageWorker } from './support/image-worker.ts'

/** MiB that a hosted function has. */
const HOSTED_MB = 256

test('the malicious set ends as it should, within the memory of a hosted function', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'claimwire-malicious-'))
  try {
    await using maker = new ImageWorker({ writable: folder })
    const cases = await maker.writeMalicious(folder)
    expect(cases.length).toBeGreaterThan(20)

    await using worker = new ImageWorker()
    for (const { name, kind, end, path } of cases) {
      expect({ name, end: (await worker.work(path, kind)).end }).toEqual({ name, end })
      expect({ name, within: (worker.peakMb() ?? 0) < HOSTED_MB }).toEqual({ name, within: true })
    }
    // The worker still processes a good photo.
    expect((await worker.work(samplePhotoPath('front'))).end).toBe('available')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}, 120_000)
