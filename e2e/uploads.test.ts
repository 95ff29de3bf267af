import { createHash, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, inject, test } from 'vitest'
import { samplePhotoPath } from '../samples/photos.ts'
import { withClient } from '../stack/testing/database.ts'
import { endedJobs, newClient, newUser, openOriginal, postClaim, type TestUser } from './support/claims.ts'

const photo = readFileSync(samplePhotoPath('front'))
const bucket = (user: TestUser, name: 'uploads' | 'derivatives') => user.client.storage.from(name)

/** A user with an incident without files, and a place for one. */
async function newIncident(): Promise<{ user: TestUser; incidentId: string; path: string }> {
  const user = await newUser()
  const incidentId = await postClaim(user, [])
  return { user, incidentId, path: `${incidentId}/${randomUUID()}` }
}

async function uploadNames(incidentId: string): Promise<string[]> {
  const { data } = await newClient('secretKey').storage.from('uploads').list(incidentId)
  return (data ?? []).map(({ name }) => `${incidentId}/${name}`)
}

/** What its user was told of images, in order; a report may begin by itself when all has ended. */
async function imageMessages(user: TestUser) {
  const { data } = await user.client
    .from('notifications')
    .select('type, payload')
    .like('type', 'image%')
    .order('seq')
  return data
}

describe("a photo from a member's device", () => {
  test('becomes a document with preview; the original is kept and the upload gone', async () => {
    const { user, incidentId, path } = await newIncident()
    const { error } = await bucket(user, 'uploads').upload(path, photo, { contentType: 'text/html' })
    expect(error).toBeNull()
    const submission = { p_incident_id: incidentId, p_path: path, p_file_name: 'C:\\me/../front.jpg' }
    const submitted = await Promise.all([
      user.client.rpc('submit_upload', submission),
      user.client.rpc('submit_upload', submission),
    ])
    expect(new Set(submitted.map(({ data }) => data?.id)).size).toBe(1)

    const [job] = await endedJobs(user, incidentId, 1)
    expect(job).toMatchObject({ status: 'completed', result: { preview: 'available' } })
    const { data: document } = await user.client.from('documents').select().single()
    expect(document).toMatchObject({
      kind: 'photo',
      file_name: 'front.jpg',
      content_type: 'image/jpeg',
      byte_size: photo.length,
      sha256: createHash('sha256').update(photo).digest('hex'),
      received_at: expect.any(String),
      duplicate_of: null,
    })
    const original = await openOriginal(user, document)
    expect(Buffer.from(await original.arrayBuffer())).toEqual(photo)
    expect(await uploadNames(incidentId)).toEqual([])

    const messages = await imageMessages(user)
    expect(messages?.map(({ type }) => type)).toEqual(['image_processing_started', 'image_processed'])
    expect(messages?.at(-1)?.payload).toMatchObject({
      documentId: document?.id,
      documentType: 'photo',
      signedUrl: expect.stringContaining('/object/sign/derivatives/'),
    })
  })

  test('that the incident has already is recognised, also when both arrive at once', async () => {
    const { user, incidentId } = await newIncident()
    for (const _ of [1, 2, 3]) {
      const path = `${incidentId}/${randomUUID()}`
      expect((await bucket(user, 'uploads').upload(path, photo)).error).toBeNull()
      const submission = { p_incident_id: incidentId, p_path: path, p_file_name: 'front.jpg' }
      expect((await user.client.rpc('submit_upload', submission)).error).toBeNull()
    }
    const jobs = await endedJobs(user, incidentId, 3)
    expect(jobs.map(({ status }) => status)).toEqual(['completed', 'completed', 'completed'])

    const { data: documents } = await user.client.from('documents').select().order('received_at')
    const [first, ...others] = documents ?? []
    expect(first?.duplicate_of).toBeNull()
    expect(others.map((document) => document.duplicate_of)).toEqual([first?.id, first?.id])
    expect(new Set(documents?.map((document) => document.original_path))).toEqual(
      new Set([first?.original_path]),
    )
    const stored = await Promise.all(
      (documents ?? []).map(({ id }) =>
        newClient('secretKey').storage.from('originals').list(`${incidentId}/${id}`),
      ),
    )
    expect(stored.flatMap(({ data }) => data ?? [])).toHaveLength(1)
    const { data: messages } = await user.client
      .from('notifications')
      .select('payload')
      .eq('type', 'image_processed')
    const told = messages?.map(({ payload }) => payload as { documentId: string; duplicateOf?: string })
    expect(told?.filter(({ duplicateOf }) => duplicateOf === first?.id)).toHaveLength(2)
    expect(told?.find(({ documentId }) => documentId === first?.id)?.duplicateOf).toBeUndefined()
  })
})

