/**
 * Objects are uploaded, moved, copied and removed under the caller's role.
 *
 *   upload:  may the caller? (transaction undone) -> bytes on disk -> row -> the replaced version's bytes removed
 *   remove:  rows -> bytes
 *
 * A crash in between leaves bytes without a row. The next start removes them.
 */

import { randomUUID } from 'node:crypto'
import type { Caller, Logger } from '../types.ts'
import type { BlobStore, StoredBlob } from './blob-store.ts'
import { type Buckets, uuidOrNull } from './buckets.ts'
import { SERVICE, type StorageDatabase, type Transaction } from './database.ts'
import { StorageError } from './errors.ts'
import {
  BUCKET_COLUMNS,
  type BucketRow,
  OBJECT_COLUMNS,
  type ObjectMetadata,
  type ObjectRow,
} from './rows.ts'
import { openUpload, type Upload } from './upload-body.ts'

/** Bucket and name of an object. */
export interface Address {
  bucket: string
  name: string
}

export interface UploadOptions {
  /** Whether an existing object of this name is replaced. */
  upsert: boolean
  /** User id. Default: the caller's. */
  owner?: string | undefined
}

export interface Written {
  id: string
  address: Address
}

interface ObjectDraft extends Address {
  owner: string | undefined
  version: string
  metadata: ObjectMetadata | null
  userMetadata: Record<string, unknown> | null
}

/** The columns of an object before its bytes have arrived. Policies may look at all of them. */
export type UploadPlan = Omit<ObjectDraft, 'version' | 'metadata' | 'userMetadata'> &
  Partial<Pick<ObjectDraft, 'metadata' | 'userMetadata'>>

interface PutResult {
  id: string
  /** Version that was replaced. Its bytes are no longer needed. */
  replaced: string | undefined
}

/** An object that is being sent in parts. */
export interface PlannedObject extends Address {
  version: string
  owner?: string
  upsert: boolean
  /** Bytes; 0 while the client has not said. */
  length: number
  mimetype: string
  cacheControl: string
  userMetadata: Record<string, unknown> | null
}

export class Objects {
  readonly #database: StorageDatabase
  readonly #blobs: BlobStore
  readonly #logger: Logger
  readonly #buckets: Buckets

  constructor(database: StorageDatabase, blobs: BlobStore, logger: Logger, buckets: Buckets) {
    this.#database = database
    this.#blobs = blobs
    this.#logger = logger
    this.#buckets = buckets
  }

  /** @throws StorageError among others `AccessDenied`, `KeyAlreadyExists`, `EntityTooLarge`, `InvalidMimeType`. */
  async upload(
    caller: Caller,
    bucket: BucketRow,
    name: string,
    request: Request,
    options: UploadOptions,
  ): Promise<Written> {
    const upload = await openUpload(request)
    try {
      checkMimeType(bucket, upload.mimetype)
      const owner = options.owner ?? caller.claims.sub
      const draft = { bucket: bucket.id, name, owner, userMetadata: upload.userMetadata ?? null }
      const announced = { size: upload.announced ?? 0, md5: '' }
      await this.checkUpload(caller, { ...draft, metadata: metadataOf(upload, announced) }, options.upsert)

      const blob = await this.#blobs.write(upload.bytes, this.#buckets.limitOf(bucket))
      const metadata = metadataOf(upload, blob)
      const id = await this.#keep(caller, { ...draft, version: blob.version, metadata }, options.upsert)
      return { id, address: { bucket: bucket.id, name } }
    } finally {
      upload.discard()
    }
  }

