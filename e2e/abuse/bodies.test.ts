/** Bodies that explode when they are inflated, and bodies without an end, sent to every address that takes a body. */

import { createHash, randomUUID } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { gzipSync } from 'node:zlib'
import { describe, expect, inject, test } from 'vitest'
import { signTypeformBody } from '../../samples/typeform.ts'
import { endedJobs, newUser, openOriginal, postClaim, type TestUser } from '../support/claims.ts'

/** 64 MB of zeros in 64 KB: more than a worker's limit for a file when it is inflated. */
const BOMB = new Uint8Array(gzipSync(Buffer.alloc(64 * 1024 * 1024)))
const SHA256 = createHash('sha256').update(BOMB).digest('hex')

async function authorization({ client }: TestUser): Promise<Record<string, string>> {
  const { data } = await client.auth.getSession()
  return {
    apikey: inject('stack').keys.publishableKey,
    authorization: `Bearer ${data.session?.access_token}`,
  }
}

describe('an upload with a Content-Encoding', () => {
  const gzip = { 'content-encoding': 'gzip', 'content-type': 'image/jpeg' }

  const ways: Readonly<Record<string, (user: TestUser, path: string) => Promise<Response>>> = {
    'a plain upload': async (user, path) =>
      await fetch(`${inject('stack').url}/storage/v1/object/uploads/${path}`, {
        method: 'POST',
        headers: { ...(await authorization(user)), ...gzip },
        body: BOMB,
      }),
    'a signed URL': async (user, path) => {
      const { data } = await user.client.storage.from('uploads').createSignedUploadUrl(path)
      return await fetch(data?.signedUrl ?? '', { method: 'PUT', headers: gzip, body: BOMB })
    },
    'a resumable upload': async (user, path) => {
      const { url } = inject('stack')
      const base64 = (text: string) => Buffer.from(text).toString('base64')
      const headers = { ...(await authorization(user)), 'tus-resumable': '1.0.0' }
      const created = await fetch(`${url}/storage/v1/upload/resumable`, {
        method: 'POST',
        headers: {
          ...headers,
          'upload-length': String(BOMB.length),
          'upload-metadata': `bucketName ${base64('uploads')},objectName ${base64(path)},contentEncoding ${base64('gzip')}`,
        },
      })
      return await fetch(created.headers.get('location') ?? '', {
        method: 'PATCH',
        headers: {
          ...headers,
          'content-encoding': 'gzip',
          'content-type': 'application/offset+octet-stream',
          'upload-offset': '0',
        },
        body: BOMB,
      })
    },
  }

  test('is kept as it was sent, by every way, and is inflated by no worker and no answer', async () => {
    const user = await newUser()
    for (const [way, upload] of Object.entries(ways)) {
      const incidentId = await postClaim(user, [])
      const path = `${incidentId}/${randomUUID()}`
      const uploaded = await upload(user, path)
      expect({ way, ok: uploaded.ok }).toEqual({ way, ok: true })
      const submission = { p_incident_id: incidentId, p_path: path, p_file_name: 'front.jpg' }
      const { data: submitted } = await user.client.rpc('submit_upload', submission)
      const [job] = await endedJobs(user, incidentId, 1)
      expect(job).toMatchObject({ status: 'failed', error_code: 'not_an_image' })
      const { data: document } = await user.client
        .from('documents')
        .select()
        .eq('id', submitted?.id ?? '')
        .single()
      expect(document).toMatchObject({ sha256: SHA256, byte_size: BOMB.length })
      const original = await openOriginal(user, document)
      expect(Buffer.from(await original.arrayBuffer()).equals(BOMB)).toBe(true)
    }
  })
})

test('a compressed body of the webhook is not inflated, also with a signature', async () => {
  const { url, keys } = inject('stack')
  const answer = await fetch(`${url}/functions/v1/typeform-webhook`, {
    method: 'POST',
    headers: {
      'content-encoding': 'gzip',
      'content-type': 'application/json',
      'typeform-signature': signTypeformBody(BOMB, keys.typeformSecret),
    },
    body: BOMB,
  })
  expect([answer.status, await answer.json()]).toMatchObject([400, { error: { code: 'invalid_json' } }])
})

describe('a body without an end', () => {
  const MEGABYTE = 1024 * 1024
  /** Bytes that the gateway reads behind an answer, and those in buffers on the way. */
  const SLACK = 48 * MEGABYTE

  /** Sends zeros until the server answers or cuts the connection. */
  function sendEndlessly(
    path: string,
    headers: Record<string, string>,
    method = 'POST',
  ): Promise<{ status: number | undefined; sent: number }> {
    return new Promise((resolve) => {
      const chunk = Buffer.alloc(256 * 1024, '0')
      let status: number | undefined
      let sent = 0
      const outgoing = httpRequest(`${inject('stack').url}${path}`, {
        method,
        headers: { ...headers, 'transfer-encoding': 'chunked' },
      })
      const pump = (): void => {
        while (!outgoing.destroyed && sent < 4 * SLACK) {
          sent += chunk.length
          if (!outgoing.write(chunk)) return
        }
        outgoing.destroy()
      }
      outgoing.on('drain', pump)
      outgoing.on('response', (response) => {
        status = response.statusCode
        response.on('error', () => undefined) // the server cuts the connection behind its answer
        response.resume()
      })
      outgoing.on('error', () => undefined) // likewise
      outgoing.on('close', () => resolve({ status, sent }))
      pump()
    })
  }

  test('is refused or cut by every address, and the stack answers others', async () => {
    const user = await newUser()
    const incidentId = await postClaim(user, [])
    const json = { ...(await authorization(user)), 'content-type': 'application/json' }
    const secret = { apikey: inject('stack').keys.secretKey, 'content-type': 'application/json' }
    const addresses: [path: string, headers: Record<string, string>, limit: number, method?: string][] = [
      ['/rest/v1/rpc/submit_upload', json, 32 * MEGABYTE],
      ['/rest/v1/case_notes', json, 32 * MEGABYTE],
      ['/auth/v1/signup', json, MEGABYTE],
      ['/auth/v1/token?grant_type=password', json, MEGABYTE],
      ['/auth/v1/user', json, MEGABYTE, 'PUT'],
      ['/realtime/v1/api/broadcast', json, 4 * MEGABYTE],
      ['/storage/v1/object/list/uploads', json, MEGABYTE],
      ['/storage/v1/object/move', json, MEGABYTE],
      [
        `/storage/v1/object/uploads/${incidentId}/${randomUUID()}`,
        { ...json, 'content-type': 'image/jpeg' },
        25 * MEGABYTE,
      ],
      ['/functions/v1/typeform-webhook', { ...json, 'typeform-signature': 'sha256=AAAA' }, MEGABYTE],
      ['/functions/v1/process-image', secret, MEGABYTE],
      ['/functions/v1/status-update', secret, MEGABYTE],
      ['/functions/v1/no-such-function', json, 0],
    ]
    // At once, because the gateway reads on behind an answer for up to 5 s.
    await Promise.all(
      addresses.map(async ([path, headers, limit, method]) => {
        const { status, sent } = await sendEndlessly(path, headers, method)
        const refused = status === undefined || (status >= 400 && status < 500)
        expect({ path, refused, bounded: sent <= limit + SLACK }).toEqual({
          path,
          refused: true,
          bounded: true,
        })
      }),
    )
    expect((await user.client.rpc('notification_counts')).error).toBeNull()
  })
})
