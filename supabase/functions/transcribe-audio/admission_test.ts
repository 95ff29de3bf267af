import { createBudget, createLimiter } from '../_shared/limiter.ts'
import { assertEquals } from '../_shared/testing/asserts.ts'
import { createAdmission } from './admission.ts'

const turn = () => new Promise((resolve) => setTimeout(resolve, 0))
const file = (size: number) => () => Promise.resolve(new Uint8Array(size))

Deno.test('who has fetched goes on when there is room; so many may wait for it', async () => {
  const means = { fetching: createLimiter(2), memory: createBudget(30) }
  const order: string[] = []
  const load = async (name: string, size: number) => {
    const admission = createAdmission(means)
    await admission.load(() => {
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

Deno.test('the next bytes take the place of those before, and nothing needs none', async () => {
  const means = { fetching: createLimiter(1), memory: createBudget(30) }
  using admission = createAdmission(means)
  for (const load of [file(10), file(10), () => Promise.resolve(null), file(10)]) await admission.load(load)
})

Deno.test('a fetch that fails takes nothing', async () => {
  const means = { fetching: createLimiter(1), memory: createBudget(3) }
  const failing = createAdmission(means)
  await failing.load(() => Promise.reject(new Error('gone'))).catch(() => undefined)
  using other = createAdmission(means)
  await other.load(file(1))
})
