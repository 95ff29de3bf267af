/** Attempts to replace, remove or alter evidence, by every way into Storage, and what `npm run verify` says afterwards. */

import { createHash, randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, inject, test } from 'vitest'
import { samplePhotoPath } from '../../samples/photos.ts'
import { run } from '../../scripts/process.ts'
import { withClient } from '../../stack/testing/database.ts'
import { endedJobs, newClient, newUser, postClaim, type TestUser } from '../support/claims.ts'

const PHOTO = readFileSync(samplePhotoPath('front'))
const OTHER = readFileSync(samplePhotoPath('street'))
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const service = () => newClient('secretKey')

interface SubmittedFile {
  user: TestUser
  incidentId: string
  /** Object in the bucket `uploads`. */
  path: string
  documentId: string
  /** A URL that was signed for the upload and takes bytes for two hours. */
  signedUpload: { path: string; token: string }
}

/** Uploads a file by a signed URL, submits it, and waits until its job has ended. */
async function submitFile(bytes: Uint8Array, fileName = 'front.jpg'): Promise<SubmittedFile> {
  const user = await newUser()
  const incidentId = await postClaim(user, [])
  const path = `${incidentId}/${randomUUID()}`
  const { data: signedUpload } = await user.client.storage.from('uploads').createSignedUploadUrl(path)
  if (signedUpload === null) throw new Error('no upload URL was signed')
  const uploaded = await user.client.storage
    .from('uploads')
    .uploadToSignedUrl(path, signedUpload.token, bytes)
  expect(uploaded.error).toBeNull()
  const submission = { p_incident_id: incidentId, p_path: path, p_file_name: fileName }
  const { data: document, error } = await user.client.rpc('submit_upload', submission)
  expect(error).toBeNull()
  await endedJobs(user, incidentId, 1)
  return { user, incidentId, path, documentId: document?.id ?? '', signedUpload }
}

async function readDocument({ user, documentId }: SubmittedFile) {
  const { data, error } = await user.client.from('documents').select().eq('id', documentId).single()
  expect(error).toBeNull()
  if (data === null) throw new Error('the document is gone')
  return data
}

/** The bytes of the kept original, read as a service does. */
async function originalBytes(path: string | null): Promise<Buffer> {
  const { data, error } = await service()
    .storage.from('originals')
    .download(path ?? '')
  expect(error).toBeNull()
  return Buffer.from((await data?.arrayBuffer()) ?? new ArrayBuffer(0))
}

async function verify(incidentId: string, ...args: string[]) {
  const { url, keys } = inject('stack')
  const { code, output } = await run(
    process.execPath,
    ['scripts/verify.ts', '--json', '--url', url, '--incident', incidentId, ...args],
    { env: { SUPABASE_PUBLISHABLE_KEY: keys.publishableKey, SUPABASE_SECRET_KEY: keys.secretKey } },
  )
  return {
    code,
    verdict: JSON.parse(output) as { intact: boolean; problem?: string; detail?: string; head: string },
  }
}

describe('a submitted file', () => {
  test('takes no other bytes by its signed URL, a resumable upload, an upsert or a service', async () => {
    const file = await submitFile(PHOTO)
    const { user, path, signedUpload } = file
    const before = await readDocument(file)
    const uploads = user.client.storage.from('uploads')
    const again = await Promise.all([
      uploads.uploadToSignedUrl(path, signedUpload.token, OTHER),
      uploads.uploadToSignedUrl(path, signedUpload.token, OTHER, { upsert: true }),
      uploads.upload(path, OTHER),
      uploads.upload(path, OTHER, { upsert: true }),
      service().storage.from('uploads').upload(path, OTHER, { upsert: true }),
    ])
    for (const { error } of again) expect(error).not.toBeNull()
    expect(await readDocument(file)).toEqual(before)
    expect(await originalBytes(before.original_path)).toEqual(PHOTO)
  })

  test('keeps its first bytes when its job failed, other bytes were sent, and the job is tried again', async () => {
    const broken = PHOTO.subarray(0, PHOTO.length / 2)
    const file = await submitFile(broken)
    const { user, path, signedUpload, incidentId } = file
    const before = await readDocument(file)
    expect(before).toMatchObject({ sha256: sha256(broken), byte_size: broken.length })
    await user.client.storage.from('uploads').uploadToSignedUrl(path, signedUpload.token, PHOTO)
    await service().storage.from('uploads').upload(path, PHOTO, { upsert: true })
    const [job] = await endedJobs(user, incidentId, 1)
    expect(job?.status).toBe('failed')
    expect((await user.client.rpc('requeue_job', { p_job_id: job?.id ?? '' })).error).toBeNull()
    const [retried] = await endedJobs(user, incidentId, 1)
    expect(retried?.attempts).toBeGreaterThan(0)
    const { preview_path: _preview, job_id: _job, ...evidence } = await readDocument(file)
    expect(before).toMatchObject(evidence)
    expect(await originalBytes(before.original_path)).toEqual(broken)
  })
})

