import { describe, expect, it } from 'vitest'
import type { JobMessage } from '../../../functions-shared/message-types.ts'
import { DeliveryQueue } from './delivery-queue.ts'
import { imageMessage } from './testing/fake-server.ts'

interface Item {
  seq: number
  message: JobMessage
}

const items = (from: number, to: number): Item[] =>
  Array.from({ length: to - from + 1 }, (_, index) => ({
    seq: from + index,
    message: imageMessage({ seq: from + index }),
  }))

/** Listeners that take time, and a page that wants its turn. */
function setup(msEach: number, onDeliver: (item: Item) => void = () => undefined) {
  let now = 0
  const heard: number[] = []
  const marks: number[] = []
  const slices: number[] = []
  let began = 0
  const queue = new DeliveryQueue<Item>({
    signer: { signAgain: async () => new Map() },
    clock: () => now,
    pause: async () => {
      slices.push(now - began)
      await Promise.resolve()
      began = now
    },
    deliver: (item) => {
      now += msEach
      heard.push(item.seq)
      onDeliver(item)
    },
    delivered: (last) => marks.push(last.seq),
  })
  return { queue, heard, marks, slices }
}

describe('delivery', () => {
  it('of a few happens in the same turn', () => {
    const { queue, heard, marks } = setup(0)
    queue.push(items(1, 3))
    expect([heard, marks]).toEqual([[1, 2, 3], [3]])
  })

  it.each([0.25, 3, 40])('of thousands gives the page its turns (%d ms each)', async (msEach) => {
    const { queue, heard, marks, slices } = setup(msEach)
    queue.push(items(1, 2_000))
    expect(heard.length).toBeLessThan(2_000)
    await queue.idle()
    expect(heard).toEqual(items(1, 2_000).map(({ seq }) => seq))
    expect(marks.at(-1)).toBe(2_000)
    expect(Math.max(...slices)).toBeLessThan(8 + msEach)
  })

  it('keeps the order of messages that arrive between two turns', async () => {
    const { queue, heard } = setup(3)
    queue.push(items(1, 10))
    queue.push(items(11, 12))
    await queue.idle()
    expect(heard).toEqual(items(1, 12).map(({ seq }) => seq))
  })

  it('ends at once when a listener closes the queue, and returns the last delivered number', async () => {
    const setupResult = setup(1, ({ seq }) => {
      if (seq === 2) setupResult.queue.close()
    })
    const { queue, heard, marks } = setupResult
    queue.push(items(1, 30))
    await queue.idle()
    expect([heard, marks]).toEqual([[1, 2], [2]])
  })
})