  /** Asks the policies whether the caller may upload. Changes nothing. @throws StorageError where not. */
  async checkUpload(caller: Caller, plan: UploadPlan, upsert: boolean): Promise<void> {
    const draft = { userMetadata: null, metadata: null, ...plan, version: randomUUID() }
    await this.#database.transaction(
      SERVICE,
      { operation: 'storage.object.upload', rollback: true, turn: turnOf(draft) },
      (transaction) => put(transaction, caller, draft, upsert),
    )
  }

  /**
   * Asks the policies for an object whose bytes come later. Changes nothing.
   * @param transaction of the service role. Default: a new one.
   * @throws as `checkUpload`, `InvalidMimeType`.
   */
  async checkPlanned(caller: Caller, planned: PlannedObject, transaction?: Transaction): Promise<void> {
    if (transaction === undefined) {
      const options = { operation: 'storage.object.upload', rollback: true, turn: turnOf(planned) }
      return this.#database.transaction(SERVICE, options, (own) => this.checkPlanned(caller, planned, own))
    }
    const [bucket] = await transaction.query<BucketRow>(
      `select ${BUCKET_COLUMNS} from storage.buckets where id = $1`,
      [planned.bucket],
    )
    if (bucket === undefined) throw new StorageError('NoSuchBucket')
    checkMimeType(bucket, planned.mimetype)
    const draft = draftOf(planned, metadataOf(planned, { size: planned.length, md5: '' }))
    await transaction.query('savepoint asked')
    await put(transaction, caller, { ...draft, version: randomUUID() }, planned.upsert)
    await transaction.query('rollback to savepoint asked')
  }

  /**
   * Makes an object of a file that is complete, and ends the resumable upload that the file belongs to.
   * @throws as `upload`.
   */
  async adopt(caller: Caller, planned: PlannedObject, path: string): Promise<void> {
    const blob = await this.#blobs.adopt(path, planned.version)
    await this.#keep(caller, draftOf(planned, metadataOf(planned, blob)), planned.upsert)
  }

  /** @returns the object of this name if it has this version, whether or not the caller may see the object. */
  async findVersion({ bucket, name }: Address, version: string): Promise<ObjectRow | undefined> {
    const [row] = await this.findMany(SERVICE, bucket, [name], 'storage.object.info')
    return row?.version === version ? row : undefined
  }

  async copy(
    caller: Caller,
    from: Address,
    to: Address,
    options: { upsert: boolean; userMetadata: Record<string, unknown> | null | undefined },
  ): Promise<Written> {
    const source = await this.find(caller, from, 'storage.object.copy')
    if (source.version === null || source.metadata === null) throw new StorageError('NoSuchKey')
    const draft = {
      ...to,
      owner: caller.claims.sub,
      userMetadata: options.userMetadata === undefined ? source.user_metadata : options.userMetadata,
      metadata: { ...source.metadata, lastModified: new Date().toISOString() },
    }
    await this.checkUpload(caller, draft, options.upsert)
    const version = await this.#blobs.copy(source.version)
    return { id: await this.#keep(caller, { ...draft, version }, options.upsert), address: to }
  }

  /** Changes the row only: bytes are found by version. */
  async move(caller: Caller, from: Address, to: Address): Promise<Written> {
    const rows = await this.#database.transaction(
      caller,
      { operation: 'storage.object.move' },
      (transaction) =>
        transaction.query<{ id: string }>(
          `update storage.objects set bucket_id = $3, name = $4 where bucket_id = $1 and name = $2 returning id`,
          [from.bucket, from.name, to.bucket, to.name],
        ),
    )
    const [row] = rows
    if (row === undefined) throw new StorageError('NoSuchKey')
    return { id: row.id, address: to }
  }

  /** @returns the rows that were deleted: those that exist and that the caller may delete. */
  async remove(caller: Caller, bucket: string, names: readonly string[]): Promise<ObjectRow[]> {
    const rows = await this.#database.transaction(
      caller,
      { operation: 'storage.object.delete_many' },
      (transaction) =>
        transaction.query<ObjectRow>(
          `delete from storage.objects where bucket_id = $1 and name = any($2) returning ${OBJECT_COLUMNS}`,
          [bucket, names],
        ),
    )
    await this.#blobs.remove(rows.flatMap(({ version }) => version ?? []))
    return rows
  }

  /** @throws StorageError `NoSuchKey` where the object does not exist, or the caller may not see it. */
  async find(caller: Caller, { bucket, name }: Address, operation: string): Promise<ObjectRow> {
    const [row] = await this.findMany(caller, bucket, [name], operation)
    if (row === undefined) throw new StorageError('NoSuchKey')
    return row
  }

  async findMany(
    caller: Caller,
    bucket: string,
    names: readonly string[],
    operation: string,
  ): Promise<ObjectRow[]> {
    return this.#database.transaction(caller, { operation }, (transaction) =>
      transaction.query<ObjectRow>(
        `select ${OBJECT_COLUMNS} from storage.objects where bucket_id = $1 and name = any($2)`,
        [bucket, names],
      ),
    )
  }

  /** Removes the bytes of uploads and replacements that were cut off. Call it before requests are served. */
  async sweep(): Promise<void> {
    const removed = await this.#blobs.sweep(async (versions) => {
      const rows = await this.#database.transaction(SERVICE, { operation: 'storage.sweep' }, (transaction) =>
        transaction.query<{ version: string }>(
          'select version from storage.objects where version = any($1)',
          [versions],
        ),
      )
      return new Set(rows.map(({ version }) => version))
    })
    if (removed > 0) this.#logger.info('storage', 'removed bytes without an object', { files: removed })
  }

  /** Writes the row for bytes that are on disk. @returns its id. */
  async #keep(caller: Caller, draft: ObjectDraft, upsert: boolean): Promise<string> {
    try {
      const { id, replaced } = await this.#database.transaction(
        SERVICE,
        { operation: 'storage.object.upload', turn: turnOf(draft) },
        async (transaction) => {
          const result = await put(transaction, caller, draft, upsert)
          await transaction.become(SERVICE)
          await transaction.query('delete from storage.s3_multipart_uploads where id = $1', [draft.version])
          return result
        },
      )
      if (replaced !== undefined) await this.#blobs.remove([replaced])
      return id
    } catch (error) {
      // After a lost connection the row may have been committed: then the bytes must stay.
      const uncertain = error instanceof StorageError && error.code === 'DatabaseUnavailable'
      if (!uncertain) await this.#blobs.remove([draft.version])
      throw error
    }
  }
}

