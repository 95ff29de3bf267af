import { randomBytes, randomUUID } from 'node:crypto'
import { appendFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import type { SupabaseClient } from '@supabase/supabase-js'
import type pg from 'pg'
import { Upload } from 'tus-js-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mintToken } from '../../keys/index.ts'
import { withClient } from '../../testing/database.ts'
import { createStorageBench, type StorageBench } from '../testing.ts'

const ALICE = randomUUID()
const BOB = randomUUID()
const CHUNK = 6 * 1024 * 1024

let bench: StorageBench
let alice: SupabaseClient
let tokens: Record<'alice' | 'bob', string>
let endpoint: string

beforeAll(async () => {
  bench = await createStorageBench({ fileSizeLimit: 20 * 1024 * 1024 })
  alice = await bench.user(ALICE)
  const token = (sub: string) => mintToken(bench.keys, { sub, role: 'authenticated', aud: 'authenticated' })
  tokens = { alice: await token(ALICE), bob: await token(BOB) }
  endpoint = `${bench.url}/storage/v1/upload/resumable`
  await bench.sql(`
    insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types) values
      ('private', 'private', false, null, null),
      ('small', 'small', false, 1000, '{image/*}');
    create policy "Owners add to their folder" on storage.objects for insert to authenticated
      with check (bucket_id in ('private', 'small') and (storage.foldername(name))[1] = (select auth.uid())::text);
    create policy "Owners read their folder" on storage.objects for select to authenticated
      using ((storage.foldername(name))[1] = (select auth.uid())::text);
    create policy "Owners replace in their folder" on storage.objects for update to authenticated
      using ((storage.foldername(name))[1] = (select auth.uid())::text);
  `)
})

afterAll(() => bench[Symbol.asyncDispose]())

function metadata(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`)
    .join(',')
}

interface Call {
  as?: 'alice' | 'bob'
  headers?: Record<string, string>
  body?: Uint8Array<ArrayBuffer>
}

async function call(
  method: string,
  url: string,
  { as = 'alice', headers, body }: Call = {},
): Promise<Response> {
  return fetch(url, {
    method,
    headers: {
      apikey: bench.keys.publishableKey,
      authorization: `Bearer ${tokens[as]}`,
      'tus-resumable': '1.0.0',
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  })
}

function begin(
  path: string,
  length: number,
  headers: Record<string, string> = {},
  as: 'alice' | 'bob' = 'alice',
) {
  return call('POST', endpoint, {
    as,
    headers: {
      'upload-length': String(length),
      'upload-metadata': metadata({ bucketName: 'private', objectName: path, contentType: 'image/png' }),
      ...headers,
    },
  })
}

function patch(url: string, offset: number, body: Uint8Array<ArrayBuffer>, as: 'alice' | 'bob' = 'alice') {
  return call('PATCH', url, {
    as,
    headers: { 'upload-offset': String(offset), 'content-type': 'application/offset+octet-stream' },
    body,
  })
}

/** A body that does not say how long it is. */
async function patchChunked(url: string, offset: number, body: Uint8Array<ArrayBuffer>): Promise<Response> {
  return fetch(url, {
    method: 'PATCH',
    headers: {
      apikey: bench.keys.publishableKey,
      authorization: `Bearer ${tokens.alice}`,
      'tus-resumable': '1.0.0',
      'upload-offset': String(offset),
      'content-type': 'application/offset+octet-stream',
    },
    body: new Blob([body]).stream(),
    duplex: 'half',
  })
}

/** The last part of an upload's id. */
function versionOf(url: string): string {
  const id = Buffer.from(new URL(url).pathname.split('/').at(-1) ?? '', 'base64url').toString()
  return id.slice(id.lastIndexOf('/') + 1)
}

async function begun(path: string, length: number): Promise<string> {
  const response = await begin(path, length)
  expect(response.status).toBe(201)
  return response.headers.get('location') ?? ''
}

async function offsetOf(url: string): Promise<number> {
  const response = await call('HEAD', url)
  expect(response.status).toBe(200)
  return Number(response.headers.get('upload-offset'))
}

async function stored(path: string): Promise<Buffer> {
  const { data, error } = await alice.storage.from('private').download(path)
  if (error !== null) throw error
  return Buffer.from(await data.arrayBuffer())
}

/** Sends some bytes of a PATCH and cuts the connection. Resolves when the bytes have left this process. */
function cutOff(url: string, offset: number, announced: number, sent: Uint8Array): Promise<void> {
  const { hostname, port, pathname } = new URL(url)
  return new Promise((resolve) => {
    const request = httpRequest({
      hostname,
      port,
      path: pathname,
      method: 'PATCH',
      headers: {
        apikey: bench.keys.publishableKey,
        authorization: `Bearer ${tokens.alice}`,
        'tus-resumable': '1.0.0',
        'upload-offset': String(offset),
        'content-type': 'application/offset+octet-stream',
        'content-length': String(announced),
      },
    })
    request.on('error', () => undefined)
    request.on('close', resolve)
    request.write(sent, () => request.destroy())
  })
}

const newPath = () => `${ALICE}/${randomUUID()}`

describe('a resumable upload', () => {
  it('by tus-js-client in 6 MB parts becomes an object, byte for byte', async () => {
    const path = newPath()
    const bytes = randomBytes(2 * CHUNK + 12_345)
    const parts: number[] = []
    await new Promise<void>((resolve, reject) => {
      new Upload(bytes, {
        endpoint,
        chunkSize: CHUNK,
        headers: {
          authorization: `Bearer ${tokens.alice}`,
          apikey: bench.keys.publishableKey,
          'x-upsert': 'false',
        },
        metadata: { bucketName: 'private', objectName: path, contentType: 'image/png', cacheControl: '60' },
        onChunkComplete: (size) => parts.push(size),
        onSuccess: () => resolve(),
        onError: reject,
      }).start()
    })
    expect(parts).toEqual([CHUNK, CHUNK, 12_345])
    expect((await stored(path)).equals(bytes)).toBe(true)
    const { data } = await alice.storage.from('private').info(path)
    expect(data).toMatchObject({
      size: bytes.byteLength,
      contentType: 'image/png',
      cacheControl: 'max-age=60',
    })
  })

  it('goes on where it was cut off, also after a restart', async () => {
    const path = newPath()
    const bytes = randomBytes(400_000)
    const url = await begun(path, bytes.byteLength)
    await cutOff(url, 0, bytes.byteLength, bytes.subarray(0, 200_000))
    await expect.poll(() => offsetOf(url)).toBeGreaterThan(0)
    await bench.restart()
    const offset = await offsetOf(url)
    expect(offset).toBeLessThanOrEqual(200_000)
    const last = await patch(url, offset, bytes.subarray(offset))
    expect([last.status, last.headers.get('upload-offset')]).toEqual([204, String(bytes.byteLength)])
    expect((await stored(path)).equals(bytes)).toBe(true)
  })

  it('whose last answer was lost is complete when the client asks, and leaves no second copy', async () => {
    const path = newPath()
    const before = (await bench.files()).length
    const url = await begun(path, 1000)
    await patch(url, 0, randomBytes(1000))
    await bench.restart()
    expect(await offsetOf(url)).toBe(1000)
    expect(await bench.files()).toHaveLength(before + 1)
  })

  it('has a row that policies can count until it ends, also after a restart', async () => {
    const rows = () =>
      bench.sql('select bucket_id, key, owner_id from storage.s3_multipart_uploads order by key')
    const [one, two, three] = [`${ALICE}/counted-1`, `${ALICE}/counted-2`, `${ALICE}/counted-3`]
    await bench.restart()
    const before = await rows()
    const row = (key: string) => ({ bucket_id: 'private', key, owner_id: ALICE })
    const [ended, finished] = [await begun(one, 10), await begun(two, 10)]
    await begun(three, 10)
    expect(await rows()).toEqual(expect.arrayContaining([one, two, three].map(row)))

    expect((await call('DELETE', ended)).status).toBe(204)
    expect((await patch(finished, 0, randomBytes(10))).status).toBe(204)
    expect(await rows()).toEqual([...before, row(three)])

    await bench.restart()
    expect(await rows()).toEqual([...before, row(three)])
  })

  it('of which a crash left only the row or only the file is gone after a restart', async () => {
    const path = newPath()
    const url = await begun(path, 10)
    const files = await bench.files('resumable')
    await bench.sql(
      `insert into storage.s3_multipart_uploads (id, upload_signature, bucket_id, key, version)
       values ('x', '', 'private', 'x', 'x')`,
    )
    await bench.sql('delete from storage.s3_multipart_uploads where key = $1', [path])
    await bench.restart()
    expect(
      await bench.sql(`select from storage.s3_multipart_uploads where key in ('x', $1)`, [path]),
    ).toEqual([])
    expect(await bench.files('resumable')).toHaveLength(files.length - 1)
    expect((await call('HEAD', url)).status).toBe(404)
  })

  it('whose last byte came just before a crash becomes an object when the client asks', async () => {
    const path = newPath()
    const url = await begun(path, 10)
    await patch(url, 0, new Uint8Array(9))
    const [file = ''] = (await bench.files('resumable')).filter((name) => name.endsWith(versionOf(url)))
    await appendFile(file, 'x')
    await bench.sql('update storage.s3_multipart_uploads set in_progress_size = 10 where id = $1', [
      versionOf(url),
    ])
    await bench.restart()
    expect(await offsetOf(url)).toBe(10)
    expect(await stored(path)).toEqual(Buffer.concat([new Uint8Array(9), Buffer.from('x')]))
  })

  it('goes on after the bytes that its row counts, not after those that its file has', async () => {
    const path = newPath()
    const url = await begun(path, 10)
    await patch(url, 0, new Uint8Array(5))
    const [file = ''] = (await bench.files('resumable')).filter((name) => name.endsWith(versionOf(url)))
    await appendFile(file, 'not safe')
    await bench.restart()
    expect(await offsetOf(url)).toBe(5)
    await patch(url, 5, new Uint8Array(5))
    expect(await stored(path)).toEqual(Buffer.alloc(10))
  })

  it('ends after a day, with its bytes', async () => {
    const files = await bench.files('resumable')
    const url = await begun(newPath(), 10)
    await bench.sql(
      `update storage.s3_multipart_uploads set created_at = now() - interval '25 hours' where id = $1`,
      [versionOf(url)],
    )
    expect((await call('HEAD', url)).status).toBe(410)
    expect((await patch(url, 0, new Uint8Array(1))).status).toBe(410)
    await begun(newPath(), 10)
    expect((await call('HEAD', url)).status).toBe(404)
    expect(await bench.files('resumable')).toHaveLength(files.length + 1)
  })

  it('may say its length later, and is stopped at the limit of its bucket', async () => {
    const path = newPath()
    const deferred = (name: string, bucket = 'private') =>
      call('POST', endpoint, {
        headers: {
          'upload-defer-length': '1',
          'upload-metadata': metadata({ bucketName: bucket, objectName: name, contentType: 'image/png' }),
        },
      })
    const url = (await deferred(path)).headers.get('location') ?? ''
    expect((await patch(url, 0, new Uint8Array(4))).status).toBe(204)
    expect((await call('HEAD', url)).headers.get('upload-defer-length')).toBe('1')
    const last = await call('PATCH', url, {
      headers: {
        'upload-offset': '4',
        'upload-length': '6',
        'content-type': 'application/offset+octet-stream',
      },
      body: new Uint8Array(2),
    })
    expect(last.status).toBe(204)
    expect(await stored(path)).toHaveLength(6)

    const endless = (await deferred(newPath(), 'small')).headers.get('location') ?? ''
    expect((await patch(endless, 0, new Uint8Array(1000))).status).toBe(204)
    expect((await patch(endless, 1000, new Uint8Array(1))).status).toBe(413)
    const chunked = (await deferred(newPath(), 'small')).headers.get('location') ?? ''
    expect((await patchChunked(chunked, 0, new Uint8Array(1001))).status).toBe(413)
    expect(await offsetOf(chunked)).toBe(0)
    const tooLong = {
      'upload-offset': '0',
      'upload-length': '1001',
      'content-type': 'application/offset+octet-stream',
    }
    expect((await call('PATCH', chunked, { headers: tooLong, body: new Uint8Array(1) })).status).toBe(413)
  })

  it('that has ended takes nothing more', async () => {
    const url = await begun(newPath(), 10)
    expect((await patch(url, 0, new Uint8Array(10))).status).toBe(204)
    expect((await patch(url, 10, new Uint8Array(0))).status).toBe(409)
    expect((await patch(url, 0, new Uint8Array(10))).status).toBe(409)
    expect((await call('DELETE', url)).status).toBe(400)
    expect(await offsetOf(url)).toBe(10)
  })

  it('goes on by another request while the first request hangs', async () => {
    const path = newPath()
    const bytes = randomBytes(100_000)
    const url = await begun(path, bytes.byteLength)
    const hanging = new AbortController()
    const stuck = fetch(url, {
      method: 'PATCH',
      headers: {
        apikey: bench.keys.publishableKey,
        authorization: `Bearer ${tokens.alice}`,
        'tus-resumable': '1.0.0',
        'upload-offset': '0',
        'content-type': 'application/offset+octet-stream',
      },
      body: new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(bytes.subarray(0, 50_000))
        },
      }),
      duplex: 'half',
      signal: hanging.signal,
    } as RequestInit & { duplex: 'half' }).catch(() => undefined)
    await expect.poll(() => offsetOf(url)).toBe(50_000)
    expect((await patch(url, 50_000, bytes.subarray(50_000))).status).toBe(204)
    hanging.abort()
    await stuck
    expect((await stored(path)).equals(bytes)).toBe(true)
  })

  it('has one writer at a time, also where two tabs go on at the same moment', async () => {
    const bytes = randomBytes(4 * 1024 * 1024)
    for (let round = 0; round < 6; round += 1) {
      const path = newPath()
      const url = await begun(path, bytes.length)
      await Promise.all([
        patch(url, 0, new Uint8Array(bytes)),
        cutOff(url, 0, bytes.length, bytes.subarray(0, 70_000)),
      ])
      // Whichever request came first, the bytes up to the offset are those that were sent.
      const offset = await offsetOf(url)
      if (offset < bytes.length) await patch(url, offset, new Uint8Array(bytes.subarray(offset)))
      expect((await stored(path)).equals(bytes)).toBe(true)
    }
  })

  it.each(['false', 'true'])(
    'becomes one object while other requests ask for its offset (x-upsert: %s)',
    async (upsert) => {
      const bytes = randomBytes(4 * 1024 * 1024)
      const most = bytes.length - 1
      for (let round = 0; round < 2; round += 1) {
        const path = newPath()
        const url = (await begin(path, bytes.length, { 'x-upsert': upsert })).headers.get('location') ?? ''
        await patch(url, 0, new Uint8Array(bytes.subarray(0, most)))
        // A client that does not wait for the answer to its last byte asks how far it is.
        const last = patch(url, most, new Uint8Array(bytes.subarray(most)))
        for (let ended = false; !ended; ) {
          const offsets = await Promise.all([1, 2, 3].map(() => offsetOf(url)))
          ended = offsets.includes(bytes.length)
        }
        await last
        expect((await stored(path)).equals(bytes)).toBe(true)
      }
    },
  )

  it('of no bytes is an object at once; one with its bytes in the POST needs no PATCH', async () => {
    const [empty, whole] = [newPath(), newPath()]
    expect((await begin(empty, 0)).status).toBe(201)
    expect(await stored(empty)).toHaveLength(0)
    const bytes = randomBytes(500)
    const response = await call('POST', endpoint, {
      headers: {
        'upload-length': '500',
        'upload-metadata': metadata({ bucketName: 'private', objectName: whole }),
        'content-type': 'application/offset+octet-stream',
      },
      body: bytes,
    })
    expect([response.status, response.headers.get('upload-offset')]).toEqual([201, '500'])
    expect((await stored(whole)).equals(bytes)).toBe(true)
  })

  it('is given up by DELETE', async () => {
    const url = await begun(newPath(), 10)
    expect((await call('DELETE', url)).status).toBe(204)
    expect((await call('HEAD', url)).status).toBe(404)
  })

  it('says that it expires in a day', async () => {
    const url = await begun(newPath(), 10)
    const { headers } = await patch(url, 0, new Uint8Array(1))
    expect(Date.parse(headers.get('upload-expires') ?? '')).toBeGreaterThan(Date.now() + 23 * 3_600_000)
  })

  it('says what the server can do', async () => {
    const response = await fetch(endpoint, {
      method: 'OPTIONS',
      headers: { apikey: bench.keys.publishableKey },
    })
    expect(response.status).toBe(204)
    expect(response.headers.get('tus-extension')).toBe(
      'creation,creation-with-upload,creation-defer-length,termination,expiration',
    )
    expect(response.headers.get('access-control-expose-headers')?.toLowerCase()).toContain('upload-offset')
  })
})

describe('locks', () => {
  const LOCK = 'select pg_advisory_xact_lock(hashtextextended($1, 0))'

  /** Holds a lock of the database while `work` runs. */
  async function holding(name: string, work: (holder: pg.Client) => Promise<void>): Promise<void> {
    await withClient(bench.database.urls.postgres, async (holder) => {
      // A lock that another transaction holds fails the test instead of ending it.
      await holder.query(`set lock_timeout = '5s'`)
      await holder.query('begin')
      await holder.query(LOCK, [name])
      await work(holder)
      await holder.query('commit')
    })
  }

  /** Number of the service's connections that wait for a lock. */
  async function waiting(): Promise<number> {
    const [row] = await bench.sql<{ count: number }>(
      `select count(*)::integer as count from pg_stat_activity
       where datname = current_database() and application_name = 'storage' and wait_event_type = 'Lock'`,
    )
    return row?.count ?? 0
  }

  it('are taken in one order, the name before the owner: an upload that waits for its name holds no other lock', async () => {
    const path = newPath()
    let beginning: Promise<Response> | undefined
    await holding(`storage private/${path}`, async (holder) => {
      beginning = begin(path, 10)
      await expect.poll(waiting).toBe(1)
      await holder.query(LOCK, [`uploads of ${ALICE}`])
    })
    expect((await beginning)?.status).toBe(201)
  })

  it('of one owner keep one connection waiting, so that 40 uploads at once leave the others to other users', async () => {
    const beginnings: Promise<Response>[] = []
    await holding(`uploads of ${ALICE}`, async () => {
      for (let count = 0; count < 40; count += 1) beginnings.push(begin(newPath(), 10))
      await expect.poll(waiting).toBe(1)
      const path = `${BOB}/${randomUUID()}`
      const metadataOfBob = { 'upload-metadata': metadata({ bucketName: 'private', objectName: path }) }
      expect((await begin(path, 10, metadataOfBob, 'bob')).status).toBe(201)
      expect(await waiting()).toBe(1)
    })
    for (const { status } of await Promise.all(beginnings)) expect(status).toBe(201)
  })
})

describe('is refused', () => {
  it('where the policies refuse the object', async () => {
    const response = await begin(`${BOB}/x`, 10)
    expect(response.status).toBe(403)
    expect(await response.text()).toContain('row-level security')
  })

  it('where the object exists, unless x-upsert is true', async () => {
    const path = newPath()
    const { error } = await alice.storage.from('private').upload(path, 'old')
    expect(error).toBeNull()
    expect((await begin(path, 3)).status).toBe(409)
    const response = await begin(path, 3, { 'x-upsert': 'true' })
    expect(response.status).toBe(201)
    await patch(response.headers.get('location') ?? '', 0, new Uint8Array(Buffer.from('new')))
    expect((await stored(path)).toString()).toBe('new')
  })

  it('to users other than the one who began it', async () => {
    const url = await begun(newPath(), 10)
    expect((await call('HEAD', url, { as: 'bob' })).status).toBe(404)
    expect((await patch(url, 0, new Uint8Array(10), 'bob')).status).toBe(404)
    expect((await call('DELETE', url, { as: 'bob' })).status).toBe(404)
    expect(await offsetOf(url)).toBe(0)
  })

  it('at another offset, as another type, beyond its length', async () => {
    const url = await begun(newPath(), 10)
    expect((await patch(url, 5, new Uint8Array(5))).status).toBe(409)
    const typed = await call('PATCH', url, { headers: { 'upload-offset': '0' }, body: new Uint8Array(1) })
    expect(typed.status).toBe(403)
    expect((await patch(url, 0, new Uint8Array(11))).status).toBe(413)
    expect((await patchChunked(url, 0, new Uint8Array(11))).status).toBe(413)
    expect(await offsetOf(url)).toBe(0)
  })

  it.each([
    ['larger than the project allows', { 'upload-length': String(21 * 1024 * 1024) }, 413],
    ['without a length', { 'upload-length': '' }, 400],
    ['without a bucket', { 'upload-metadata': metadata({ objectName: `${ALICE}/x` }) }, 400],
    ['in another version', { 'tus-resumable': '0.2.2' }, 400],
    ['without a version', { 'tus-resumable': '' }, 412],
    [
      'larger than the bucket allows',
      {
        'upload-length': '1001',
        'upload-metadata': metadata({ bucketName: 'small', objectName: `${ALICE}/x` }),
      },
      413,
    ],
    [
      'of a type that the bucket does not take',
      {
        'upload-metadata': metadata({
          bucketName: 'small',
          objectName: `${ALICE}/x`,
          contentType: 'text/html',
        }),
      },
      415,
    ],
    [
      'to a path outside',
      { 'upload-metadata': metadata({ bucketName: 'private', objectName: '../x' }) },
      400,
    ],
    ['in no bucket', { 'upload-metadata': metadata({ bucketName: 'none', objectName: `${ALICE}/x` }) }, 404],
  ])('%s', async (_what, headers, status) => {
    expect((await begin(newPath(), 10, headers)).status).toBe(status)
  })

  it('under an id that does not exist, is malformed or is spelled in another way', async () => {
    expect((await call('HEAD', `${endpoint}/..%2F..%2Fetc`)).status).toBe(404)
    expect((await call('HEAD', `${endpoint}/${randomUUID()}`)).status).toBe(404)
    const stranger = Buffer.from(`private/${ALICE}/x/${randomUUID()}`).toString('base64url')
    expect((await call('HEAD', `${endpoint}/${stranger}`)).status).toBe(404)
    const url = await begun(newPath(), 10)
    expect((await call('HEAD', `${url}=`)).status).toBe(404)
  })
})
