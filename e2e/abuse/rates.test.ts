/** Calls and uploads without end, sent over HTTP. */

import { randomUUID } from 'node:crypto'
import { describe, expect, inject, test } from 'vitest'
import { isRecord } from '../../functions-shared/unknown.ts'
import { newClient, newUser, postClaim } from '../support/claims.ts'

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
    const body: unknown = await answer.json()
    expect(body).toMatchObject({ code: 'PT429', message: 'rate_limited' })
    const { retryAfterMs }: { retryAfterMs: number } = JSON.parse(isRecord(body) ? String(body.hint) : '')
    expect(answer.headers.get('retry-after')).toBe(String(Math.ceil(retryAfterMs / 1000)))
  }
  expect((await other.call('form_link')).status).toBe(200)
  // The rate of one function leaves the others alone.
  const report = await flooder.call('request_report', { p_incident_id: randomUUID() })
  expect(await report.json()).toMatchObject({ message: 'incident_not_found' })
})

describe('160 uploads of one user at once: 100 are taken, each of the others is told why, and none fails', () => {
  const MOST = 100
  const COUNT = 160

  async function uploader() {
    const user = await newUser()
    const incidentId = await postClaim(user, [])
    const paths = Array.from({ length: COUNT }, () => `${incidentId}/${randomUUID()}`)
    return { user, uploads: user.client.storage.from('uploads'), paths }
  }

  function expectRoomForMost(statuses: readonly number[], taken: number): void {
    expect(statuses.filter((status) => status === taken)).toHaveLength(MOST)
    expect(statuses.filter((status) => status === 403)).toHaveLength(COUNT - MOST)
  }

  test('at one go', async () => {
    const { uploads, paths } = await uploader()
    const sent = await Promise.all(paths.map((path) => uploads.upload(path, new Uint8Array(1))))
    for (const { error } of sent) if (error !== null) expect(error.message).toBe('too_many_uploads')
    expectRoomForMost(
      sent.map(({ error }) => (error === null ? 200 : Number(error.statusCode))),
      200,
    )
  })

  test('by URLs that were signed before', async () => {
    const { uploads, paths } = await uploader()
    const signed = await Promise.all(paths.map((path) => uploads.createSignedUploadUrl(path)))
    const sent = await Promise.all(
      signed.map(({ data }, index) =>
        uploads.uploadToSignedUrl(paths[index] ?? '', data?.token ?? '', new Uint8Array(1)),
      ),
    )
    expectRoomForMost(
      sent.map(({ error }) => (error === null ? 200 : Number(error.statusCode))),
      200,
    )
  })

  test('that are resumable, counted where they begin', async () => {
    const { url, keys } = inject('stack')
    const { user, paths } = await uploader()
    const { data } = await user.client.auth.getSession()
    const encoded = (text: string) => Buffer.from(text).toString('base64')
    const begun = await Promise.all(
      paths.map((path) =>
        fetch(`${url}/storage/v1/upload/resumable`, {
          method: 'POST',
          headers: {
            apikey: keys.publishableKey,
            authorization: `Bearer ${data.session?.access_token}`,
            'tus-resumable': '1.0.0',
            'upload-length': '10',
            'upload-metadata': `bucketName ${encoded('uploads')},objectName ${encoded(path)}`,
          },
        }),
      ),
    )
    expectRoomForMost(
      begun.map(({ status }) => status),
      201,
    )
  })
})
