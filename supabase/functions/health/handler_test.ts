import { AppError } from '../../../functions-shared/app-error.ts'
import { assert, assertEquals } from '../_shared/testing/asserts.ts'
import { recordLog } from '../_shared/testing/log.ts'
import { handleHealth } from './handler.ts'

const get = (method = 'GET') => new Request('http://functions.test/health', { method })

Deno.test('answers 200 with the version when the database answers', async () => {
  const answer = await handleHealth(get(), {
    version: '1.2.3',
    checkDatabase: () => Promise.resolve(),
    log: recordLog(),
  })
  assertEquals(answer.status, 200)
  assertEquals(await answer.json(), { status: 'ok', version: '1.2.3', checks: { database: 'ok' } })
})

Deno.test('answers 503 without the reason when the database does not answer', async () => {
  const log = recordLog()
  const answer = await handleHealth(get(), {
    version: '1.2.3',
    checkDatabase: () =>
      Promise.reject(new AppError('database_unavailable', { cause: new Error('host db.internal') })),
    log,
  })
  assertEquals(answer.status, 503)
  assertEquals(await answer.json(), {
    status: 'unavailable',
    version: '1.2.3',
    checks: { database: 'unavailable' },
  })
  assert(!log.lines.join().includes('db.internal'))
})

Deno.test('POST is refused', async () => {
  const answer = await handleHealth(get('POST'), {
    version: '1',
    checkDatabase: () => Promise.resolve(),
    log: recordLog(),
  })
  assertEquals(answer.status, 405)
})
