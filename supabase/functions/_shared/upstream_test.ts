import { createClient } from '@supabase/supabase-js'
import type { ErrorCode } from '../../../functions-shared/error-codes.ts'
import { assertEquals } from './testing/asserts.ts'
import { serveHttp } from './testing/http-server.ts'
import { authError, databaseError, storageError } from './upstream.ts'

/** The codes for the errors of a real supabase-js client whose services answer like this. */
async function ask(answer: () => Response | Promise<Response>) {
  await using server = serveHttp(answer)
  return await askAt(server.origin)
}

async function askAt(origin: string) {
  const client = createClient(origin, 'key', {
    db: { retry: false },
    auth: { persistSession: false, autoRefreshToken: false },
  })
  const rpc = await client.rpc('anything')
  const user = await client.auth.admin.getUserById('e6b2a0d4-0f5a-4a7e-9b6e-000000000001')
  const file = await client.storage.from('b').upload('p', new Uint8Array([1]))
  return {
    database: databaseError({ error: rpc.error, status: rpc.status }).code,
    auth: authError(user.error).code,
    storage: storageError(file.error).code,
  }
}

const json = (status: number, body: unknown) => () => Response.json(body, { status })

for (const [name, answer] of [
  ['a gateway that answers 502 in HTML', () => new Response('<h1>Bad gateway</h1>', { status: 502 })],
  ['a gateway that answers 503 in JSON', json(503, { message: 'no healthy upstream' })],
  ['a gateway that answers 504', () => new Response('', { status: 504 })],
  ['too many requests', json(429, { message: 'slow down' })],
] as const) {
  Deno.test(`${name} means unavailable`, async () => {
    assertEquals(await ask(answer), {
      database: 'database_unavailable',
      auth: 'database_unavailable',
      storage: 'storage_unavailable',
    })
  })
}

Deno.test('a refused connection means unavailable', async () => {
  let origin = ''
  {
    await using server = serveHttp(() => new Response())
    origin = server.origin
  }
  assertEquals(await askAt(origin), {
    database: 'database_unavailable',
    auth: 'database_unavailable',
    storage: 'storage_unavailable',
  })
})

/** Answers of PostgREST, by the code that they become: a name, the status, PostgREST's code and its message. */
const POSTGREST: Partial<Record<ErrorCode, readonly (readonly [string, number, string, string])[]>> = {
  database_unavailable: [
    ['no connection', 503, 'PGRST000', 'Could not connect'],
    ['no schema cache', 503, 'PGRST002', 'Could not query'],
    ['a full pool', 504, 'PGRST003', 'Timed out acquiring connection'],
    ['a shutdown', 500, '57P01', 'terminating connection'],
    ['too many connections', 503, '53300', 'sorry, too many clients already'],
    ['a statement timeout', 500, '57014', 'canceling statement'],
    ['a deadlock', 500, '40P01', 'deadlock detected'],
  ],
  lease_lost: [['a code that our SQL raised', 409, 'PT409', 'lease_lost']],
  user_unknown: [['a code that our SQL raised', 422, 'PT422', 'user_unknown']],
  internal_error: [
    ['a raised text that is no code', 409, 'PT409', 'something else'],
    ['a missing function', 404, 'PGRST202', 'Could not find the function'],
    ['a violated constraint', 409, '23505', 'duplicate key'],
    ['an error in SQL', 500, 'XX000', 'internal'],
  ],
}

for (const [expected, answers] of Object.entries(POSTGREST)) {
  for (const [name, status, code, message] of answers) {
    Deno.test(`REST: ${name} (${code}) is ${expected}`, async () => {
      const body = { code, message, details: null, hint: null }
      assertEquals((await ask(json(status, body))).database, expected)
    })
  }
}

Deno.test('refusals of Auth and Storage are internal errors', async () => {
  const refused = await ask(json(403, { statusCode: '403', error: 'Unauthorized', message: 'no', code: 403 }))
  assertEquals([refused.auth, refused.storage], ['internal_error', 'internal_error'])
})
