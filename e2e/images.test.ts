import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { samplePhotoPath } from '../samples/photos.ts'
import { withClient } from '../stack/testing/database.ts'
import { endedJobs, newClient, newUser, openOriginal, postClaim } from './support/claims.ts'
import type { HostileFile } from './support/hostile-server.ts'

/** Code of the failed job, and whether the original is kept. Every file that arrived is, but for a web page. */
const FAILURES = {
  'page.html': { code: 'html_not_image', kept: false },
  'drawing.svg': { code: 'svg_not_allowed', kept: true },
  'truncated.jpg': { code: 'image_truncated', kept: true },
  'empty.jpg': { code: 'file_empty', kept: false },
  'missing.jpg': { code: 'download_not_found', kept: false },
  'redirect-private.jpg': { code: 'private_address', kept: false },
  'redirect-metadata.jpg': { code: 'private_address', kept: false },
  'redirect-loop.jpg': { code: 'too_many_redirects', kept: false },
  'understated.jpg': { code: 'download_size_mismatch', kept: false },
  'endless.jpg': { code: 'file_too_large', kept: false },
  'silent.jpg': { code: 'download_timeout', kept: false },
  'broken-off.jpg': { code: 'download_truncated', kept: false },
} as const satisfies Partial<Record<HostileFile, { code: string; kept: boolean }>>

// Retries are the database's business and tested there; here every job has one attempt.
beforeAll(() =>
  withClient(inject('stack').db.postgres, async (client) => {
    await client.query('update private.job_kinds set max_attempts = 1')
  }),
)

describe('a photo that cannot be processed', () => {
  test.each(Object.entries(FAILURES))('%s ends failed with its own code', async (file, { code, kept }) => {
    const user = await newUser()
    const incidentId = await postClaim(user, [`${inject('fileOrigin')}/${file}`])
    const [job] = await endedJobs(user, incidentId, 1)
    expect(job).toMatchObject({ status: 'failed', error_code: code, error: expect.any(String) })

    const { data: messages } = await user.client
      .from('notifications')
      .select('type, payload')
      .like('type', 'image_%')
      .order('seq')
    expect(messages?.at(-1)).toMatchObject({
      type: 'image_processing_failed',
      payload: { status: 'failed', error: job?.error, errorCode: code },
    })

    const { data: document } = await user.client.from('documents').select().single()
    expect(document?.original_path !== null).toBe(kept)
    if (kept && document?.original_path) {
      const { data: blob } = await newClient('secretKey')
        .storage.from('originals')
        .download(document.original_path)
      const bytes = Buffer.from((await blob?.arrayBuffer()) ?? new ArrayBuffer(0))
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(document.sha256)
    }
  })
})

describe('a good photo', () => {
  test('is kept byte for byte; only its owner sees preview and thumbnail', async () => {
    const user = await newUser()
    const incidentId = await postClaim(user, [`${inject('fileOrigin')}/good.jpg`])
    const [job] = await endedJobs(user, incidentId, 1)
    expect(job).toMatchObject({ status: 'completed', progress: 100, error_code: null })

    const { data: document } = await user.client.from('documents').select().single()
    if (!document?.original_path || !document.preview_path || !document.thumbnail_path) {
      throw new Error('the document has no files')
    }
    const original = await openOriginal(user, document)
    expect(Buffer.from(await original.arrayBuffer())).toEqual(readFileSync(samplePhotoPath('front')))

    const stranger = await newUser()
    for (const path of [document.preview_path, document.thumbnail_path]) {
      const own = await user.client.storage.from('derivatives').download(path)
      const bytes = Buffer.from((await own.data?.arrayBuffer()) ?? new ArrayBuffer(0))
      expect(bytes.subarray(0, 3).toString('hex')).toBe('ffd8ff')
      expect(bytes.includes('Exif')).toBe(false)
      const theirs = await stranger.client.storage.from('derivatives').download(path)
      expect(theirs.error).not.toBeNull()
    }
  })

  test('sends started, progress and done, with a thumbnail that opens', async () => {
    const user = await newUser()
    const incidentId = await postClaim(user, [`${inject('fileOrigin')}/good.jpg`])
    await endedJobs(user, incidentId, 1)
    const { data } = await user.client
      .from('notifications')
      .select('seq, type, payload')
      .like('type', 'image_%')
      .order('seq')
    expect(data?.map(({ seq, type }) => [seq, type])).toEqual([
      [1, 'image_processing_started'],
      [2, 'image_processed'],
    ])
    const payload = data?.[1]?.payload as { signedUrl: string; processingDuration: number }
    expect(payload.processingDuration).toBeGreaterThan(0)
    const thumbnail = await fetch(payload.signedUrl)
    expect([thumbnail.status, thumbnail.headers.get('content-type')]).toEqual([200, 'image/jpeg'])
  })
})
