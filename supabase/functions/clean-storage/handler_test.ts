import { AppError } from '../../../functions-shared/app-error.ts'
import { assertEquals } from '../_shared/testing/asserts.ts'
import { fakeFiles } from '../_shared/testing/fakes.ts'
import { recordLog } from '../_shared/testing/log.ts'
import { handleCleaning, ROUND } from './handler.ts'
import type { Leftovers } from './leftovers.ts'

const post = (method = 'POST') => new Request('http://functions.test/clean-storage', { method })
const nothing: Leftovers = () => Promise.resolve([])

Deno.test('removes leftovers bucket by bucket until nothing is left', async () => {
  const files = fakeFiles()
  const store = (key: string) =>
    files.objects.set(key, { bytes: new Uint8Array(1), contentType: 'image/jpeg' })
  const names = Array.from({ length: ROUND + 20 }, (_, index) => `i/${index}`)
  for (const name of names) store(`uploads/${name}`)
  store('originals/i/d/gone.jpg')
  store('originals/i/d/needed.jpg')
  const leftovers: Leftovers = (limit) =>
    Promise.resolve(
      [
        ...names.map((name) => ({ bucket: 'uploads', name }) as const),
        { bucket: 'originals', name: 'i/d/gone.jpg' } as const,
      ]
        .filter(({ bucket, name }) => files.objects.has(`${bucket}/${name}`))
        .slice(0, limit),
    )
  const answer = await handleCleaning(post(), { leftovers, files, log: recordLog() })
  assertEquals(await answer.json(), { removed: ROUND + 21 })
  assertEquals([...files.objects.keys()], ['originals/i/d/needed.jpg'])
})

Deno.test('objects that cannot be removed end a call after ten rounds', async () => {
  const files = fakeFiles()
  let rounds = 0
  const stuck = Array.from(
    { length: ROUND },
    (_, index) => ({ bucket: 'uploads', name: `i/${index}` }) as const,
  )
  const leftovers: Leftovers = () => {
    rounds += 1
    return Promise.resolve(stuck)
  }
  const answer = await handleCleaning(post(), { leftovers, files, log: recordLog() })
  assertEquals([answer.status, rounds], [200, 10])
})

Deno.test('answers 503 with the code of the service that is unavailable', async () => {
  const away = fakeFiles()
  away.failWith = 'storage_unavailable'
  const some: Leftovers = () => Promise.resolve([{ bucket: 'uploads', name: 'i/u' }])
  const noStorage = await handleCleaning(post(), { leftovers: some, files: away, log: recordLog() })
  assertEquals([noStorage.status, (await noStorage.json()).error.code], [503, 'storage_unavailable'])
  const broken: Leftovers = () => Promise.reject(new AppError('database_unavailable'))
  const noDatabase = await handleCleaning(post(), { leftovers: broken, files: away, log: recordLog() })
  assertEquals([noDatabase.status, (await noDatabase.json()).error.code], [503, 'database_unavailable'])
})

Deno.test('GET is refused', async () => {
  const answer = await handleCleaning(post('GET'), {
    leftovers: nothing,
    files: fakeFiles(),
    log: recordLog(),
  })
  assertEquals(answer.status, 405)
})
