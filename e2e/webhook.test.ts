import { randomUUID } from 'node:crypto'
import { describe, expect, inject, test } from 'vitest'
import { buildTypeformResponse, signTypeformBody } from '../samples/typeform.ts'
import { newClient, newUser, postWebhook } from './support/claims.ts'

const code = (expected: string) => ({ error: { code: expected, message: expect.any(String) } })
const photo = () => [`${inject('fileOrigin')}/good.jpg`]

async function post(init: RequestInit): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${inject('stack').url}/functions/v1/typeform-webhook`, init)
  return { status: response.status, body: await response.json() }
}

describe('the signature', () => {
  const body = JSON.stringify(buildTypeformResponse({ userId: randomUUID(), files: [] }))

  test('missing: 401', async () => {
    expect(await post({ method: 'POST', body })).toEqual({ status: 401, body: code('signature_missing') })
  })

  test.each(['sha256=', 'sha1=AAAA', 'nonsense', 'sha256=***'])('malformed (%s): 401', async (signature) => {
    const answer = await postWebhook(body, { 'typeform-signature': signature })
    expect(answer).toEqual({ status: 401, body: code('signature_malformed') })
  })

  test('of another body or secret: 401', async () => {
    const { keys } = inject('stack')
    for (const signature of [
      signTypeformBody(`${body} `, keys.typeformSecret),
      signTypeformBody(body, 'guess'),
    ]) {
      const answer = await postWebhook(body, { 'typeform-signature': signature })
      expect(answer).toEqual({ status: 401, body: code('signature_mismatch') })
    }
  })
})

describe('the body', () => {
  test('over 1 MB: 413, before the signature is looked at', async () => {
    const body = `{"filler":"${'x'.repeat(1024 * 1024)}"}`
    const refusal = { status: 413, body: code('body_too_large') }
    expect(await postWebhook(body)).toEqual(refusal)
    expect(await post({ method: 'POST', body })).toEqual(refusal)
  })

  test('not JSON: 400', async () => {
    expect(await postWebhook('{"form_response":')).toEqual({ status: 400, body: code('invalid_json') })
  })

  test.each([
    '{}',
    'null',
    '[]',
    '"text"',
    '{"event_type":"form_response"}',
    '{"event_type":"form_response","form_response":{"token":5}}',
    '{"event_type":"form_response","form_response":{"token":"t","answers":"none"}}',
  ])('JSON that is no form response (%s): 400', async (body) => {
    const answer = await postWebhook(body)
    expect(answer).toMatchObject({ status: 400, body: code('invalid_form_response') })
  })

  test('of a user that does not exist: 422', async () => {
    const response = buildTypeformResponse({ userId: randomUUID(), files: [] })
    expect(await postWebhook(JSON.stringify(response))).toMatchObject({
      status: 422,
      body: code('user_unknown'),
    })
  })

  test('with another method: 405, never 404 or 410', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      expect(await post({ method })).toMatchObject({ status: 405, body: code('method_not_allowed') })
    }
  })
})

describe('a good response', () => {
  test('makes an incident with documents and jobs that its owner sees', async () => {
    const user = await newUser()
    const body = JSON.stringify(buildTypeformResponse({ userId: user.id, email: user.email, files: photo() }))
    const answer = await postWebhook(body)
    expect(answer).toMatchObject({
      status: 200,
      body: {
        user_id: user.id,
        document_ids: [expect.any(String)],
        job_ids: [expect.any(String)],
        duplicate: false,
      },
    })
    const { data } = await user.client.from('incidents').select('id, user_id, documents(id)')
    expect(data).toMatchObject([{ user_id: user.id, documents: [{ id: expect.any(String) }] }])
  })

  test('twice, also at the same time, gives 200 and the same ids', async () => {
    const user = await newUser()
    const body = JSON.stringify(buildTypeformResponse({ userId: user.id, email: user.email, files: photo() }))
    const answers = await Promise.all(Array.from({ length: 8 }, () => postWebhook(body)))
    const bodies = answers.map(
      (answer) => answer.body as { incident_id: string; job_ids: string[]; duplicate: boolean },
    )
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200))
    expect(new Set(bodies.map(({ incident_id }) => incident_id)).size).toBe(1)
    expect(new Set(bodies.map(({ job_ids }) => job_ids.join())).size).toBe(1)
    expect(bodies.filter(({ duplicate }) => !duplicate)).toHaveLength(1)
    const { count } = await user.client.from('incidents').select('id', { count: 'exact', head: true })
    expect(count).toBe(1)
  })

  test('of a user id that is new, with an address, creates that user', async () => {
    const id = randomUUID()
    const email = `${id}@example.test`
    const answer = await postWebhook(JSON.stringify(buildTypeformResponse({ userId: id, email, files: [] })))
    expect(answer).toMatchObject({ status: 200, body: { user_id: id } })
    const { data } = await newClient('secretKey').auth.admin.getUserById(id)
    expect(data.user?.email).toBe(email)
  })

  test('with control characters and lone surrogates is stored clean', async () => {
    const user = await newUser()
    const response = buildTypeformResponse({
      userId: user.id,
      email: user.email,
      files: [],
      description: 'before\u0000after \ud800 <b>bold</b> \u202Eright-to-left',
    })
    expect(await postWebhook(JSON.stringify(response))).toMatchObject({ status: 200 })
    const { data } = await user.client.from('incidents').select('description').single()
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must be gone
    expect(data?.description).not.toMatch(/[\u0000\u202e\ud800]/)
    expect(data?.description).toContain('<b>bold</b>')
  })
})
