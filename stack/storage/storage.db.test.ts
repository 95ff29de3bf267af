import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import type { SupabaseClient } from '@supabase/supabase-js'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mintToken } from '../keys/index.ts'
import { MAINTENANCE_DATABASE } from '../testing/clone.ts'
import { withClient } from '../testing/database.ts'
import { createStorageBench, type StorageBench } from './testing.ts'

const ALICE = randomUUID()
const BOB = randomUUID()

let bench: StorageBench
let alice: SupabaseClient
let bob: SupabaseClient

beforeAll(async () => {
  bench = await createStorageBench({ fileSizeLimit: 1024 * 1024 })
  alice = await bench.user(ALICE)
  bob = await bench.user(BOB)
  await bench.sql(`
    insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types) values
      ('private', 'private', false, null, null),
      ('shared', 'shared', true, null, null),
      ('small', 'small', false, 1000, '{image/*,application/pdf}'),
      ('dropbox', 'dropbox', false, null, null);
    create policy "Owners do everything in their folder" on storage.objects for all to authenticated
      using (bucket_id in ('private', 'small') and (storage.foldername(name))[1] = (select auth.uid())::text)
      with check (bucket_id in ('private', 'small') and (storage.foldername(name))[1] = (select auth.uid())::text);
    create policy "Visitors add text and cannot read it" on storage.objects for insert to anon, authenticated
      with check (bucket_id = 'dropbox' and metadata ->> 'mimetype' like 'text/plain%');
  `)
})

afterAll(() => bench[Symbol.asyncDispose]())

function failure(code: string, message?: string) {
  return expect.objectContaining({ code, ...(message !== undefined && { message }) })
}

/** Data, or the error thrown. */
function dataOf<Data>(result: { data: Data; error: unknown }): NonNullable<Data> {
  if (result.error !== null || result.data === null || result.data === undefined) throw result.error
  return result.data
}

describe('buckets', () => {
  it('are created, read, listed, changed, emptied and deleted by service_role', async () => {
    const { storage } = bench.admin
    const options = { public: false, fileSizeLimit: '20KB', allowedMimeTypes: ['image/png'] }
    expect(dataOf(await storage.createBucket('crud', options))).toEqual({ name: 'crud' })
    expect(dataOf(await storage.getBucket('crud'))).toMatchObject({
      id: 'crud',
      name: 'crud',
      public: false,
      file_size_limit: 20_000,
      allowed_mime_types: ['image/png'],
    })
    expect((await storage.createBucket('crud')).error).toEqual(
      failure('BucketAlreadyExists', 'The resource already exists'),
    )
    dataOf(await storage.updateBucket('crud', { public: true, allowedMimeTypes: null }))
    expect(dataOf(await storage.getBucket('crud'))).toMatchObject({
      public: true,
      file_size_limit: 20_000,
      allowed_mime_types: null,
    })
    const listed = dataOf(await storage.listBuckets({ search: 'RU', limit: 5, sortColumn: 'name' }))
    expect(listed.map(({ id }) => id)).toEqual(['crud'])

    dataOf(await storage.from('crud').upload('a.txt', 'a'))
    expect((await storage.deleteBucket('crud')).error).toEqual(failure('ResourceNotEmpty'))
    const before = (await bench.files()).length
    dataOf(await storage.emptyBucket('crud'))
    expect(await bench.files()).toHaveLength(before - 1)
    dataOf(await storage.deleteBucket('crud'))
    expect((await storage.getBucket('crud')).error).toEqual(failure('NoSuchBucket', 'Bucket not found'))
  })

  it('are hidden from users without a policy, and cannot be made by them', async () => {
    expect(dataOf(await alice.storage.listBuckets())).toEqual([])
    expect((await alice.storage.getBucket('private')).error).toEqual(failure('NoSuchBucket'))
    expect((await alice.storage.createBucket('mine')).error).toEqual(
      failure('AccessDenied', 'new row violates row-level security policy'),
    )
    expect((await alice.storage.updateBucket('shared', { public: false })).error).toEqual(
      failure('NoSuchBucket'),
    )
    expect((await alice.storage.deleteBucket('dropbox')).error).toEqual(failure('NoSuchBucket'))
    expect((await alice.storage.emptyBucket('shared')).error).toEqual(failure('NoSuchBucket'))
  })

  it.each(['a/b', '..', ' padded', 'x'.repeat(101)])('refuse the name %j', async (name) => {
    const response = await fetch(`${bench.url}/storage/v1/bucket`, {
      method: 'POST',
      headers: { apikey: bench.keys.secretKey, 'content-type': 'application/json' },
      body: JSON.stringify({ name, id: name }),
    })
    expect(await response.json()).toMatchObject({ statusCode: '400', code: 'InvalidBucketName' })
  })

  it('may not allow larger objects than the project', async () => {
    const { error } = await bench.admin.storage.createBucket('vast', { public: false, fileSizeLimit: '1GB' })
    expect(error).toEqual(failure('EntityTooLarge'))
  })
})

