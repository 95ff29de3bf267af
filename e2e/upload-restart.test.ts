/** A resumable upload outlives kill -9 of the whole stack: it goes on where the last whole part ended. */

import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { createClient } from '@supabase/supabase-js'
import { Upload } from 'tus-js-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addConfirmedUser } from '../stack/testing/confirmed-user.ts'
import { withClient } from '../stack/testing/database.ts'
import { tryAgainWhileAway } from '../web/src/dashboard/uploads/server-away.ts'
import { type OwnStack, startOwnStack } from './support/fault-stack.ts'

const PART = 6 * 1024 * 1024

let stack: OwnStack

beforeAll(async () => {
  stack = await startOwnStack()
})
afterAll(() => stack[Symbol.asyncDispose]())

test('an upload goes on after the stack was killed in the middle of it', async () => {
  const client = createClient(stack.url, stack.keys.publishableKey, { auth: { persistSession: false } })
  const account = { email: `${randomUUID()}@example.test`, password: randomUUID() }
  const userId = await addConfirmedUser(stack, account)
  const { data: auth } = await client.auth.signInWithPassword(account)
  const incidentId = randomUUID()
  await withClient(stack.db.postgres, (database) =>
    database.query(
      `insert into public.incidents (id, user_id, title, source) values ($1, $2, 'Crash', 'test')`,
      [incidentId, userId],
    ),
  )
  const name = `${incidentId}/${randomUUID()}`
  const bytes = randomBytes(2 * PART + 1000)
  let killed = false
  const starts: number[] = []
  await new Promise<void>((resolve, reject) => {
    const upload = new Upload(bytes, {
      endpoint: `${stack.url}/storage/v1/upload/resumable`,
      chunkSize: PART,
      retryDelays: Array.from({ length: 100 }, () => 200),
      headers: { apikey: stack.keys.publishableKey, authorization: `Bearer ${auth.session?.access_token}` },
      metadata: { bucketName: 'uploads', objectName: name, contentType: 'application/octet-stream' },
      onBeforeRequest(request) {
        const offset = request.getHeader('Upload-Offset')
        if (request.getMethod() === 'PATCH') starts.push(Number(offset))
      },
      onAfterResponse: tryAgainWhileAway,
      onProgress(sent) {
        if (killed || sent <= PART) return
        killed = true
        stack
          .kill()
          .then(() => stack.start())
          .catch(reject)
      },
      onSuccess: () => resolve(),
      onError: reject,
      onShouldRetry: () => true,
    })
    upload.start()
  })
  expect(killed).toBe(true)
  // The first part was stored, so the client did not send it again.
  expect(starts.filter((offset) => offset === 0)).toEqual([0])
  const admin = createClient(stack.url, stack.keys.secretKey, { auth: { persistSession: false } })
  const { data } = await admin.storage.from('uploads').download(name)
  const hash = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex')
  expect(hash(new Uint8Array((await data?.arrayBuffer()) ?? []))).toBe(hash(bytes))
})
