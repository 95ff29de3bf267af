/** The HTTP interface of Supabase Storage. `docs/embedded-stack.md` lists what differs and what is absent. */

import { type Context, Hono } from 'hono'
import * as v from 'valibot'
import type { Caller, Logger } from '../types.ts'
import type { BlobStore } from './blob-store.ts'
import { absent, invalid, metadata, name, names, readJson } from './body.ts'
import { BUCKET_CHANGES, type Buckets, NEW_BUCKET } from './buckets.ts'
import { SERVICE, type StorageDatabase } from './database.ts'
import { objectInfo, sendObject } from './download.ts'
import { StorageError, toStorageError } from './errors.ts'
import { LIST_OPTIONS, listObjects } from './list.ts'
import { validKey } from './names.ts'
import type { Address, Objects } from './objects.ts'
import type { Resumable } from './resumable/index.ts'
import { objectJson } from './rows.ts'
import type { UrlTokens } from './url-tokens.ts'

export interface StorageParts {
  database: StorageDatabase
  blobs: BlobStore
  buckets: Buckets
  objects: Objects
  tokens: UrlTokens
  resumable: Resumable
  logger: Logger
}

interface StorageEnv {
  /** From the gateway: who calls, and the path after the service's prefix, still encoded. */
  Bindings: { caller: Caller; path: string }
}

type Call = Context<StorageEnv>

/** Seconds until a signed upload URL expires, as on hosted Supabase. */
const UPLOAD_URL_LIFETIME = 2 * 60 * 60

const TRANSFER = v.object({
  bucketId: name,
  sourceKey: name,
  destinationBucket: absent(name),
  destinationKey: name,
})
const COPY = v.object({
  ...TRANSFER.entries,
  copyMetadata: v.optional(v.boolean(), true),
  metadata: absent(metadata),
})
const SIGN = v.object({ expiresIn: v.pipe(v.number(), v.safeInteger(), v.minValue(1)) })
const SIGN_MANY = v.object({ ...SIGN.entries, paths: names })
const REMOVE = v.object({ prefixes: names })

/** An object's name may have slashes. */
const OBJECT = ':bucket/:name{.+}'

/** Parts of the real Storage that do not exist here. */
const ABSENT = [
  '/s3/*',
  '/vector/*',
  '/iceberg/*',
  '/cdn/*',
  '/render/*',
  '/upload/resumable/sign/*',
  '/object/list-v2/*',
]

