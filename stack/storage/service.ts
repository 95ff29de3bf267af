/**
 * The part of Supabase Storage's HTTP interface that storage-js uses. Rows live in `storage.buckets` and
 * `storage.objects`, whose row-level security decides; bytes live on disk.
 */

import { join } from 'node:path'
import type { Caller, HttpService, Logger, StackKeys, Stoppable } from '../types.ts'
import { addressOf, cut, isUpsert, tokenOf, transferOf } from './address.ts'
import { BlobStore } from './blob-store.ts'
import { optionalObject, readJson, requiredInteger, requiredStrings } from './body.ts'
import { Buckets } from './buckets.ts'
import { SERVICE, StorageDatabase } from './database.ts'
import { objectInfo, sendObject } from './download.ts'
import { StorageError } from './errors.ts'
import { listObjects } from './list.ts'
import { decodePath, validKey } from './names.ts'
import { Objects } from './objects.ts'
import { Arriving } from './resumable/arriving.ts'
import { Resumable } from './resumable/resumable.ts'
import { UploadStore } from './resumable/upload-store.ts'
import type { BucketRow } from './rows.ts'
import { objectJson } from './rows.ts'
import { createUrlTokens, type UrlTokens } from './url-tokens.ts'

export interface StorageServiceOptions {
  /** Connects as `authenticator`. */
  databaseUrl: string
  /** Folder of the bytes, e.g. `<dataDir>/storage`; made when missing. */
  dir: string
  keys: Pick<StackKeys, 'signingKey'>
  logger: Logger
  /** Bytes of one object at most; buckets may allow less. Default 50 MiB. */
  fileSizeLimit?: number
}

export interface StorageService extends HttpService, Stoppable {}

const DEFAULT_FILE_SIZE_LIMIT = 50 * 1024 * 1024
/** Seconds that a signed upload URL works, as on hosted Supabase. */
const UPLOAD_URL_LIFETIME = 2 * 60 * 60
/** Names of one request to sign or remove. */
const MAX_NAMES = 1000

/** Reads what an interrupted run has left and removes it. The database must be up. */
export async function createStorageService(options: StorageServiceOptions): Promise<StorageService> {
  const service = new Service(options)
  try {
    await service.open()
  } catch (error) {
    await service.stop()
    throw error
  }
  return service
}

/** One request, with its address taken apart. */
interface Call {
  request: Request
  caller: Caller
  query: URLSearchParams
  /** Path without what has been routed by, undecoded. */
  rest: string
}

class Service implements StorageService {
  readonly #logger: Logger
  readonly #database: StorageDatabase
  readonly #blobs: BlobStore
  readonly #buckets: Buckets
  readonly #objects: Objects
  readonly #uploads: UploadStore
  readonly #resumable: Resumable
  readonly #tokens: UrlTokens
  #stopped: Promise<void> | undefined