describe('uploads', () => {
  const bytes = randomBytes(300_000)

  it.each<[string, () => Parameters<ReturnType<SupabaseClient['storage']['from']>['upload']>[1]]>([
    ['a Buffer', () => bytes],
    ['an ArrayBuffer', () => bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)],
    ['a Blob', () => new Blob([new Uint8Array(bytes)], { type: 'image/png' })],
    ['a File in a FormData', () => formOf(new File([new Uint8Array(bytes)], 'x.png', { type: 'image/png' }))],
    ['a stream', () => Readable.toWeb(Readable.from([bytes.subarray(0, 7), bytes.subarray(7)]))],
  ])('take %s byte for byte', async (_kind, body) => {
    const path = `${ALICE}/${randomUUID()}/photo 1.png`
    const options = { contentType: 'image/png', cacheControl: '60', metadata: { taken: { by: 'Ålice' } } }
    const uploaded = dataOf(await alice.storage.from('private').upload(path, body(), options))
    expect(uploaded).toEqual({ id: expect.any(String), path, fullPath: `private/${path}` })

    const blob = dataOf(await alice.storage.from('private').download(path))
    expect(Buffer.from(await blob.arrayBuffer()).equals(bytes)).toBe(true)
    expect(blob.type).toBe('image/png')
    const info = dataOf(await alice.storage.from('private').info(path))
    expect(info).toMatchObject({
      id: uploaded.id,
      name: path,
      size: bytes.byteLength,
      contentType: 'image/png',
      cacheControl: 'max-age=60',
      etag: `"${createHash('md5').update(bytes).digest('hex')}"`,
      metadata: { taken: { by: 'Ålice' } },
    })
    expect(dataOf(await alice.storage.from('private').exists(path))).toBe(true)
    const [row] = await bench.sql<{ owner: string; owner_id: string; path_tokens: string[] }>(
      'select owner, owner_id, path_tokens from storage.objects where id = $1',
      [uploaded.id],
    )
    expect(row).toEqual({ owner: ALICE, owner_id: ALICE, path_tokens: path.split('/') })
  })

  function formOf(file: File): FormData {
    const form = new FormData()
    form.append('cacheControl', '60')
    form.append('', file)
    return form
  }

  it('take an empty body', async () => {
    dataOf(await alice.storage.from('private').upload(`${ALICE}/empty`, new Uint8Array()))
    expect(dataOf(await alice.storage.from('private').download(`${ALICE}/empty`)).size).toBe(0)
  })

  it('refuse a second object of the same name, and replace the first with upsert', async () => {
    const files = alice.storage.from('private')
    const path = `${ALICE}/upsert.txt`
    const first = dataOf(await files.upload(path, 'one'))
    expect((await files.upload(path, 'two')).error).toEqual(
      failure('KeyAlreadyExists', 'The resource already exists'),
    )
    expect(await textOf(files, path)).toBe('one')
    const before = (await bench.files()).length
    const second = dataOf(await files.upload(path, 'three', { upsert: true }))
    expect(second.id).toBe(first.id)
    expect(await textOf(files, path)).toBe('three')
    dataOf(await files.update(path, 'four'))
    expect(await textOf(files, path)).toBe('four')
    expect(await bench.files()).toHaveLength(before)
  })

  it('of many clients to one name leave one object with one whole body', async () => {
    const path = `${ALICE}/contended.bin`
    const before = (await bench.files()).length
    const bodies = Array.from({ length: 12 }, () => randomBytes(100_000))
    const results = await Promise.all(
      bodies.map((body) => alice.storage.from('private').upload(path, body, { upsert: true })),
    )
    expect(results.map(({ error }) => error)).toEqual(bodies.map(() => null))
    const stored = dataOf(await alice.storage.from('private').download(path))
    const found = Buffer.from(await stored.arrayBuffer())
    expect(bodies.filter((body) => body.equals(found))).toHaveLength(1)
    expect(await bench.files()).toHaveLength(before + 1)
  })

  it('of many clients to one new name without replacing succeed once', async () => {
    const path = `${ALICE}/race.bin`
    const before = (await bench.files()).length
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, index) => alice.storage.from('private').upload(path, `body ${index}`)),
    )
    expect(results.filter(({ error }) => error === null)).toHaveLength(1)
    for (const { error } of results) if (error !== null) expect(error).toEqual(failure('KeyAlreadyExists'))
    expect(await bench.files()).toHaveLength(before + 1)
  })

  it('are refused by policies before their bytes are kept', async () => {
    const before = (await bench.files()).length
    const denied = failure('AccessDenied', 'new row violates row-level security policy')
    expect((await alice.storage.from('private').upload(`${BOB}/x`, 'x')).error).toEqual(denied)
    expect((await bench.anon.storage.from('private').upload(`${ALICE}/x`, 'x')).error).toEqual(denied)
    expect(
      (await alice.storage.from('dropbox').upload('page', 'x', { contentType: 'text/html' })).error,
    ).toEqual(denied)
    expect(await bench.files()).toHaveLength(before)
    expect(await bench.sql(`select from storage.objects where name in ('page', $1)`, [`${BOB}/x`])).toEqual(
      [],
    )
  })

  it('need the right to insert, and no right to select', async () => {
    dataOf(await bench.anon.storage.from('dropbox').upload('note', 'x', { contentType: 'text/plain' }))
    expect((await bench.anon.storage.from('dropbox').download('note')).error).toEqual(failure('NoSuchKey'))
    expect(
      (
        await bench.anon.storage
          .from('dropbox')
          .upload('note', 'y', { contentType: 'text/plain', upsert: true })
      ).error,
    ).toEqual(failure('AccessDenied'))
  })

  it('into no bucket fail', async () => {
    expect((await bench.admin.storage.from('nowhere').upload('x', 'x')).error).toEqual(
      failure('NoSuchBucket'),
    )
  })

  it('keep to the limits of size and type', async () => {
    const before = (await bench.files()).length
    const small = alice.storage.from('small')
    const image = { contentType: 'image/png' }
    dataOf(await small.upload(`${ALICE}/ok`, Buffer.alloc(1000), image))
    const tooLarge = failure('EntityTooLarge', 'The object exceeded the maximum allowed size')
    expect((await small.upload(`${ALICE}/raw`, Buffer.alloc(1001), image)).error).toEqual(tooLarge)
    expect(
      (await small.upload(`${ALICE}/form`, new Blob([Buffer.alloc(1001)], { type: 'image/png' }))).error,
    ).toEqual(tooLarge)
    const stream = Readable.toWeb(Readable.from([Buffer.alloc(900), Buffer.alloc(900)]))
    expect((await small.upload(`${ALICE}/stream`, stream, image)).error).toEqual(tooLarge)
    expect(
      (await alice.storage.from('private').upload(`${ALICE}/huge`, Buffer.alloc(1024 * 1024 + 1))).error,
    ).toEqual(tooLarge)
    dataOf(await small.upload(`${ALICE}/pdf`, 'x', { contentType: 'application/pdf; version=1.7' }))
    expect((await small.upload(`${ALICE}/text`, 'x')).error).toEqual(
      failure('InvalidMimeType', 'mime type text/plain is not supported'),
    )
    expect(await bench.files()).toHaveLength(before + 2)
  })

  it.each([
    '..%2f..%2fetc%2fpasswd',
    'a%2f..%2fb',
    'a%00b',
    'a%0Ab',
    'a%5Cb',
    '%zz',
    'x'.repeat(1025),
    'a%2f%2fb',
  ])('refuse the name %s', async (name) => {
    const response = await fetch(`${bench.url}/storage/v1/object/private/${name}`, {
      method: 'POST',
      headers: { apikey: bench.keys.secretKey },
      body: 'x',
    })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ statusCode: '400', code: 'InvalidKey' })
  })

  it('of clients that leave keep no bytes, and are no errors', async () => {
    const incoming = async () => (await bench.files('incoming')).length
    const stored = (await bench.files()).length
    const ended = Array.from({ length: 20 }, (_, index) => {
      const { hostname, port } = new URL(bench.url)
      const client = httpRequest({
        hostname,
        port,
        path: `/storage/v1/object/private/left-${index}`,
        method: 'POST',
        headers: { apikey: bench.keys.secretKey, 'content-type': 'text/plain', 'content-length': 1_000_000 },
      })
      client.on('error', () => undefined)
      client.write(Buffer.alloc(50_000), () => setTimeout(() => client.destroy(), index))
      return new Promise((resolve) => client.on('close', resolve))
    })
    await Promise.all(ended)
    dataOf(await bench.admin.storage.from('private').upload('after', 'x'))
    await expect.poll(incoming).toBe(0)
    expect(await bench.files()).toHaveLength(stored + 1)
    expect(bench.logger.entries.filter(({ level }) => level === 'error')).toEqual([])
  })

  it('without a file or with a broken form or metadata are refused', async () => {
    const post = async (body: string, headers: Record<string, string>): Promise<unknown> => {
      const response = await fetch(`${bench.url}/storage/v1/object/private/broken`, {
        method: 'POST',
        headers: { apikey: bench.keys.secretKey, ...headers },
        body,
      })
      return response.json()
    }
    const form = { 'content-type': 'multipart/form-data; boundary=X' }
    const noFile = '--X\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--X--\r\n'
    const cutOff = '--X\r\nContent-Disposition: form-data; name=""; filename="f"\r\n\r\nonly this much'
    expect(await post(noFile, form)).toMatchObject({ code: 'InvalidRequest', message: 'No content provided' })
    expect(await post(cutOff, form)).toMatchObject({ code: 'InvalidRequest' })
    expect(await post('x', { 'content-type': 'multipart/form-data' })).toMatchObject({
      code: 'InvalidRequest',
    })
    expect(await post('x', { 'x-metadata': 'bm90IGpzb24=' })).toMatchObject({ message: 'Invalid metadata' })
    expect(await bench.sql(`select from storage.objects where name = 'broken'`)).toEqual([])
  })
})

