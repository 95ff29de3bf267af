import * as v from 'valibot'
import { AppError } from '../../../functions-shared/app-error.ts'
import { optionalNumber, optionalText, query, readAnswer, timestamp } from './database.ts'
import { createLog } from './log.ts'
import { assert, assertEquals } from './testing/asserts.ts'
import { assertCode } from './testing/errors.ts'

const answering = (data: unknown, error: unknown = null, status = 200) =>
  Promise.resolve({ data, error, status })

Deno.test('an answer is read by its schema', async () => {
  const schema = v.object({ at: timestamp, name: optionalText, price: optionalNumber })
  assertEquals(
    await query(schema, answering({ at: '2026-11-20T18:00:00.5+00:00', name: '', price: '12.50', more: 1 })),
    { at: new Date('2026-11-20T18:00:00.500Z'), name: null, price: 12.5 },
  )
  assertEquals(readAnswer(schema, { at: '2026-11-20T18:00:00Z', name: 'x', price: null }).price, null)
})

for (const [at, price] of [
  ['yesterday', 1],
  [7, 1],
  ['2026-11-20T18:00:00Z', ''],
  ['2026-11-20T18:00:00Z', 'NaN'],
] as const) {
  Deno.test(`an answer with ${JSON.stringify({ at, price })} is an internal error`, async () => {
    await assertCode(
      query(v.object({ at: timestamp, price: optionalNumber }), answering({ at, price })),
      'internal_error',
    )
  })
}

Deno.test('the log names the place of an unexpected value and not the value', () => {
  const lines: string[] = []
  const log = createLog('test', (_level, line) => lines.push(line))
  try {
    readAnswer(v.object({ rows: v.array(v.object({ name: v.string() })) }), {
      rows: [{ name: ['ana@example.com'] }],
    })
  } catch (error) {
    assert(error instanceof AppError)
    log.error('request_failed', error)
  }
  assertEquals(lines.length, 1)
  assert(lines.join().includes('"field":"rows.0.name"') && !lines.join().includes('ana@'), lines.join())
})

Deno.test('an error of the database is its code, whatever the data', async () => {
  await assertCode(
    query(v.unknown(), answering(null, { code: 'PT409', message: 'lease_lost' }, 409)),
    'lease_lost',
  )
  await assertCode(
    query(v.unknown(), answering(null, { message: 'fetch failed' }, 0)),
    'database_unavailable',
  )
})
