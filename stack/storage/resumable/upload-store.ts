/**
 * Uploads under way: a row in `storage.s3_multipart_uploads`, where policies can count them, and the bytes in
 * `<dir>/<version>`. `in_progress_size` of the row is written once the bytes are on disk. After a crash the client sends the
 * bytes beyond it again.
 *
 *   create ─> row and empty file ─> write, as often as needed ─> all bytes there: an object, and no row or file
 *
 * Row-level security decides under the caller's role at creation, before each part, and when the object is made.
 */

import { AsyncLocalStorage } from 'node:async_hooks'
import { type FileHandle, mkdir, open, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DataStore, ERRORS, Upload } from '@tus/server'
import type { QueryResultRow } from 'pg'
import type { Caller } from '../../types.ts'
import { isMissing } from '../blob-store.ts'
import { SERVICE, type StorageDatabase } from '../database.ts'
import { StorageError } from '../errors.ts'
import { lockName, type Objects, type PlannedObject, turnOf } from '../objects.ts'
import { describeUpload, type TusMetadata } from './description.ts'
import { decodeUploadId, type UploadId } from './upload-id.ts'

/** Milliseconds until an upload is given up, as on hosted Supabase. */
const LIFETIME = 24 * 60 * 60 * 1000
const OPERATION = { operation: 'storage.tus.upload.create' }

export interface UploadRequest {
  caller: Caller
  /** Whether an existing object of the name is replaced. Used when the upload is created. */
  upsert: boolean
  /** Whether the request has created the upload, and so asked the policies. */
  created: boolean
}

const COLUMNS = 'id, bucket_id, key, owner_id, in_progress_size, created_at, metadata'

interface UploadRow {
  /** Also the version of the object. */
  id: string
  bucket_id: string
  key: string
  owner_id: string | null
  /** A bigint, as text. */
  in_progress_size: string
  created_at: Date
  metadata: {
    tus: TusMetadata
    /** Bytes of the whole object; null until the client has sent the length. */
    length: number | null
    upsert: boolean
  }
}

interface FoundUpload {
  upload: Upload
  owner: string | null
  /** Undefined once the object exists. */
  planned?: PlannedObject
}

export class UploadStore extends DataStore {
  override extensions = [
    'creation',
    'creation-with-upload',
    'creation-defer-length',
    'termination',
    'expiration',
  ]
  /** The request that calls the data store: the library does not pass the request on. */
  readonly request = new AsyncLocalStorage<UploadRequest>()
  readonly #dir: string
  readonly #database: StorageDatabase
  readonly #objects: Objects

  constructor(dir: string, database: StorageDatabase, objects: Objects) {
    super()
    this.#dir = dir
    this.#database = database
    this.#objects = objects
  }

  /** Removes rows without a file and files without a row, which a crash between the two steps leaves. */
  async open(): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
    await this.deleteExpired()
    const files = await readdir(this.#dir)
    await this.#query('delete from storage.s3_multipart_uploads where id <> all ($1)', [files])
    const rows = await this.#query<{ id: string }>('select id from storage.s3_multipart_uploads')
    const known = new Set(rows.map(({ id }) => id))
    await this.#removeFiles(files.filter((file) => !known.has(file)))
  }

  override getExpiration(): number {
    return LIFETIME
  }

