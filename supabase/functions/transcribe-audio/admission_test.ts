import { createBudget, createGrowthBudget, createLimiter } from '../_shared/limiter.ts'
import { assertEquals } from '../_shared/testing/asserts.ts'
import { type AdmissionLimits, createAdmission } from './admission.ts'

const turn = () => new Promise((resolve) => setTimeout(resolve, 0))
const file = (size: number) => () => Promise.resolve(new Uint8Array(size))
const limits = (more: Partial<AdmissionLimits>): AdmissionLimits => ({
  fetching: createLimiter(5),
  growing: createGrowthBudget(1000, 0),
  memory: createBudget(75),
  ...more,
})

Deno.test('a downloaded recording waits for memory, and keeps its place among the downloads meanwhile', async () => {
  const shared = limits({ fetching: createLimiter(2), memory: createBudget(30) })
  const order: string[] = []
  const load = async (name: string, size: number) => {
    const admission = createAdmission(shared)
    await admission.download(() => {
      order.push(`${name} fetched`)
      return file(size)()
    })
    order.push(`${name} admitted`)
    return admission
  }
  const first = await load('first', 6)
  const second = load('second', 6)
  const third = load('third', 1)
  await turn()
  const fourth = load('fourth', 1)
  await turn()
  assertEquals(order, ['first fetched', 'first admitted', 'second fetched', 'third fetched'])
  first[Symbol.dispose]()
  for (const admission of [await second, await third, await fourth]) admission[Symbol.dispose]()
  assertEquals(order.slice(4).toSorted(), [
    'fourth admitted',
    'fourth fetched',
    'second admitted',
    'third admitted',
  ])
})

Deno.test('a read from Storage waits for memory; a missing object needs no memory', async () => {
  const shared = limits({ memory: createBudget(30) })
  using first = createAdmission(shared)
  const second = createAdmission(shared)
  const order: string[] = []
  await first.read(() => Promise.resolve(10), file(10))
  assertEquals(await second.read(() => Promise.resolve(null), file(0)), null)
  const waiting = second.read(
    () => Promise.resolve(1),
    () => {
      order.push('second')
      return file(1)()
    },
  )
  await turn()
  assertEquals(order, [])
  first[Symbol.dispose]()
  await waiting
  assertEquals(order, ['second'])
})

Deno.test('a further download or read frees the memory of the one before', async () => {
  using admission = createAdmission(limits({ fetching: createLimiter(1), memory: createBudget(30) }))
  await admission.download(file(10))
  await admission.read(() => Promise.resolve(10), file(10))
  await admission.download(file(10))
})

Deno.test('a failed download or read frees its place and its memory', async () => {
  const shared = limits({ fetching: createLimiter(1), memory: createBudget(3) })
  const failing = createAdmission(shared)
  const gone = () => Promise.reject(new Error('gone'))
  await failing.download(gone).catch(() => undefined)
  await failing.read(gone, file(1)).catch(() => undefined)
  using other = createAdmission(shared)
  await other.download(file(1))
})