async function textOf(files: ReturnType<SupabaseClient['storage']['from']>, path: string): Promise<string> {
  return dataOf(await files.download(path)).text()
}

describe('downloads', () => {
  const path = `${ALICE}/alphabet.txt`
  const text = 'abcdefghijklmnopqrstuvwxyz'

  beforeAll(async () => {
    dataOf(await alice.storage.from('private').upload(path, text, { contentType: 'text/plain' }))
    dataOf(
      await bench.admin.storage
        .from('shared')
        .upload('page.html', '<script>1</script>', { contentType: 'text/html' }),
    )
    dataOf(
      await bench.admin.storage
        .from('shared')
        .upload('x/logo "1".png'.replaceAll('"', "'"), 'png', { contentType: 'image/png' }),
    )
  })

  it('of a missing and of a forbidden object are answered alike', async () => {
    const missing = (await alice.storage.from('private').download(`${ALICE}/none`)).error
    const forbidden = (await bob.storage.from('private').download(path)).error
    expect(missing).toEqual(failure('NoSuchKey', 'Object not found'))
    expect(forbidden).toEqual(missing)
    expect((await bench.anon.storage.from('private').download(path)).error).toEqual(missing)
    expect(dataOf({ ...(await bob.storage.from('private').exists(path)), error: null })).toBe(false)
    const response = await fetch(`${bench.url}/storage/v1/object/private/none`, {
      headers: { apikey: bench.keys.secretKey },
    })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      statusCode: '404',
      error: 'not_found',
      message: 'Object not found',
    })
  })

  it('of public buckets need no key', async () => {
    const { publicUrl } = bench.anon.storage
      .from('shared')
      .getPublicUrl("x/logo '1'.png", { download: 'Löwe.png' }).data
    const response = await fetch(publicUrl)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('image/png')
    expect(response.headers.get('content-disposition')).toBe(
      `attachment; filename="L_we.png"; filename*=UTF-8''L%C3%B6we.png`,
    )
    expect(await response.text()).toBe('png')
  })

  it('of private buckets are not public', async () => {
    const { publicUrl } = bench.anon.storage.from('private').getPublicUrl(path).data
    const response = await fetch(publicUrl)
    expect([response.status, await response.json()]).toEqual([
      400,
      expect.objectContaining({ statusCode: '404', message: 'Bucket not found' }),
    ])
  })

  it('never run in the browser', async () => {
    const response = await fetch(bench.anon.storage.from('shared').getPublicUrl('page.html').data.publicUrl)
    expect(response.headers.get('content-type')).toBe('text/plain')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('content-security-policy')).toContain('sandbox')
  })

  it.each([
    ['bytes=0-4', 206, 'abcde', 'bytes 0-4/26'],
    ['bytes=20-', 206, 'uvwxyz', 'bytes 20-25/26'],
    ['bytes=-3', 206, 'xyz', 'bytes 23-25/26'],
    ['bytes=0-1,4-5', 200, text, null],
    ['bytes=26-', 416, undefined, null],
  ])('answer the range %s', async (range, status, body, contentRange) => {
    const response = await get({ range })
    expect(response.status).toBe(status)
    expect(response.headers.get('content-range')).toBe(contentRange)
    if (body === undefined) expect(await response.json()).toMatchObject({ code: 'InvalidRange' })
    else expect(await response.text()).toBe(body)
  })

  it('answer conditions', async () => {
    const first = await get({})
    expect(first.headers.get('content-length')).toBe('26')
    expect(first.headers.get('accept-ranges')).toBe('bytes')
    await first.text()
    const etag = first.headers.get('etag') ?? ''
    const modified = first.headers.get('last-modified') ?? ''
    expect((await get({ 'if-none-match': etag })).status).toBe(304)
    expect((await get({ 'if-none-match': `"other", W/${etag}` })).status).toBe(304)
    expect((await get({ 'if-modified-since': modified })).status).toBe(304)
    expect(await (await get({ 'if-none-match': '"other"', 'if-modified-since': modified })).text()).toBe(text)
    expect(await (await get({ 'if-range': '"other"', range: 'bytes=0-1' })).text()).toBe(text)
    expect(await (await get({ 'if-range': etag, range: 'bytes=0-1' })).text()).toBe('ab')
  })

  it('with HEAD send no bytes', async () => {
    const response = await get({}, 'HEAD')
    expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([
      200,
      '26',
      '',
    ])
    expect((await get({}, 'HEAD', 'private/none')).status).toBe(400)
  })

  function get(
    headers: Record<string, string>,
    method = 'GET',
    object = `private/${path}`,
  ): Promise<Response> {
    return fetch(`${bench.url}/storage/v1/object/authenticated/${object}`, {
      method,
      headers: { apikey: bench.keys.secretKey, ...headers },
    })
  }

  it('of an object whose file is missing are answered NoSuchKey', async () => {
    const files = bench.admin.storage.from('private')
    dataOf(await files.upload('hollow', 'x'))
    await bench.sql(`update storage.objects set version = $1 where name = 'hollow'`, [randomUUID()])
    expect((await files.download('hollow')).error).toEqual(failure('NoSuchKey'))
    await bench.sql(`update storage.objects set version = '../../etc/passwd' where name = 'hollow'`)
    expect((await files.download('hollow')).error).toEqual(failure('NoSuchKey'))
    expect(dataOf(await files.remove(['hollow']))).toHaveLength(1)
  })
})