/**
 * The key by which uploads take turns: one of an owner at a time, as a trigger may count them under a lock of the owner; of
 * services, one of a name.
 */
export function turnOf({ bucket, name, owner }: Address & { owner?: string | undefined }): string {
  return owner === undefined ? `${bucket}/${name}` : `owner ${owner}`
}

/**
 * Lets one transaction at a time write a name, until its end. This lock comes before the lock of the owner's uploads, which
 * the trigger of the table takes.
 */
export async function lockName(transaction: Transaction, { bucket, name }: Address): Promise<void> {
  await transaction.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `storage ${bucket}/${name}`,
  ])
}

/** Writes the row under the caller's role. */
async function put(
  transaction: Transaction,
  caller: Caller,
  draft: ObjectDraft,
  upsert: boolean,
): Promise<PutResult> {
  const { bucket, name, owner, version, metadata, userMetadata } = draft
  await lockName(transaction, { bucket, name })
  const [previous] = await transaction.query<{ id: string; version: string | null }>(
    'select id, version from storage.objects where bucket_id = $1 and name = $2',
    [bucket, name],
  )
  await transaction.become(caller)
  const id = upsert && previous !== undefined ? previous.id : randomUUID()
  await transaction.query(
    `insert into storage.objects (id, bucket_id, name, owner, owner_id, version, metadata, user_metadata)
    values ($1, $2, $3, $4, $5, $6, $7, $8)
    ${upsert ? ON_CONFLICT : ''}`,
    [id, bucket, name, uuidOrNull(owner), owner, version, metadata, userMetadata],
  )
  return { id, replaced: previous?.version ?? undefined }
}

const ON_CONFLICT = `on conflict (bucket_id, name) do update set
  owner = excluded.owner, owner_id = excluded.owner_id, version = excluded.version,
  metadata = excluded.metadata, user_metadata = excluded.user_metadata`

function draftOf(
  { bucket, name, version, owner, userMetadata }: PlannedObject,
  metadata: ObjectMetadata,
): ObjectDraft {
  return { bucket, name, version, owner, userMetadata, metadata }
}

/** An uploader's Content-Encoding is not kept, as in the real Storage: no reader of the object inflates its bytes. */
function metadataOf(
  { mimetype, cacheControl }: Pick<Upload, 'mimetype' | 'cacheControl'>,
  { size, md5 }: Pick<StoredBlob, 'size' | 'md5'>,
): ObjectMetadata {
  return {
    eTag: `"${md5}"`,
    size,
    mimetype,
    cacheControl,
    lastModified: new Date().toISOString(),
    contentLength: size,
    httpStatusCode: 200,
  }
}

/** Ignores parameters such as the charset. `image/*` allows every kind of image. */
function checkMimeType(bucket: BucketRow, mimetype: string): void {
  const allowed = bucket.allowed_mime_types
  if (allowed === null || allowed.length === 0) return
  const type = mimetype.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const matches = allowed.some((pattern) => {
    const lowered = pattern.toLowerCase()
    return (
      lowered === type || lowered === '*' || lowered === '*/*' || lowered === `${type.split('/', 1)[0]}/*`
    )
  })
  if (!matches) throw new StorageError('InvalidMimeType', { message: `mime type ${type} is not supported` })
}
