/** JSON that would overflow the stack of a service or of the database is refused by every service. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from './gateway/testing.ts'
import { createRealtime, type Realtime } from './realtime/index.ts'

const LEVELS = 100_000
const DEEP_ARRAY = '['.repeat(LEVELS) + ']'.repeat(LEVELS)
const DEEP_OBJECT = `${'{"a":'.repeat(LEVELS)}1${'}'.repeat(LEVELS)}`

let api: TestApi
let realtime: Realtime

beforeAll(async () => {
  api = await startTestApi()
  const { keys, logger, database, gateway } = api
  realtime = createRealtime({ db: database.urls, keys, jwks: keys.jwks, logger })
  gateway.mount({ realtime })
})

afterAll(async () => {
  await realtime.stop()
  await api[Symbol.asyncDispose]()
})

test.each([
  ['POST', '/auth/v1/signup', 'bad_json'],
  ['POST', '/auth/v1/token?grant_type=password', 'bad_json'],
  ['POST', '/auth/v1/admin/users', 'bad_json'],
  ['POST', '/rest/v1/incidents', 'PGRST102'],
  ['PATCH', '/rest/v1/incidents?id=is.null', 'PGRST102'],
  ['POST', '/rest/v1/rpc/request_report', 'PGRST102'],
  ['POST', '/realtime/v1/api/broadcast', 'Bad Request'],
  ['POST', '/realtime/v1/api/broadcast/topic/events/event', 'Bad Request'],
])('%s %s answers 400', async (method, path, code) => {
  for (const body of [DEEP_ARRAY, DEEP_OBJECT, `{"data":${DEEP_OBJECT}}`]) {
    for (const type of ['application/json', 'application/json; charset=utf-8']) {
      const response = await fetch(`${api.gateway.url}${path}`, {
        method,
        headers: {
          apikey: api.keys.serviceRoleKey,
          authorization: `Bearer ${api.keys.serviceRoleKey}`,
          'content-type': type,
        },
        body,
      })
      expect([response.status, await response.text()]).toEqual([400, expect.stringContaining(code)])
    }
  }
})

test('a body of another type is no server error either', async () => {
  for (const type of ['text/plain', 'application/octet-stream', 'text/csv', 'multipart/form-data']) {
    for (const path of ['/rest/v1/incidents', '/rest/v1/rpc/request_report', '/auth/v1/signup']) {
      const response = await fetch(`${api.gateway.url}${path}`, {
        method: 'POST',
        headers: { apikey: api.keys.secretKey, 'content-type': type },
        body: DEEP_ARRAY,
      })
      expect(response.status, `${type} ${path} ${await response.text()}`).toBeLessThan(500)
    }
  }
})