describe('lists', () => {
  beforeAll(async () => {
    const files = alice.storage.from('private')
    for (const name of ['b.txt', 'a.txt', 'C_x.txt', 'sub/one.txt', 'sub/two.txt', 'other/deep/three.txt']) {
      dataOf(await files.upload(`${ALICE}/list/${name}`, name))
    }
  })

  const list = async (
    client: SupabaseClient,
    path: string,
    options?: Parameters<ReturnType<SupabaseClient['storage']['from']>['list']>[1],
    bucket = 'private',
  ): Promise<string[]> =>
    dataOf(await client.storage.from(bucket).list(path, options)).map(({ name }) => name)

  it('show folders first, then objects', async () => {
    const entries = dataOf(await alice.storage.from('private').list(`${ALICE}/list`))
    expect(entries.map(({ name }) => name)).toEqual(['other', 'sub', 'C_x.txt', 'a.txt', 'b.txt'])
    expect(entries[0]).toEqual({
      name: 'other',
      id: null,
      updated_at: null,
      created_at: null,
      last_accessed_at: null,
      metadata: null,
    })
    expect(entries[3]).toMatchObject({
      id: expect.any(String),
      metadata: { size: 5, mimetype: expect.any(String) },
    })
    expect(await list(alice, `${ALICE}/list/sub/`)).toEqual(['one.txt', 'two.txt'])
  })

  it('are paged, sorted and searched', async () => {
    expect(await list(alice, `${ALICE}/list`, { limit: 2, offset: 1 })).toEqual(['sub', 'C_x.txt'])
    expect(await list(alice, `${ALICE}/list`, { sortBy: { column: 'name', order: 'desc' } })).toEqual([
      'sub',
      'other',
      'b.txt',
      'a.txt',
      'C_x.txt',
    ])
    expect(await list(alice, `${ALICE}/list`, { sortBy: { column: 'created_at', order: 'asc' } })).toEqual([
      'other',
      'sub',
      'b.txt',
      'a.txt',
      'C_x.txt',
    ])
    expect(await list(alice, `${ALICE}/list`, { search: 'c_' })).toEqual(['C_x.txt'])
    expect(await list(alice, `${ALICE}/list`, { search: '_' })).toEqual([])
    expect(await list(alice, `${ALICE}/list`, { search: 'SU' })).toEqual(['sub'])
  })

  it('show only objects that the caller may see', async () => {
    expect(await list(bob, `${ALICE}/list`)).toEqual([])
    expect(await list(bench.anon, '')).toEqual([])
    expect(await list(alice, '')).toEqual([ALICE])
    expect(await list(bench.admin, '', {}, 'nowhere')).toEqual([])
  })
})

