import { createBudget, createGrowthBudget, createLimiter } from './limiter.ts'
import { assertEquals } from './testing/asserts.ts'

const turn = () => new Promise((resolve) => setTimeout(resolve, 0))

Deno.test('a budget serves calls in their order, and a small amount does not overtake a large one', async () => {
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
  assertEquals(inside, ['first'])
  first[Symbol.dispose]()
  first[Symbol.dispose]()
  await Promise.all([second, third])
  assertEquals(inside, ['first', 'second', 'third'])
  const fourth = take('fourth', 5)
  await turn()
  assertEquals(inside.length, 3, 'an amount that is given back twice counts once')
  for (const held of [await second, await third]) held[Symbol.dispose]()
  await fourth
})

Deno.test('a call for more than the total takes the total', async () => {
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

Deno.test('beyond the total, only the oldest and the small ones grow; the others grow when one has ended', async () => {
  const budget = createGrowthBudget(100, 10)
  const [first, second, third] = [budget.open(), budget.open(), budget.open()]
  const order: string[] = []
  await first.growTo(90)
  await second.growTo(10)
  // The oldest grows without waiting.
  await first.growTo(110)
  const large = second.growTo(11).then(() => order.push('second'))
  await third.growTo(10)
  const small = third.growTo(11).then(() => order.push('third'))
  await turn()
  assertEquals(order, [])
  first[Symbol.dispose]()
  await Promise.all([large, small])
  // The second is the oldest now.
  await second.growTo(500)
  second[Symbol.dispose]()
  await third.growTo(500)
})

Deno.test('a limiter runs the next task when one has ended, also with an error', async () => {
  const limiter = createLimiter(1)
  const gate = Promise.withResolvers<void>()
  const started: string[] = []
  const first = limiter(() => {
    started.push('first')
    return gate.promise
  })
  const second = limiter(() => {
    started.push('second')
    return Promise.resolve('done')
  })
  await turn()
  assertEquals(started, ['first'])
  gate.reject(new Error('broken'))
  assertEquals(await first.catch((error: Error) => error.message), 'broken')
  assertEquals([await second, started], ['done', ['first', 'second']])
})

Deno.test('a task that is to run alone waits for the tasks before it, and those after it wait for it', async () => {
  const limiter = createLimiter(3)
  const running = new Set<string>()
  const together: string[] = []
  const ends = new Map<string, () => void>()
  const start = (name: string, alone?: boolean) =>
    limiter(async () => {
      running.add(name)
      together.push([...running].join())
      await new Promise<void>((resolve) => ends.set(name, resolve))
      running.delete(name)
    }, alone)
  const tasks = [start('a'), start('b'), start('large', true), start('c')]
  await turn()
  assertEquals(together, ['a', 'a,b'])
  for (const name of ['a', 'b']) ends.get(name)?.()
  await turn()
  assertEquals(together, ['a', 'a,b', 'large'])
  ends.get('large')?.()
  await turn()
  assertEquals(together, ['a', 'a,b', 'large', 'c'])
  ends.get('c')?.()
  await Promise.all(tasks)
})