describe('a user who begins many resumable uploads', () => {
  const MOST = 100

  /** Announces a file of a byte and sends nothing of it. Begins again, as clients of TUS do, while the server is too busy. */
  async function begin(token: string, incidentId: string): Promise<Response> {
    for (;;) {
      const response = await beginOnce(token, incidentId)
      if (response.status < 500) return response
    }
  }

  async function beginOnce(token: string, incidentId: string): Promise<Response> {
    const { url, keys } = inject('stack')
    const path = `${incidentId}/${randomUUID()}`
    return await fetch(`${url}/storage/v1/upload/resumable`, {
      method: 'POST',
      headers: {
        apikey: keys.publishableKey,
        authorization: `Bearer ${token}`,
        'tus-resumable': '1.0.0',
        'upload-length': '1',
        'upload-metadata': `bucketName ${btoa('uploads')},objectName ${btoa(path)}`,
      },
    })
  }
  async function tokenOf(user: TestUser): Promise<string> {
    return (await user.client.auth.getSession()).data.session?.access_token ?? ''
  }

  test('is told when there are too many, though not a byte has arrived; ending one makes room', async () => {
    const { user, incidentId } = await newIncident()
    const token = await tokenOf(user)
    const begun = await Promise.all(Array.from({ length: MOST + 20 }, () => begin(token, incidentId)))
    const statuses = begun.map(({ status }) => status)
    expect(statuses.filter((status) => status === 201)).toHaveLength(MOST)
    const refused = begun.filter(({ status }) => status !== 201)
    for (const response of refused) {
      expect([response.status, await response.text()]).toEqual([403, 'too_many_uploads'])
    }
    const plain = await bucket(user, 'uploads').upload(`${incidentId}/${randomUUID()}`, photo)
    expect(plain.error).toMatchObject({ message: 'too_many_uploads', statusCode: '403' })

    // What has begun goes on, and one that ends makes room for one.
    const [first, second] = begun.flatMap(({ headers }) => headers.get('location') ?? [])
    const headers = {
      apikey: inject('stack').keys.publishableKey,
      authorization: `Bearer ${token}`,
      'tus-resumable': '1.0.0',
    }
    const patched = await fetch(first ?? '', {
      method: 'PATCH',
      headers: { ...headers, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' },
      body: 'x',
    })
    expect([patched.status, patched.headers.get('upload-offset')]).toEqual([204, '1'])
    expect((await begin(token, incidentId)).status).toBe(403)
    expect((await fetch(second ?? '', { method: 'DELETE', headers })).status).toBe(204)
    expect((await begin(token, incidentId)).status).toBe(201)
    expect((await begin(token, incidentId)).status).toBe(403)

    const other = await newIncident()
    expect((await begin(await tokenOf(other.user), other.incidentId)).status).toBe(201)
  })
})

describe('an attachment', () => {
  const pdf = Buffer.from(
    [
      '%PDF-1.4',
      '1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj',
      '2 0 obj << /Type /Pages /Count 3 >> endobj',
      '3 0 obj << /Title (Estimate) >> endobj',
      'trailer << /Root 1 0 R /Info 3 0 R >>',
    ].join('\n'),
  )

  test.each([
    ['estimate.pdf', pdf, 'application/pdf', { kind: 'pdf', pages: 3, title: 'Estimate', preview: 'none' }],
    [
      'page.docx',
      Buffer.from('<script>1</script>'),
      'application/octet-stream',
      { kind: 'file', preview: 'none' },
    ],
  ])(
    '%s is kept as it is, with a note instead of a thumbnail',
    async (name, bytes, contentType, metadata) => {
      const { user, incidentId, path } = await newIncident()
      expect(
        (await bucket(user, 'uploads').upload(path, bytes, { contentType: 'text/html' })).error,
      ).toBeNull()
      const submission = { p_incident_id: incidentId, p_path: path, p_file_name: name }
      expect((await user.client.rpc('submit_upload', submission)).data?.kind).toBe('attachment')
      const [job] = await endedJobs(user, incidentId, 1)
      expect(job).toMatchObject({ status: 'completed', result: { preview: 'none', contentType } })
      const { data: document } = await user.client.from('documents').select().single()
      expect(document).toMatchObject({
        file_name: name,
        content_type: contentType,
        metadata,
        thumbnail_path: null,
      })
      const original = await openOriginal(user, document)
      expect(original.type).toBe(contentType)
      expect(Buffer.from(await original.arrayBuffer())).toEqual(bytes)
    },
  )

  test('of a form, a PDF is kept as well, and its owner is told', async () => {
    const user = await newUser()
    const incidentId = await postClaim(user, [`${inject('fileOrigin')}/estimate.pdf`])
    const [job] = await endedJobs(user, incidentId, 1)
    expect(job).toMatchObject({
      status: 'completed',
      result: { preview: 'none', contentType: 'application/pdf' },
    })
    const messages = await imageMessages(user)
    expect(messages?.at(-1)).toMatchObject({
      type: 'image_processed',
      payload: { documentType: 'attachment', preview: 'none' },
    })
  })
})

describe('who may upload', () => {
  test('a stranger neither puts a file into an incident nor submits one', async () => {
    const { user, incidentId, path } = await newIncident()
    const stranger = await newUser()
    expect((await bucket(stranger, 'uploads').upload(path, photo)).error).not.toBeNull()
    expect((await bucket(user, 'uploads').upload(path, photo)).error).toBeNull()
    const submission = { p_incident_id: incidentId, p_path: path, p_file_name: 'front.jpg' }
    const { error } = await stranger.client.rpc('submit_upload', submission)
    expect(error).toMatchObject({ code: 'PT404', message: 'incident_not_found' })
    expect((await bucket(stranger, 'uploads').download(path)).error).not.toBeNull()
    expect((await user.client.from('documents').select()).data).toEqual([])
  })

  test('a member uploads no file over 25 MB, over another, or outside of the folder', async () => {
    const { user, incidentId, path } = await newIncident()
    const huge = Buffer.alloc(25 * 1024 * 1024 + 1)
    expect((await bucket(user, 'uploads').upload(path, huge)).error).not.toBeNull()
    expect((await bucket(user, 'uploads').upload(path, photo)).error).toBeNull()
    expect((await bucket(user, 'uploads').upload(path, photo)).error).not.toBeNull()
    expect((await bucket(user, 'uploads').upload(path, photo, { upsert: true })).error).not.toBeNull()
    const odd = await bucket(user, 'uploads').upload(`${incidentId}/x/${randomUUID()}`, photo)
    expect(odd.error).not.toBeNull()
    expect(await uploadNames(incidentId)).toEqual([path])
  })
})

test('what was never submitted is removed with its bytes; what was is not', async () => {
  const { user, incidentId, path } = await newIncident()
  const fresh = `${incidentId}/${randomUUID()}`
  for (const name of [path, fresh]) {
    expect((await bucket(user, 'uploads').upload(name, photo)).error).toBeNull()
  }
  const { url, keys, db } = inject('stack')
  await withClient(db.postgres, (client) =>
    client.query(`update storage.objects set created_at = now() - interval '26 hours' where name = $1`, [
      path,
    ]),
  )
  const call = (key: string) =>
    fetch(`${url}/functions/v1/clean-storage`, { method: 'POST', headers: { apikey: key }, body: '{}' })
  expect((await call(keys.publishableKey)).status).toBe(401)
  const answer = await call(keys.secretKey)
  expect([answer.status, await answer.json()]).toEqual([200, { removed: expect.any(Number) }])
  expect(await uploadNames(incidentId)).toEqual([fresh])
  const { error } = await user.client.rpc('submit_upload', {
    p_incident_id: incidentId,
    p_path: path,
    p_file_name: 'front.jpg',
  })
  expect(error).toMatchObject({ code: 'PT404', message: 'upload_not_found' })
})