describe('removing, moving and copying', () => {
  it('removes objects that the caller may delete, with their bytes', async () => {
    const files = alice.storage.from('private')
    dataOf(await files.upload(`${ALICE}/gone-1`, '1'))
    dataOf(await files.upload(`${ALICE}/gone-2`, '2'))
    const before = (await bench.files()).length
    expect(dataOf(await bob.storage.from('private').remove([`${ALICE}/gone-1`]))).toEqual([])
    const removed = dataOf(await files.remove([`${ALICE}/gone-1`, `${ALICE}/gone-2`, `${ALICE}/never`]))
    expect(removed.map(({ name }) => name).sort()).toEqual([`${ALICE}/gone-1`, `${ALICE}/gone-2`])
    expect(await bench.files()).toHaveLength(before - 2)
    expect((await files.download(`${ALICE}/gone-1`)).error).toEqual(failure('NoSuchKey'))
  })

  it('moves and copies under the caller’s policies', async () => {
    const files = alice.storage.from('private')
    dataOf(await files.upload(`${ALICE}/from`, 'content', { metadata: { a: 1 } }))
    dataOf(await files.upload(`${ALICE}/taken`, 'taken'))
    expect((await files.move(`${ALICE}/from`, `${ALICE}/taken`)).error).toEqual(failure('KeyAlreadyExists'))
    expect((await files.move(`${ALICE}/from`, `${BOB}/from`)).error).toEqual(failure('AccessDenied'))
    expect((await files.move(`${ALICE}/from`, '../from')).error).toEqual(failure('InvalidKey'))
    expect((await bob.storage.from('private').move(`${ALICE}/from`, `${BOB}/from`)).error).toEqual(
      failure('NoSuchKey'),
    )
    expect(dataOf(await files.move(`${ALICE}/from`, `${ALICE}/moved`))).toMatchObject({
      message: 'Successfully moved',
    })
    expect(await textOf(files, `${ALICE}/moved`)).toBe('content')

    expect((await bob.storage.from('private').copy(`${ALICE}/moved`, `${BOB}/copy`)).error).toEqual(
      failure('NoSuchKey'),
    )
    expect((await files.copy(`${ALICE}/moved`, `${BOB}/copy`)).error).toEqual(failure('AccessDenied'))
    expect((await files.copy(`${ALICE}/moved`, `${ALICE}/taken`)).error).toEqual(failure('KeyAlreadyExists'))
    expect(dataOf(await files.copy(`${ALICE}/moved`, `${ALICE}/copied`))).toEqual({
      path: `private/${ALICE}/copied`,
    })
    dataOf(await files.remove([`${ALICE}/moved`]))
    expect(await textOf(files, `${ALICE}/copied`)).toBe('content')
    expect(dataOf(await files.info(`${ALICE}/copied`)).metadata).toEqual({ a: 1 })
  })
})

