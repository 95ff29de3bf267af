import { createClient } from '@supabase/supabase-js'
import type { ErrorCode } from '../../../functions-shared/error-codes.ts'
import { assertEquals } from './testing/asserts.ts'
import { serveHttp } from './testing/http-server.ts'
import { authError, databaseError, storageError } from './upstream.ts'

/** What supabase-js really reports when its services answer like this. */
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
  Deno.test(`${name}: away`, async () => {
    assertEquals(await ask(answer), {
      database: 'database_unavailable',
      auth: 'database_unavailable',
      storage: 'storage_unavailable',
    })
  })
}

Deno.test('nobody there: away', async () => {
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

const POSTGREST: readonly (readonly [string, number, string, string, ErrorCode])[] = [
  ['no connection', 503, 'PGRST000', 'Could not connect', 'database_unavailable'],
  ['no schema cache', 503, 'PGRST002', 'Could not query', 'database_unavailable'],
  ['pool timeout', 504, 'PGRST003', 'Timed out acquiring connection', 'database_unavailable'],
  ['shutting down', 500, '57P01', 'terminating connection', 'database_unavailable'],
  ['too many connections', 503, '53300', 'sorry, too many clients already', 'database_unavailable'],
  ['statement timeout', 500, '57014', 'canceling statement', 'database_unavailable'],
  ['deadlock', 500, '40P01', 'deadlock detected', 'database_unavailable'],
  ['a raised code of ours', 409, 'PT409', 'lease_lost', 'lease_lost'],
  ['a raised code of ours', 422, 'PT422', 'user_unknown', 'user_unknown'],
  ['a raised text that is no code', 409, 'PT409', 'something else', 'internal_error'],
  ['a missing function', 404, 'PGRST202', 'Could not find the function', 'internal_error'],
  ['a violated constraint', 409, '23505', 'duplicate key', 'internal_error'],
  ['a fault in SQL', 500, 'XX000', 'internal', 'internal_error'],
]

for (const [name, status, code, message, expected] of POSTGREST) {
  Deno.test(`REST: ${name} (${code}) is ${expected}`, async () => {
    const body = { code, message, details: null, hint: null }
    assertEquals((await ask(json(status, body))).database, expected)
  })
}

Deno.test('refusals by Auth and Storage are faults of ours', async () => {
  const refused = await ask(json(403, { statusCode: '403', error: 'Unauthorized', message: 'no', code: 403 }))
  assertEquals([refused.auth, refused.storage], ['internal_error', 'internal_error'])
})
