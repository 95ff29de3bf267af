import { createBudget, createStretch } from './limiter.ts'
import { assertEquals } from './testing/asserts.ts'

const turn = () => new Promise((resolve) => setTimeout(resolve, 0))

Deno.test('a budget lets in what fits, in the order of asking', async () => {
  const budget = createBudget(10)
  const inside: string[] = []
  const take = async (name: string, amount: number) => {
    const held = await budget.take(amount)
    inside.push(name)
    return held
  }
  const first = await take('first', 6)
  const second = take('second', 5)
  const third = take('third', 1)
  await turn()
  assertEquals(inside, ['first'], 'a small one does not overtake a large one, or that would wait for ever')
  first[Symbol.dispose]()
  first[Symbol.dispose]()
  await Promise.all([second, third])
  assertEquals(inside, ['first', 'second', 'third'])
  const fourth = take('fourth', 5)
  await turn()
  assertEquals(inside.length, 3, 'room that was given back twice counts once')
  for (const held of [await second, await third]) held[Symbol.dispose]()
  await fourth
})

Deno.test('who asks for more than there is gets all of it, alone', async () => {
  const budget = createBudget(10)
  const all = await budget.take(1000)
  let started = false
  const other = budget.take(1).then((held) => {
    started = true
    return held
  })
  await turn()
  assertEquals(started, false)
  all[Symbol.dispose]()
  await other
})

Deno.test('what grows together waits for the oldest, unless it is small; each goes on when one has ended', async () => {
  const stretch = createStretch(100, 10)
  const [first, second, third] = [stretch.open(), stretch.open(), stretch.open()]
  const order: string[] = []
  await first.growTo(90)
  await second.growTo(10)
  // The oldest goes on, whatever there is.
  await first.growTo(110)
  const large = second.growTo(11).then(() => order.push('second'))
  await third.growTo(10)
  const small = third.growTo(11).then(() => order.push('third'))
  await new Promise((resolve) => setTimeout(resolve, 0))
  assertEquals(order, [])
  first[Symbol.dispose]()
  await Promise.all([large, small])
  // The next is the oldest now.
  await second.growTo(500)
  second[Symbol.dispose]()
  await third.growTo(500)
})