export function createRoutes(parts: StorageParts): Hono<StorageEnv> {
  const { database, blobs, buckets, objects, tokens, resumable, logger } = parts
  const app = new Hono<StorageEnv>({ getPath: (_request, options) => options?.env?.path ?? '/' })

  for (const path of ABSENT) app.all(path, () => new StorageError('NotImplemented').toResponse())
  app.get('/status', () => new Response(null, { status: 200 }))

  app.get('/bucket', (c) => buckets.list(c.env.caller, new URL(c.req.url).searchParams))
  app.post('/bucket', async (c) => buckets.create(c.env.caller, await readJson(c.req.raw, NEW_BUCKET)))
  app.get('/bucket/:bucket', (c) => buckets.get(c.env.caller, c.req.param('bucket')))
  app.put('/bucket/:bucket', async (c) =>
    buckets.update(c.env.caller, c.req.param('bucket'), await readJson(c.req.raw, BUCKET_CHANGES)),
  )
  app.delete('/bucket/:bucket', (c) => buckets.delete(c.env.caller, c.req.param('bucket')))
  app.post('/bucket/:bucket/empty', (c) => buckets.empty(c.env.caller, c.req.param('bucket')))

  app.all('/upload/resumable', (c) => resumable(c.req.raw, c.env.caller))
  app.all('/upload/resumable/:id', (c) => resumable(c.req.raw, c.env.caller))

  const download = async (c: Call, address: Address, isPublic: boolean): Promise<Response> => {
    const bucket = await buckets.find(address.bucket)
    if (isPublic && !bucket.public) throw new StorageError('NoSuchBucket')
    const reader = bucket.public ? SERVICE : c.env.caller
    return sendObject(blobs, {
      find: () => objects.find(reader, address, 'storage.object.get'),
      request: c.req.raw,
      download: c.req.query('download') ?? null,
    })
  }
  const info = async (c: Call, address: Address, isPublic: boolean): Promise<Response> => {
    const bucket = await buckets.find(address.bucket)
    if (isPublic && !bucket.public) throw new StorageError('NoSuchBucket')
    return objectInfo(
      await objects.find(bucket.public ? SERVICE : c.env.caller, address, 'storage.object.info'),
    )
  }
  app.get(`/object/public/${OBJECT}`, (c) => download(c, c.req.param(), true))
  app.get(`/object/authenticated/${OBJECT}`, (c) => download(c, c.req.param(), false))
  app.get(`/object/info/public/${OBJECT}`, (c) => info(c, c.req.param(), true))
  app.get(`/object/info/authenticated/${OBJECT}`, (c) => info(c, c.req.param(), false))
  app.get(`/object/info/${OBJECT}`, (c) => info(c, c.req.param(), false))
  app.get(`/object/sign/${OBJECT}`, async (c) => {
    const address = c.req.param()
    const { exp } = await tokens.verify(tokenOf(c), { use: 'download', url: urlOf(address) })
    return sendObject(blobs, {
      find: () => objects.find(SERVICE, address, 'storage.object.get_signed'),
      request: c.req.raw,
      download: c.req.query('download') ?? null,
      expires: exp,
    })
  })
  app.get(`/object/${OBJECT}`, (c) => download(c, c.req.param(), false))

  app.post('/object/list/:bucket', async (c) =>
    listObjects(database, c.env.caller, c.req.param('bucket'), await readJson(c.req.raw, LIST_OPTIONS)),
  )
  app.post('/object/move', async (c) => {
    const body = await readJson(c.req.raw, TRANSFER)
    const to = await target(body)
    const { id } = await objects.move(c.env.caller, sourceOf(body), to)
    return Response.json({ message: 'Successfully moved', Id: id, Key: urlOf(to) })
  })
  app.post('/object/copy', async (c) => {
    const body = await readJson(c.req.raw, COPY)
    const to = await target(body)
    const userMetadata = body.copyMetadata ? undefined : (body.metadata ?? null)
    const options = { upsert: isUpsert(c), userMetadata }
    const { id } = await objects.copy(c.env.caller, sourceOf(body), to, options)
    return Response.json({ Id: id, Key: urlOf(to) })
  })

  const signed = async (url: string, expiresIn: number): Promise<string> =>
    `/object/sign/${url}?token=${await tokens.sign({ use: 'download', url }, expiresIn)}`
  app.post('/object/sign/:bucket', async (c) => {
    const bucket = c.req.param('bucket')
    const { expiresIn, paths } = await readJson(c.req.raw, SIGN_MANY)
    const rows = await objects.findMany(c.env.caller, bucket, paths, 'storage.object.sign_many')
    const visible = new Set(rows.map((row) => row.name))
    const error = 'Either the object does not exist or you do not have access to it'
    const results = paths.map(async (path) =>
      visible.has(path)
        ? { error: null, path, signedURL: await signed(`${bucket}/${path}`, expiresIn) }
        : { error, path, signedURL: null },
    )
    return Response.json(await Promise.all(results))
  })
  app.post(`/object/sign/${OBJECT}`, async (c) => {
    const address = c.req.param()
    const { expiresIn } = await readJson(c.req.raw, SIGN)
    await objects.find(c.env.caller, address, 'storage.object.sign')
    return Response.json({ signedURL: await signed(urlOf(address), expiresIn) })
  })

  // The caller must be allowed to upload. The client that uses the URL needs no permission.
  app.post(`/object/upload/sign/${OBJECT}`, async (c) => {
    const { bucket, name } = await writable(c.req.param())
    const upsert = isUpsert(c)
    const owner = c.env.caller.claims.sub
    await objects.checkUpload(c.env.caller, { bucket: bucket.id, name, owner }, upsert)
    const url = `${bucket.id}/${name}`
    const token = await tokens.sign({ use: 'upload', url, upsert, owner }, UPLOAD_URL_LIFETIME)
    return Response.json({ url: `/object/upload/sign/${url}?token=${token}`, token })
  })
  app.put(`/object/upload/sign/${OBJECT}`, async (c) => {
    const url = urlOf(c.req.param())
    const { upsert, owner } = await tokens.verify(tokenOf(c), { use: 'upload', url })
    const { bucket, name } = await writable(c.req.param())
    await objects.upload(SERVICE, bucket, name, c.req.raw, { upsert, owner })
    return Response.json({ Key: url })
  })
  app.on(['POST', 'PUT'], `/object/${OBJECT}`, async (c) => {
    const { bucket, name } = await writable(c.req.param())
    const upsert = c.req.method === 'PUT' || isUpsert(c)
    const { id } = await objects.upload(c.env.caller, bucket, name, c.req.raw, { upsert })
    return Response.json({ Id: id, Key: `${bucket.id}/${name}` })
  })

  app.delete('/object/:bucket', async (c) => {
    const { prefixes } = await readJson(c.req.raw, REMOVE)
    const rows = await objects.remove(c.env.caller, c.req.param('bucket'), prefixes)
    return Response.json(rows.map(objectJson))
  })
  app.delete(`/object/${OBJECT}`, async (c) => {
    const { bucket, name } = c.req.param()
    const removed = await objects.remove(c.env.caller, bucket, [name])
    if (removed.length === 0) throw new StorageError('NoSuchKey')
    return Response.json({ message: 'Successfully deleted' })
  })

  app.notFound(() => new StorageError('NoSuchRoute').toResponse())
  app.onError((error, c) =>
    c.req.raw.signal.aborted
      ? new Response(null, { status: 499 })
      : toStorageError(error, logger).toResponse(),
  )
  return app

  async function writable({ bucket, name }: Address) {
    return { bucket: await buckets.find(bucket), name: validKey(name) }
  }

  async function target({ bucketId, destinationBucket, destinationKey }: v.InferOutput<typeof TRANSFER>) {
    const { bucket, name } = await writable({ bucket: destinationBucket ?? bucketId, name: destinationKey })
    return { bucket: bucket.id, name }
  }
}

function sourceOf({ bucketId, sourceKey }: v.InferOutput<typeof TRANSFER>): Address {
  return { bucket: bucketId, name: sourceKey }
}

function urlOf({ bucket, name }: Address): string {
  return `${bucket}/${name}`
}

function isUpsert(c: Call): boolean {
  return c.req.header('x-upsert') === 'true'
}

function tokenOf(c: Call): string {
  const token = c.req.query('token')
  if (!token) throw invalid("querystring must have required property 'token'")
  return token
}
