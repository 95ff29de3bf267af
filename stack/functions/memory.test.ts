import { expect, test } from 'vitest'
import { memoryFromProc, memoryFromPs } from './memory.ts'

test.runIf(process.platform === 'linux')('the two ways of reading give about the same', async () => {
  const [fromProc = 0, fromPs = 0] = [await memoryFromProc(process.pid), await memoryFromPs(process.pid)]
  expect(fromProc).toBeGreaterThan(10_000_000)
  expect(fromPs / fromProc).toBeGreaterThan(0.5)
  expect(fromPs / fromProc).toBeLessThan(2)
})

test.runIf(process.platform === 'linux')('a process that is not there has no memory', async () => {
  const none = 2 ** 30
  expect([await memoryFromProc(none), await memoryFromPs(none)]).toEqual([undefined, undefined])
})