describe('signed URLs', () => {
  const path = `${ALICE}/signed/photo 1.txt`

  beforeAll(async () => {
    dataOf(await alice.storage.from('private').upload(path, 'signed content'))
  })

  const sign = async (client: SupabaseClient, options?: { download?: string | boolean }): Promise<string> =>
    dataOf(await client.storage.from('private').createSignedUrl(path, 60, options)).signedUrl

  it('open the object without a key', async () => {
    const response = await fetch(await sign(alice))
    expect([response.status, await response.text()]).toEqual([200, 'signed content'])
    expect(Date.parse(response.headers.get('expires') ?? '')).toBeGreaterThan(Date.now())
    const asFile = await fetch(await sign(alice, { download: true }))
    expect(asFile.headers.get('content-disposition')).toContain('filename="photo 1.txt"')
    await asFile.text()
  })

  it('are made only for objects that the caller may see', async () => {
    const { error } = await bob.storage.from('private').createSignedUrl(path, 60)
    expect(error).toEqual(failure('NoSuchKey', 'Object not found'))
    const signed = dataOf(await alice.storage.from('private').createSignedUrls([path, `${ALICE}/none`], 60))
    expect(signed.map(({ error: failed }) => failed)).toEqual([
      null,
      'Either the object does not exist or you do not have access to it',
    ])
    const response = await fetch(signed[0]?.signedUrl ?? '')
    expect(await response.text()).toBe('signed content')
  })

  it('expire', async () => {
    const { error } = await alice.storage.from('private').createSignedUrl(path, 0)
    expect(error).toEqual(failure('InvalidRequest'))
    const url = new URL(await sign(alice))
    const expired = await forge(url, { exp: Math.floor(Date.now() / 1000) - 1 })
    expect(await refusalOf(expired)).toMatchObject({
      statusCode: '400',
      error: 'InvalidJWT',
      message: '"exp" claim timestamp check failed',
    })
  })

  it('cannot be altered, or used for another object or purpose', async () => {
    const url = await sign(alice)
    dataOf(await alice.storage.from('private').upload(`${ALICE}/signed/other.txt`, 'other'))
    expect(await refusalOf(url.replace('photo%201.txt', 'other.txt'))).toMatchObject({
      code: 'InvalidSignature',
    })
    const token = new URL(url).searchParams.get('token') ?? ''
    const [head, payload = '', signature] = token.split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const longer = Buffer.from(JSON.stringify({ ...claims, exp: claims.exp + 9999 })).toString('base64url')
    expect(await refusalOf(url.replace(token, `${head}.${longer}.${signature}`))).toMatchObject({
      code: 'InvalidJWT',
      message: 'signature verification failed',
    })
    expect(await refusalOf(url.replace(token, 'nonsense'))).toMatchObject({ code: 'InvalidJWT' })
    expect(await refusalOf(url.replace(/\?.*/, ''))).toMatchObject({ code: 'InvalidRequest' })
    // A user's token, signed with the project's key, is no grant.
    const userToken = await mintToken(bench.keys, {
      sub: ALICE,
      role: 'authenticated',
      use: 'download',
      url: `private/${path}`,
    })
    expect(await refusalOf(url.replace(token, userToken))).toMatchObject({ code: 'InvalidJWT' })
    const upload = dataOf(
      await alice.storage
        .from('private')
        .createSignedUploadUrl(`${ALICE}/signed/other.txt`, { upsert: true }),
    )
    expect(
      await refusalOf(
        `${bench.url}/storage/v1/object/sign/private/${ALICE}/signed/other.txt?token=${upload.token}`,
      ),
    ).toMatchObject({
      code: 'InvalidSignature',
    })
    // And the other way round: a download's token uploads nothing, and no token is a user's.
    const put = await fetch(`${bench.url}/storage/v1/object/upload/sign/private/${path}?token=${token}`, {
      method: 'PUT',
      body: 'x',
    })
    expect(await put.json()).toMatchObject({ code: 'InvalidSignature' })
    const asUser = await fetch(`${bench.url}/storage/v1/object/authenticated/private/${path}`, {
      headers: { apikey: bench.keys.publishableKey, authorization: `Bearer ${token}` },
    })
    expect(asUser.status).toBeGreaterThanOrEqual(400)
  })

  /** Signs with the real key: with another key the signature would be refused before the expiry is looked at. */
  async function forge(url: URL, { exp }: { exp: number }): Promise<string> {
    const { hkdfSync } = await import('node:crypto')
    const secret = Buffer.from(bench.keys.signingKey.d ?? '', 'base64url')
    const key = new Uint8Array(hkdfSync('sha256', secret, '', 'storage signed urls', 32))
    const token = await new SignJWT({ use: 'download', url: `private/${path}`, exp })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(key)
    url.searchParams.set('token', token)
    return url.href
  }

  async function refusalOf(url: string): Promise<unknown> {
    const response = await fetch(url)
    expect(response.status).toBe(400)
    return response.json()
  }

  it('take one upload without a key, and a second one only where replacing was asked for', async () => {
    const target = `${ALICE}/signed-upload.txt`
    expect((await bob.storage.from('private').createSignedUploadUrl(target)).error).toEqual(
      failure('AccessDenied'),
    )
    const { token } = dataOf(await alice.storage.from('private').createSignedUploadUrl(target))
    const files = bench.anon.storage.from('private')
    expect(dataOf(await files.uploadToSignedUrl(target, token, 'first'))).toMatchObject({ path: target })
    expect((await files.uploadToSignedUrl(target, token, 'second')).error).toEqual(
      failure('KeyAlreadyExists'),
    )
    expect((await files.uploadToSignedUrl(`${ALICE}/elsewhere`, token, 'x')).error).toEqual(
      failure('InvalidSignature'),
    )
    expect(await textOf(alice.storage.from('private'), target)).toBe('first')
    const [row] = await bench.sql('select owner_id from storage.objects where name = $1', [target])
    expect(row).toEqual({ owner_id: ALICE })
    const again = dataOf(await alice.storage.from('private').createSignedUploadUrl(target, { upsert: true }))
    dataOf(await files.uploadToSignedUrl(target, again.token, 'third'))
    expect(await textOf(alice.storage.from('private'), target)).toBe('third')
  })
})

