import { createBudget } from './limiter.ts'
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
