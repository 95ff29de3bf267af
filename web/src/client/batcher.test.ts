import { describe, expect, it } from 'vitest'
import { Batcher } from './batcher.ts'
import { FakeClock } from './testing/fake-server.ts'

function setup(onFlush: (batcher: Batcher<number>) => void = () => undefined) {
  const clock = new FakeClock()
  const batches: number[][] = []
  const batcher: Batcher<number> = new Batcher({
    timers: clock,
    windowMs: 100,
    flush: (items) => {
      batches.push([...items])
      onFlush(batcher)
    },
  })
  return { clock, batches, batcher }
}

describe('a batch', () => {
  it('emits the first item at once, and collects later items of the window', async () => {
    const { clock, batches, batcher } = setup()
    batcher.push(1)
    expect(batches).toEqual([[1]])
    batcher.push(2)
    await clock.advance(60)
    batcher.push(3)
    await clock.advance(39)
    expect(batches).toEqual([[1]])
    await clock.advance(1)
    expect(batches).toEqual([[1], [2, 3]])
  })

  it('comes no sooner than one window after the last batch, and at once after a pause', async () => {
    const { clock, batches, batcher } = setup()
    for (const item of [1, 2, 3]) {
      batcher.push(item)
      await clock.advance(99)
    }
    await clock.advance(101)
    expect([batches, clock.running]).toEqual([[[1], [2], [3]], 0])
    batcher.push(4)
    expect(batches.at(-1)).toEqual([4])
  })

  it('leaves items that its listener adds to the next batch', async () => {
    const { clock, batches, batcher } = setup((self) => {
      if (batches.length === 1) self.push(2)
    })
    batcher.push(1)
    await clock.advance(100)
    expect(batches).toEqual([[1], [2]])
  })

  it('is emitted or dropped at the end', async () => {
    const { clock, batches, batcher } = setup()
    for (const item of [1, 2]) batcher.push(item)
    batcher.end()
    for (const item of [3, 4]) batcher.push(item)
    batcher.clear()
    await clock.advance(1_000)
    expect([batches, clock.running]).toEqual([[[1], [2], [3]], 0])
  })
})