describe('the folder of bytes', () => {
  it('loses files without a row at the start, and keeps files with a row', async () => {
    dataOf(await bench.admin.storage.from('private').upload('survivor', 'still here'))
    await bench.restart() // other tests have left bytes without a row
    const files = await bench.files()
    const version = randomUUID()
    const orphan = join(dirname(dirname(files[0] ?? '')), version.slice(0, 2), version)
    await mkdir(dirname(orphan), { recursive: true })
    await writeFile(orphan, 'orphan')
    await bench.restart()
    await expect(readFile(orphan)).rejects.toMatchObject({ code: 'ENOENT' })
    expect((await bench.files()).sort()).toEqual(files.sort())
    expect(await textOf(bench.admin.storage.from('private'), 'survivor')).toBe('still here')
  })

  it('contains no name that a client chose', async () => {
    for (const file of await bench.files()) {
      expect(file).toMatch(/objects[\\/][0-9a-f]{2}[\\/][0-9a-f-]{36}$/)
    }
  })
})

describe('while the database is away', () => {
  it('answers 503, and works again afterwards', async () => {
    const files = bench.admin.storage.from('private')
    dataOf(await files.upload('before', 'kept'))
    const { name, urls } = bench.database
    const maintenance = new URL(urls.admin)
    maintenance.pathname = `/${MAINTENANCE_DATABASE}`
    await withClient(maintenance.href, async (client) => {
      await client.query(`alter database ${name} with allow_connections false`)
      await client.query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1', [
        name,
      ])
      const response = await fetch(`${bench.url}/storage/v1/object/private/before`, {
        headers: { apikey: bench.keys.secretKey },
      })
      expect(response.status).toBe(503)
      expect(await response.json()).toMatchObject({ statusCode: '503', code: 'DatabaseUnavailable' })
      await client.query(`alter database ${name} with allow_connections true`)
    })
    expect(await textOf(files, 'before')).toBe('kept')
  })
})

