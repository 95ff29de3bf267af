/** Accounts that the webhook opened for a reporter, and who else tries to enter them. */

import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { buildTypeformResponse } from '../../samples/typeform.ts'
import { newClient, PASSWORD, postWebhook } from '../support/claims.ts'

test('signing up with the address of an account that a form opened gives no session of it and nothing of its claims', async () => {
  const email = `${randomUUID()}@example.test`
  const claim = await postWebhook(JSON.stringify(buildTypeformResponse({ email, files: [] })))
  expect(claim).toMatchObject({ status: 200, body: { incident_id: expect.any(String) } })
  const incidentId = Object(claim.body).incident_id
  const { data: incident } = await newClient('secretKey')
    .from('incidents')
    .select('user_id')
    .eq('id', incidentId)
    .single()

  const attacker = newClient()
  const { data: signedUp } = await attacker.auth.signUp({ email, password: PASSWORD })
  expect(incident?.user_id).toEqual(expect.any(String))
  expect(signedUp.session?.user.id).not.toBe(incident?.user_id)
  for (const address of [email, email.toUpperCase(), ` ${email}`]) {
    const { data } = await attacker.auth.signInWithPassword({ email: address, password: PASSWORD })
    expect(data.session?.user.id).not.toBe(incident?.user_id)
  }

  // An account of another name cannot take the address over either.
  const other = newClient()
  await other.auth.signInAnonymously()
  await other.auth.updateUser({ email, password: PASSWORD })
  for (const client of [attacker, other]) {
    const { data: seen } = await client.from('incidents').select('id').eq('id', incidentId)
    expect(seen ?? []).toEqual([])
  }
})
