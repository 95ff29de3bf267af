import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readRecordings } from './recording.ts'

it('every recording of the real server can be read', async () => {
  const recordings = await readRecordings(join(import.meta.dirname, '..', 'golden'))
  expect(recordings.length).toBeGreaterThan(60)
  for (const { steps } of recordings) expect(steps.length).toBeGreaterThan(0)
})
