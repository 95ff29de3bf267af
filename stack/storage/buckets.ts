/** Creates, lists, changes, empties and deletes buckets under the caller's role. */

import * as v from 'valibot'
import type { Caller } from '../types.ts'
import type { BlobStore } from './blob-store.ts'
import { absent, invalid, name } from './body.ts'
import { SERVICE, type StorageDatabase } from './database.ts'
import { StorageError } from './errors.ts'
import { validBucketName } from './names.ts'
import { BUCKET_COLUMNS, type BucketRow, bucketJson } from './rows.ts'

const LIST_LIMIT = 1000
/** Objects that one statement deletes while a bucket is emptied. */
const EMPTY_BATCH = 1000

const SORT_COLUMNS = ['id', 'name', 'created_at', 'updated_at'] as const

const SIZE_LIMIT = absent(v.union([v.number(), v.string()]))
const MIME_TYPES = absent(v.array(v.string()))

export const NEW_BUCKET = v.object({
  name,
  id: absent(name),
  type: v.nullish(v.string(), 'STANDARD'),
  public: v.nullish(v.boolean(), false),
  file_size_limit: SIZE_LIMIT,
  allowed_mime_types: MIME_TYPES,
})

export const BUCKET_CHANGES = v.object({
  public: absent(v.boolean()),
  file_size_limit: SIZE_LIMIT,
  allowed_mime_types: MIME_TYPES,
})

export class Buckets {
  readonly #database: StorageDatabase
  readonly #blobs: BlobStore
  /** Bytes of one object. No bucket may allow more. */
  readonly maxBytes: number

  constructor(database: StorageDatabase, blobs: BlobStore, maxBytes: number) {
    this.#database = database
    this.#blobs = blobs
    this.maxBytes = maxBytes
  }

  /** The bucket, whether or not the caller may read buckets. @throws StorageError `NoSuchBucket`. */
  find(id: string): Promise<BucketRow> {
    return this.#find(SERVICE, id)
  }

  /** Bytes that one object of the bucket may have. */
  limitOf(bucket: BucketRow): number {
    return Math.min(this.maxBytes, Number(bucket.file_size_limit ?? this.maxBytes))
  }

  async get(caller: Caller, id: string): Promise<Response> {
    return Response.json(bucketJson(await this.#find(caller, id)))
  }

  async #find(caller: Caller, id: string): Promise<BucketRow> {
    const rows = await this.#database.transaction(
      caller,
      { operation: 'storage.bucket.get' },
      (transaction) =>
        transaction.query<BucketRow>(`select ${BUCKET_COLUMNS} from storage.buckets where id = $1`, [id]),
    )
    const [row] = rows
    if (row === undefined) throw new StorageError('NoSuchBucket')
    return row
  }