  override async deleteExpired(): Promise<number> {
    const rows = await this.#query<{ id: string }>(
      'delete from storage.s3_multipart_uploads where created_at <= $1 returning id',
      [new Date(Date.now() - LIFETIME)],
    )
    await this.#removeFiles(rows.map(({ id }) => id))
    return rows.length
  }

  /** @throws StorageError where the policies refuse the object, also because the caller has too many uploads under way. */
  override async create(upload: Upload): Promise<Upload> {
    const request = this.#requested()
    const { caller, upsert } = request
    const { bucket, name, version } = idOf(upload.id)
    const owner = caller.claims.sub ?? null
    const metadata = { tus: upload.metadata ?? {}, length: upload.size ?? null, upsert }
    const planned = plannedObject({ id: version, bucket_id: bucket, key: name, owner_id: owner, metadata })
    await writeFile(this.#file(version), '', { flag: 'wx', mode: 0o600 })
    try {
      await this.deleteExpired()
      await this.#database.transaction(
        SERVICE,
        { ...OPERATION, turn: turnOf(planned) },
        async (transaction) => {
          await lockName(transaction, planned)
          // The policy counts rows. Uploads of one owner begin one after the other, so that each counts those before it.
          await transaction.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
            `uploads of ${owner}`,
          ])
          await this.#objects.checkPlanned(caller, planned, transaction)
          await transaction.query(
            `insert into storage.s3_multipart_uploads (id, upload_signature, bucket_id, key, version, owner_id, metadata)
           values ($1, '', $2, $3, $1, $4, $5)`,
            [version, bucket, name, owner, metadata],
          )
        },
      )
    } catch (error) {
      await this.#removeFiles([version])
      throw error
    }
    request.created = true
    if (upload.size === 0) await this.#complete(planned)
    return upload
  }

  /** @throws ERRORS.FILE_NOT_FOUND also for uploads of another user. */
  async checkOwner(id: string): Promise<void> {
    const { owner } = await this.#find(id)
    if (owner !== (this.#requested().caller.claims.sub ?? null)) throw ERRORS.FILE_NOT_FOUND
  }

  /**
   * Makes the object where a crash came between the last byte and the object's row.
   * @throws StorageError where the policies refuse the upload by now.
   */
  override async getUpload(id: string): Promise<Upload> {
    const { upload, planned } = await this.#find(id)
    const { caller, created } = this.#requested()
    if (planned !== undefined) {
      if (upload.offset === upload.size) await this.#complete(planned)
      else if (!created) await this.#objects.checkPlanned(caller, planned)
    }
    return upload
  }

  /**
   * Appends bytes. The last byte makes the object.
   * @returns how many bytes of the upload are on disk, those included that arrived before the client left.
   * @throws StorageError `KeyAlreadyExists` where the object exists already.
   */
  override async write(source: AsyncIterable<Uint8Array>, id: string, start: number): Promise<number> {
    const { version } = idOf(id)
    // Reading begins before the file is open: a source that breaks off drops the bytes that nothing has read.
    const { offset, whole } = await append(this.#openAt(version, start), source, start)
    const [row] = await this.#query<UploadRow>(
      `update storage.s3_multipart_uploads set in_progress_size = $2 where id = $1 returning ${COLUMNS}`,
      [version, offset],
    )
    if (row === undefined) throw ERRORS.FILE_NOT_FOUND
    if (whole && offset === row.metadata.length) await this.#complete(plannedObject(row))
    return offset
  }

  async #openAt(version: string, offset: number): Promise<FileHandle> {
    try {
      await truncate(this.#file(version), offset)
      return await open(this.#file(version), 'r+')
    } catch (error) {
      if (isMissing(error)) throw new StorageError('KeyAlreadyExists')
      throw error
    }
  }

  override async declareUploadLength(id: string, length: number): Promise<void> {
    await this.#query(
      `update storage.s3_multipart_uploads set metadata = metadata || jsonb_build_object('length', $2::bigint)
       where id = $1`,
      [idOf(id).version, length],
    )
  }

  override async remove(id: string): Promise<void> {
    const { version } = idOf(id)
    await this.#query('delete from storage.s3_multipart_uploads where id = $1', [version])
    await this.#removeFiles([version])
  }

  /**
   * Finds an upload under way, or the object that an upload has become: a client that lost the last answer asks again.
   * @throws ERRORS.FILE_NOT_FOUND
   */
  async #find(id: string): Promise<FoundUpload> {
    const { bucket, name, version } = idOf(id)
    const [row] = await this.#query<UploadRow>(
      `select ${COLUMNS} from storage.s3_multipart_uploads where id = $1 and bucket_id = $2 and key = $3`,
      [version, bucket, name],
    )
    if (row !== undefined) {
      const { tus, length } = row.metadata
      const facts = {
        id,
        offset: Number(row.in_progress_size),
        metadata: tus,
        creation_date: row.created_at.toISOString(),
      }
      const upload = new Upload(length === null ? facts : { ...facts, size: length })
      return { upload, owner: row.owner_id, planned: plannedObject(row) }
    }
    const object = await this.#objects.findVersion({ bucket, name }, version)
    if (!object?.metadata) throw ERRORS.FILE_NOT_FOUND
    const { size, mimetype } = object.metadata
    const metadata = { bucketName: bucket, objectName: name, contentType: mimetype }
    const creation_date = object.created_at.toISOString()
    return { upload: new Upload({ id, size, offset: size, metadata, creation_date }), owner: object.owner_id }
  }

  /** `adopt` deletes the upload's row in the transaction that makes the object's row. */
  async #complete(planned: PlannedObject): Promise<void> {
    await this.#objects.adopt(this.#requested().caller, planned, this.#file(planned.version))
    await this.#removeFiles([planned.version])
  }

  #requested(): UploadRequest {
    const request = this.request.getStore()
    if (request === undefined) throw new TypeError('no request is under way')
    return request
  }

  #query<Row extends QueryResultRow>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    return this.#database.transaction(SERVICE, OPERATION, (transaction) =>
      transaction.query<Row>(sql, values),
    )
  }

  #file(version: string): string {
    return join(this.#dir, version)
  }

  async #removeFiles(versions: readonly string[]): Promise<void> {
    await Promise.all(versions.map((version) => rm(this.#file(version), { force: true })))
  }
}

function plannedObject(row: Omit<UploadRow, 'in_progress_size' | 'created_at'>): PlannedObject {
  const { tus, length, upsert } = row.metadata
  return {
    version: row.id,
    bucket: row.bucket_id,
    name: row.key,
    ...(row.owner_id !== null && { owner: row.owner_id }),
    ...describeUpload(tus),
    length: length ?? 0,
    upsert,
  }
}

/** @throws ERRORS.FILE_NOT_FOUND */
function idOf(id: string): UploadId {
  const found = decodeUploadId(id)
  if (found === undefined) throw ERRORS.FILE_NOT_FOUND
  return found
}

/** @returns the offset up to which all bytes are on disk, and whether the source was read to its end. */
async function append(
  opening: Promise<FileHandle>,
  source: AsyncIterable<Uint8Array>,
  start: number,
): Promise<{ offset: number; whole: boolean }> {
  let offset = start
  let whole = true
  opening.catch(() => undefined) // awaited below
  try {
    for await (const chunk of source) {
      const handle = await opening
      await writeAll(handle, chunk, offset)
      offset += chunk.byteLength
    }
  } catch (error) {
    if (error instanceof StorageError) throw error
    // A part that is longer than announced does not count. Where the client left, the bytes that arrived count.
    if (isRefusal(error)) offset = start
    whole = false
  } finally {
    const handle = await opening
    await handle.sync().finally(() => handle.close())
  }
  return { offset, whole }
}

/** @throws StorageError `InternalError`, e.g. where the disk is full. */
async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  try {
    for (let written = 0; written < bytes.byteLength; ) {
      const left = bytes.byteLength - written
      written += (await handle.write(bytes, written, left, position + written)).bytesWritten
    }
  } catch (cause) {
    throw new StorageError('InternalError', { cause })
  }
}

/** The library's error for a body that is longer than allowed. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'status_code' in error
}