  constructor({ databaseUrl, dir, keys, logger, fileSizeLimit }: StorageServiceOptions) {
    const maxBytes = fileSizeLimit ?? DEFAULT_FILE_SIZE_LIMIT
    this.#logger = logger
    this.#database = new StorageDatabase(databaseUrl, logger)
    this.#blobs = new BlobStore(dir)
    this.#buckets = new Buckets(this.#database, this.#blobs, maxBytes)
    this.#objects = new Objects(this.#database, this.#blobs, logger, maxBytes)
    this.#uploads = new UploadStore(join(dir, 'resumable'))
    this.#resumable = new Resumable({
      objects: this.#objects,
      uploads: this.#uploads,
      arriving: new Arriving(this.#database),
      logger,
      maxBytes,
      bucket: (id) => this.#bucket(id),
    })
    this.#tokens = createUrlTokens(keys.signingKey)
  }

  async open(): Promise<void> {
    await this.#blobs.open()
    await this.#objects.sweep()
    await this.#uploads.open()
    await this.#resumable.open()
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#database.end()
    return this.#stopped
  }

  async fetch(request: Request, { caller, path }: { caller: Caller; path: string }): Promise<Response> {
    try {
      const query = new URL(request.url).searchParams
      return await this.#route({ request, caller, query, rest: path.replace(/^\/+/, '') })
    } catch (error) {
      if (!(error instanceof StorageError)) this.#logger.error('storage', 'a request failed', { error })
      else if (error.code === 'DatabaseUnavailable') {
        this.#logger.warn('storage', 'the database is away', { error: error.cause })
      }
      return (error instanceof StorageError ? error : new StorageError('InternalError')).toResponse()
    }
  }

  #route(call: Call): Promise<Response> {
    const [area, rest] = cut(call.rest)
    if (area === 'bucket') return this.#routeBucket({ ...call, rest })
    if (area === 'object') return this.#routeObject({ ...call, rest })
    if (area === 'upload') return this.#routeUpload({ ...call, rest })
    if (area === 'status') return Promise.resolve(new Response(null, { status: 200 }))
    if (area === 'render') {
      throw new StorageError('NotSupported', { message: 'Image transformation is not enabled' })
    }
    throw new StorageError('NoSuchRoute')
  }

  async #routeBucket({ request, caller, query, rest }: Call): Promise<Response> {
    const [encoded, action] = cut(rest)
    const id = decodePath(encoded)
    const route = `${request.method} ${id === '' ? '' : ':id'}${action === '' ? '' : `/${action}`}`
    switch (route) {
      case 'GET ':
        return this.#buckets.list(caller, query)
      case 'POST ':
        return this.#buckets.create(caller, await readJson(request))
      case 'GET :id':
        return this.#buckets.get(caller, id)
      case 'PUT :id':
        return this.#buckets.update(caller, id, await readJson(request))
      case 'DELETE :id':
        return this.#buckets.delete(caller, id)
      case 'POST :id/empty':
        return this.#buckets.empty(caller, id)
      default:
        throw new StorageError('NoSuchRoute')
    }
  }

  #routeUpload({ request, caller, rest }: Call): Promise<Response> {
    const [kind, id] = cut(rest)
    if (kind !== 'resumable') throw new StorageError('NoSuchRoute')
    return this.#resumable.fetch(request, caller, decodePath(id))
  }

  #routeObject(call: Call): Promise<Response> {
    const { method } = call.request
    const [first, rest] = cut(call.rest)
    const below = { ...call, rest }
    if (method === 'GET' || method === 'HEAD') {
      if (first === 'public') return this.#download(below, 'public')
      if (first === 'authenticated') return this.#download(below, 'caller')
      if (first === 'sign') return this.#downloadSigned(below)
      if (first === 'info') return this.#info(below)
      return this.#download(call, 'caller')
    }
    if (method === 'POST' && first === 'list') return this.#list(below)
    if (method === 'POST' && first === 'move') return this.#move(call)
    if (method === 'POST' && first === 'copy') return this.#copy(call)
    if (method === 'POST' && first === 'sign') return this.#sign(below)
    if (first === 'upload') {
      const [word, signed] = cut(rest)
      if (word === 'sign' && method === 'POST') return this.#signUpload({ ...call, rest: signed })
      if (word === 'sign' && method === 'PUT') return this.#uploadSigned({ ...call, rest: signed })
    }
    if (method === 'DELETE') return this.#remove(call)
    if (method === 'POST' || method === 'PUT') return this.#upload(call)
    throw new StorageError('NoSuchRoute')
  }

  async #upload({ request, caller, rest }: Call): Promise<Response> {
    const { bucket, name } = addressOf(rest)
    const upsert = request.method === 'PUT' || isUpsert(request)
    const { id } = await this.#objects.upload(caller, await this.#bucket(bucket), validKey(name), request, {
      upsert,
    })
    return Response.json({ Id: id, Key: `${bucket}/${name}` })
  }

  async #download({ request, caller, query, rest }: Call, access: 'public' | 'caller'): Promise<Response> {
    const address = addressOf(rest)
    const bucket = await this.#bucket(address.bucket)
    if (access === 'public' && !bucket.public) throw new StorageError('NoSuchBucket')
    const reader = bucket.public ? SERVICE : caller
    return sendObject(this.#blobs, {
      find: () => this.#objects.find(reader, address, 'storage.object.get'),
      request,
      download: query.get('download'),
    })
  }

  async #info({ caller, rest }: Call): Promise<Response> {
    const [first, below] = cut(rest)
    const isPublic = first === 'public'
    const address = addressOf(isPublic || first === 'authenticated' ? below : rest)
    const bucket = await this.#bucket(address.bucket)
    if (isPublic && !bucket.public) throw new StorageError('NoSuchBucket')
    const reader = bucket.public ? SERVICE : caller
    return objectInfo(await this.#objects.find(reader, address, 'storage.object.info'))
  }

  /** One address, or several of one bucket. */
  async #sign({ request, caller, rest }: Call): Promise<Response> {
    const body = await readJson(request)
    const expiresIn = requiredInteger(body, 'expiresIn', 1)
    const { bucket, name } = addressOf(rest)
    if (name !== '') {
      await this.#objects.find(caller, { bucket, name }, 'storage.object.sign')
      return Response.json({ signedURL: await this.#signedUrl(bucket, name, expiresIn) })
    }
    const paths = requiredStrings(body, 'paths', MAX_NAMES)
    const rows = await this.#objects.findMany(caller, bucket, paths, 'storage.object.sign_many')
    const visible = new Set(rows.map((row) => row.name))
    const results = paths.map(async (path) =>
      visible.has(path)
        ? { error: null, path, signedURL: await this.#signedUrl(bucket, path, expiresIn) }
        : {
            error: 'Either the object does not exist or you do not have access to it',
            path,
            signedURL: null,
          },
    )
    return Response.json(await Promise.all(results))
  }

  async #signedUrl(bucket: string, name: string, expiresIn: number): Promise<string> {
    const url = `${bucket}/${name}`
    return `/object/sign/${url}?token=${await this.#tokens.sign({ use: 'download', url }, expiresIn)}`
  }

  async #downloadSigned({ request, query, rest }: Call): Promise<Response> {
    const address = addressOf(rest)
    const url = `${address.bucket}/${address.name}`
    const { exp } = await this.#tokens.verify(tokenOf(query), { use: 'download', url })
    return sendObject(this.#blobs, {
      find: () => this.#objects.find(SERVICE, address, 'storage.object.get_signed'),
      request,
      download: query.get('download'),
      expires: exp,
    })
  }

  /** The caller must be allowed to upload; whoever holds the URL needs no permission then. */
  async #signUpload({ request, caller, rest }: Call): Promise<Response> {
    const { bucket, name } = addressOf(rest)
    const { id } = await this.#bucket(bucket)
    const upsert = isUpsert(request)
    const owner = caller.claims.sub
    await this.#objects.checkUpload(caller, { bucket: id, name: validKey(name), owner }, upsert)
    const url = `${bucket}/${name}`
    const token = await this.#tokens.sign({ use: 'upload', url, upsert, owner }, UPLOAD_URL_LIFETIME)
    return Response.json({ url: `/object/upload/sign/${url}?token=${token}`, token })
  }

  async #uploadSigned({ request, query, rest }: Call): Promise<Response> {
    const { bucket, name } = addressOf(rest)
    const url = `${bucket}/${name}`
    const { upsert, owner } = await this.#tokens.verify(tokenOf(query), { use: 'upload', url })
    const row = await this.#bucket(bucket)
    await this.#objects.upload(SERVICE, row, validKey(name), request, { upsert, owner })
    return Response.json({ Key: url })
  }

  async #list({ request, caller, rest }: Call): Promise<Response> {
    const { id } = await this.#bucket(decodePath(rest))
    return listObjects(this.#database, caller, id, await readJson(request))
  }

  async #move({ request, caller }: Call): Promise<Response> {
    const body = await readJson(request)
    const { from, to } = transferOf(body)
    await this.#bucket(to.bucket)
    const { id } = await this.#objects.move(caller, from, to)
    return Response.json({ message: 'Successfully moved', Id: id, Key: `${to.bucket}/${to.name}` })
  }

  async #copy({ request, caller }: Call): Promise<Response> {
    const body = await readJson(request)
    const { from, to } = transferOf(body)
    await this.#bucket(to.bucket)
    const userMetadata = body.copyMetadata === false ? (optionalObject(body, 'metadata') ?? null) : undefined
    const { id } = await this.#objects.copy(caller, from, to, { upsert: isUpsert(request), userMetadata })
    return Response.json({ Id: id, Key: `${to.bucket}/${to.name}` })
  }

  async #remove({ request, caller, rest }: Call): Promise<Response> {
    const { bucket, name } = addressOf(rest)
    if (name === '') {
      const names = requiredStrings(await readJson(request), 'prefixes', MAX_NAMES)
      const rows = await this.#objects.remove(caller, bucket, names)
      return Response.json(rows.map(objectJson))
    }
    const removed = await this.#objects.remove(caller, bucket, [name])
    if (removed.length === 0) throw new StorageError('NoSuchKey')
    return Response.json({ message: 'Successfully deleted' })
  }

  async #bucket(id: string): Promise<BucketRow> {
    const bucket = await this.#buckets.find(id)
    if (bucket === undefined) throw new StorageError('NoSuchBucket')
    return bucket
  }
}