describe('a kept original', () => {
  test('is neither replaced, moved nor removed with the secret key, and its row says what it said', async () => {
    const file = await submitFile(PHOTO)
    const before = await readDocument(file)
    const path = before.original_path ?? ''
    const originals = service().storage.from('originals')
    const elsewhere = await originals.upload(`${file.incidentId}/${randomUUID()}/x.bin`, OTHER)
    expect(elsewhere.error).toBeNull()
    const attempts = await Promise.all([
      originals.upload(path, OTHER, { upsert: true }),
      originals.update(path, OTHER),
      originals.move(path, `${path}.moved`),
      originals.move(elsewhere.data?.path ?? '', path),
      originals.copy(elsewhere.data?.path ?? '', path),
      service().storage.emptyBucket('originals'),
      service()
        .from('documents')
        .update({ sha256: sha256(OTHER) })
        .eq('id', file.documentId),
      service().from('documents').update({ original_path: 'elsewhere' }).eq('id', file.documentId),
      service().from('documents').update({ received_at: null }).eq('id', file.documentId),
      service().from('documents').delete().eq('id', file.documentId),
      service().from('incidents').delete().eq('id', file.incidentId),
    ])
    await originals.remove([path])
    for (const { error } of attempts) expect(error).not.toBeNull()
    expect(await readDocument(file)).toEqual(before)
    expect(await originalBytes(path)).toEqual(PHOTO)
    // A worker that comes with other bytes gets the place of the kept ones.
    const place = await service().rpc('keep_original', {
      p_document_id: file.documentId,
      p_sha256: sha256(OTHER),
      p_byte_size: OTHER.length,
      p_content_type: 'image/jpeg',
      p_path: elsewhere.data?.path ?? '',
    })
    expect(place.data).toMatchObject({ original_path: path, sha256: sha256(PHOTO) })
  })

  test('is read by a member after opening it, which the custody log tells, and by no other user', async () => {
    const file = await submitFile(PHOTO)
    const { original_path: path } = await readDocument(file)
    const originals = file.user.client.storage.from('originals')
    expect((await originals.download(path ?? '')).error).not.toBeNull()
    expect((await originals.createSignedUrl(path ?? '', 60)).error).not.toBeNull()
    const opening = { p_document_id: file.documentId, p_purpose: 'download' }
    expect((await file.user.client.rpc('open_original', opening)).data).toMatchObject({ path })
    expect((await originals.createSignedUrl(path ?? '', 60)).error).toBeNull()
    const { data: events } = await file.user.client
      .from('custody_events')
      .select('event, actor_id')
      .order('number')
    expect(events).toEqual([
      { event: 'received', actor_id: file.user.id },
      { event: 'kept', actor_id: null },
      { event: 'derived', actor_id: null },
      { event: 'downloaded', actor_id: file.user.id },
    ])
    const stranger = await newUser()
    expect((await stranger.client.rpc('open_original', opening)).error?.message).toBe('document_not_found')
    expect((await stranger.client.from('custody_events').select()).data).toEqual([])
  })
})

describe('npm run verify', () => {
  test('says that an incident is intact, and names a flipped byte, an edited row and an unknown head', async () => {
    const file = await submitFile(PHOTO)
    const { original_path: path } = await readDocument(file)
    const intact = await verify(file.incidentId)
    expect(intact).toMatchObject({ code: 0, verdict: { intact: true, originals: 1 } })
    expect((await verify(file.incidentId, '--head', intact.verdict.head)).code).toBe(0)
    const unknown = await verify(file.incidentId, '--head', 'f'.repeat(64))
    expect(unknown).toMatchObject({ code: 1, verdict: { problem: 'head_unknown' } })

    await withClient(inject('stack').db.admin, async (client) => {
      const { rows } = await client.query<{ version: string }>(
        `select version from storage.objects where bucket_id = 'originals' and name = $1`,
        [path],
      )
      const version = rows[0]?.version ?? ''
      const onDisk = join(inject('dataDir'), 'storage', 'objects', version.slice(0, 2), version)
      const flipped = Buffer.from(PHOTO)
      flipped.writeUInt8(flipped.readUInt8(1000) ^ 1, 1000)
      writeFileSync(onDisk, flipped)
      expect(await verify(file.incidentId)).toMatchObject({
        code: 1,
        verdict: { problem: 'original_changed', detail: expect.stringContaining(path ?? 'no path') },
      })
      writeFileSync(onDisk, PHOTO)

      await client.query('alter table public.custody_events disable trigger tg_custody_events__refuse')
      await client.query(
        `update public.custody_events set note = 'x' where incident_id = $1 and number = 2`,
        [file.incidentId],
      )
      await client.query('alter table public.custody_events enable trigger tg_custody_events__refuse')
      expect(await verify(file.incidentId)).toMatchObject({
        code: 1,
        verdict: { problem: 'event_changed', detail: expect.stringContaining('2') },
      })
    })
  })
})
