/** Calls without end, by a caller with an anonymous sign-in, sent over HTTP. */

import { randomUUID } from 'node:crypto'
import { expect, inject, test } from 'vitest'
import { newClient } from '../support/claims.ts'

/** An anonymous sign-in and its bare requests, whose headers a test can read. */
async function anonymousCaller() {
  const { url, keys } = inject('stack')
  const client = newClient()
  const { data, error } = await client.auth.signInAnonymously()
  expect(error).toBeNull()
  const headers = {
    apikey: keys.publishableKey,
    authorization: `Bearer ${data.session?.access_token}`,
    'content-type': 'application/json',
  }
  return {
    call: (name: string, body: object = {}) =>
      fetch(`${url}/rest/v1/rpc/${name}`, { method: 'POST', headers, body: JSON.stringify(body) }),
  }
}

test('80 calls at once of a function that takes 40: the others are told when to come back, and other users are served', async () => {
  const [flooder, other] = await Promise.all([anonymousCaller(), anonymousCaller()])
  const answers = await Promise.all(Array.from({ length: 80 }, () => flooder.call('form_link')))
  const refused = answers.filter(({ status }) => status === 429)
  expect(answers.filter(({ status }) => status === 200).length + refused.length).toBe(80)
  // One token comes back every three seconds.
  expect(refused.length).toBeGreaterThan(20)
  expect(refused.length).toBeLessThanOrEqual(40)
  for (const answer of refused) {
    const { code, message, hint } = await answer.json()
    expect({ code, message }).toEqual({ code: 'PT429', message: 'rate_limited' })
    const { retryAfterMs }: { retryAfterMs: number } = JSON.parse(hint)
    expect(answer.headers.get('retry-after')).toBe(String(Math.ceil(retryAfterMs / 1000)))
  }
  expect((await other.call('form_link')).status).toBe(200)
  // The rate of one function leaves the others alone.
  const report = await flooder.call('request_report', { p_incident_id: randomUUID() })
  expect(await report.json()).toMatchObject({ message: 'incident_not_found' })
})