describe('an upload with a Content-Encoding', () => {
  it('is kept and returned without it, byte for byte', async () => {
    const bytes = gzipSync('inflates'.repeat(1000))
    const path = `${ALICE}/encoded.gz`
    const url = `${bench.url}/storage/v1/object/private/${path}`
    const headers = { apikey: bench.keys.secretKey, 'content-type': 'application/gzip' }
    const uploaded = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'content-encoding': 'gzip' },
      body: bytes,
    })
    expect(uploaded.status).toBe(200)
    const form = new FormData()
    form.append('contentEncoding', 'gzip')
    form.append('', new Blob([bytes]))
    dataOf(await alice.storage.from('private').upload(`${path}-form`, form))
    for (const name of [path, `${path}-form`]) {
      const downloaded = await fetch(`${bench.url}/storage/v1/object/private/${name}`, { headers })
      expect(downloaded.headers.get('content-encoding')).toBeNull()
      expect(Buffer.from(await downloaded.arrayBuffer()).equals(bytes)).toBe(true)
    }
    const rows = await bench.sql(`select metadata from storage.objects where name like $1`, [`${path}%`])
    expect(JSON.stringify(rows)).not.toContain('ncoding')
  })
})

describe('a policy or trigger that raises', () => {
  beforeAll(() =>
    bench.sql(`
      create function public.refuse() returns trigger language plpgsql as $$
      begin
        raise exception 'submitted files stay as they are' using errcode = split_part(new.name, '/', 2);
      end $$;
      create trigger refuse before insert on storage.objects for each row
        when (new.name like 'raise/%') execute function public.refuse();
    `),
  )

  it.each([
    ['42501', '403', 'submitted files stay as they are'],
    ['55P03', '423', 'The resource is locked'],
    ['PT429', '429', 'submitted files stay as they are'],
  ])('%s is answered %s', async (sqlState, statusCode, message) => {
    const { error } = await bench.admin.storage.from('private').upload(`raise/${sqlState}`, 'x')
    expect(error).toMatchObject({ statusCode, message })
  })
})

describe('JSON that is nested 100,000 levels deep', () => {
  it.each([
    ['POST', '/bucket'],
    ['PUT', '/bucket/private'],
    ['POST', '/object/list/private'],
    ['POST', '/object/sign/private'],
    ['POST', '/object/move'],
    ['DELETE', '/object/private'],
  ])('is refused: %s %s', async (method, path) => {
    const response = await fetch(`${bench.url}/storage/v1${path}`, {
      method,
      headers: { apikey: bench.keys.secretKey, 'content-type': 'application/json' },
      body: '['.repeat(100_000) + ']'.repeat(100_000),
    })
    expect([response.status, await response.json()]).toEqual([
      400,
      expect.objectContaining({ code: 'InvalidRequest', message: 'Body is not valid JSON' }),
    ])
  })

  it('is refused as metadata of an upload', async () => {
    const form = new FormData()
    form.append('metadata', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`)
    form.append('', new Blob(['x']))
    const { error } = await bench.admin.storage.from('private').upload('deep', form)
    expect(error).toEqual(failure('InvalidRequest', 'Invalid metadata'))
  })
})

describe('an absent endpoint', () => {
  it.each([
    ['PUT', '/s3/bucket/key'],
    ['GET', '/s3'],
    ['POST', '/vector/CreateIndex'],
    ['GET', '/iceberg/v1/config'],
    ['GET', '/render/image/public/shared/a.png'],
    ['GET', '/render/image/authenticated/private/a.png'],
    ['POST', '/upload/resumable/sign'],
    ['POST', '/object/list-v2/private'],
    ['DELETE', '/cdn/private/a'],
  ])('is answered 501 with the page to read: %s %s', async (method, path) => {
    const response = await fetch(`${bench.url}/storage/v1${path}`, {
      method,
      headers: path.startsWith('/s3') ? {} : { apikey: bench.keys.secretKey },
    })
    expect([response.status, await response.json()]).toEqual([
      501,
      expect.objectContaining({
        code: 'NotImplemented',
        message: expect.stringContaining('docs/embedded-stack.md'),
      }),
    ])
  })
})

describe('an unknown address', () => {
  it.each(['/nothing', '/bucket/a/b/c', '/object'])('%s is refused', async (path) => {
    const response = await fetch(`${bench.url}/storage/v1${path}`, {
      method: 'PATCH',
      headers: { apikey: bench.keys.secretKey },
    })
    expect(await response.json()).toMatchObject({ statusCode: '404', message: 'Route not found' })
  })
})