  async list(caller: Caller, query: URLSearchParams): Promise<Response> {
    const limit = Math.min(integerOf(query, 'limit', LIST_LIMIT), LIST_LIMIT)
    const offset = integerOf(query, 'offset', 0)
    const column = SORT_COLUMNS.find((name) => name === query.get('sortColumn')) ?? 'name'
    const order = query.get('sortOrder') === 'desc' ? 'desc' : 'asc'
    const rows = await this.#database.transaction(
      caller,
      { operation: 'storage.bucket.list' },
      (transaction) =>
        transaction.query<BucketRow>(
          `select ${BUCKET_COLUMNS} from storage.buckets
          where strpos(lower(name), lower($3)) > 0 or $3 = ''
          order by ${column} ${order}, id limit $1 offset $2`,
          [limit, offset, query.get('search') ?? ''],
        ),
    )
    return Response.json(rows.map(bucketJson))
  }

  async create(caller: Caller, body: v.InferOutput<typeof NEW_BUCKET>): Promise<Response> {
    const name = validBucketName(body.name)
    const id = validBucketName(body.id ?? name)
    if (body.type !== 'STANDARD') throw new StorageError('NotImplemented')
    const limit = this.#sizeLimit(body.file_size_limit)
    const types = mimeTypes(body.allowed_mime_types)
    const owner = caller.claims.sub
    try {
      await this.#database.transaction(caller, { operation: 'storage.bucket.create' }, (transaction) =>
        transaction.query(
          `insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types, owner, owner_id)
          values ($1, $2, $3, $4, $5, $6, $7)`,
          [id, name, body.public, limit, types, uuidOrNull(owner), owner],
        ),
      )
    } catch (error) {
      if (!(error instanceof StorageError && error.code === 'KeyAlreadyExists')) throw error
      throw new StorageError('BucketAlreadyExists', { cause: error })
    }
    return Response.json({ name })
  }

  /** Leaves fields that the body does not name unchanged. */
  async update(caller: Caller, id: string, body: v.InferOutput<typeof BUCKET_CHANGES>): Promise<Response> {
    const { public: isPublic, file_size_limit: limit, allowed_mime_types: types } = body
    const changes: [column: string, value: unknown][] = []
    if (typeof isPublic === 'boolean') changes.push(['public', isPublic])
    if (limit !== undefined) changes.push(['file_size_limit', this.#sizeLimit(limit)])
    if (types !== undefined) changes.push(['allowed_mime_types', mimeTypes(types)])
    const assignments = changes.map(([column], index) => `${column} = $${index + 2}, `).join('')
    const rows = await this.#database.transaction(
      caller,
      { operation: 'storage.bucket.update' },
      (transaction) =>
        transaction.query(
          `update storage.buckets set ${assignments} updated_at = now() where id = $1 returning id`,
          [id, ...changes.map(([, value]) => value)],
        ),
    )
    if (rows.length === 0) throw new StorageError('NoSuchBucket')
    return Response.json({ message: 'Successfully updated' })
  }

  /** Removes the objects that the caller may delete. */
  async empty(caller: Caller, id: string): Promise<Response> {
    await this.get(caller, id)
    for (;;) {
      const removed = await this.#database.transaction(
        caller,
        { operation: 'storage.bucket.empty' },
        (transaction) =>
          transaction.query<{ version: string | null }>(
            `delete from storage.objects where id in
              (select id from storage.objects where bucket_id = $1 order by name limit $2)
            returning version`,
            [id, EMPTY_BATCH],
          ),
      )
      if (removed.length === 0) break
      await this.#blobs.remove(removed.flatMap(({ version }) => version ?? []))
    }
    return Response.json({ message: 'Successfully emptied' })
  }

  async delete(caller: Caller, id: string): Promise<Response> {
    await this.#database.transaction(caller, { operation: 'storage.bucket.delete' }, async (transaction) => {
      await transaction.become(SERVICE)
      const objects = await transaction.query('select from storage.objects where bucket_id = $1 limit 1', [
        id,
      ])
      if (objects.length > 0) throw new StorageError('ResourceNotEmpty')
      await transaction.become(caller)
      const rows = await transaction.query('delete from storage.buckets where id = $1 returning id', [id])
      if (rows.length === 0) throw new StorageError('NoSuchBucket')
    })
    return Response.json({ message: 'Successfully deleted' })
  }

  #sizeLimit(value: number | string | null | undefined): number | null {
    const bytes = parseSize(value)
    if (bytes !== null && bytes > this.maxBytes) throw new StorageError('EntityTooLarge')
    return bytes
  }
}

const UNITS: Readonly<Record<string, number>> = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9 }

/** @returns bytes, from a number or text such as `20MB`; null for zero and null, which mean the project's limit. */
function parseSize(value: number | string | null | undefined): number | null {
  if (value === undefined || value === null || value === 0) return null
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*(b|kb|mb|gb)?$/i.exec(value.trim()) : null
  if (match === null) throw invalid('Invalid file size format, hint: use 20GB / 20MB / 30KB / 3B')
  return Math.floor(Number(match[1]) * (UNITS[match[2]?.toLowerCase() ?? 'b'] ?? 1)) || null
}

function mimeTypes(types: readonly string[] | null | undefined): readonly string[] | null {
  const wrong = types?.find((type) => !/^[\w.+*-]+\/[\w.+*-]+$|^\*$/.test(type))
  if (wrong !== undefined) {
    throw new StorageError('InvalidMimeType', { message: `mime type ${wrong} is not supported` })
  }
  return types?.length ? types : null
}

function integerOf(query: URLSearchParams, field: string, fallback: number): number {
  const text = query.get(field)
  if (text === null) return fallback
  if (!/^\d{1,9}$/.test(text)) throw invalid(`querystring/${field} must be integer`)
  return Number(text)
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The deprecated column `owner` is a uuid. `owner_id` is text. */
export function uuidOrNull(text: string | undefined): string | null {
  return text !== undefined && UUID.test(text) ? text : null
}
