/** The document that a job is about: its row, and its files in Storage. */

import type { SupabaseClient } from '@supabase/supabase-js'
import { AppError } from '../../../functions-shared/app-error.ts'
import { isRecord, textAt } from '../../../functions-shared/unknown.ts'
import { collect, inPieces } from './pieces.ts'
import { databaseError, storageError } from './upstream.ts'

export interface DocumentRow {
  id: string
  incidentId: string
  /** What the form or the member said it is; the bytes decide what it is. */
  kind: string
  sourceUrl: string | null
  /** Object in `uploads`. */
  sourcePath: string | null
  original: StoredOriginal | null
}

/** An original that is stored already, e.g. by an earlier attempt. */
export interface StoredOriginal {
  path: string
  sha256: string
  contentType: string
}

/** An original as `keep_original` gets it. */
export interface OriginalFacts {
  sha256: string
  byteSize: number
  contentType: string
  /** Object in `originals`; null where nothing was stored yet. */
  path: string | null
}

export interface OriginalPlace {
  path: string
  /** The document of the incident that the same bytes arrived with first. */
  duplicateOf: string | null
  receivedAt: Date
  /** Objects of this document in `originals` that nothing points to any more. */
  leftovers: readonly string[]
}

/** Columns of `public.documents` that are written beside the original's. */
export interface DocumentUpdate {
  preview_path?: string | null
  thumbnail_path?: string | null
  width?: number | null
  height?: number | null
  metadata?: Record<string, unknown>
}

export interface Documents {
  /** @throws AppError `document_not_found`, `database_unavailable` */
  find(id: string): Promise<DocumentRow>
  update(id: string, columns: DocumentUpdate): Promise<void>
  /**
   * Points the document to its original, or to an equal one of its incident. Null where neither is stored yet.
   * @throws AppError `document_not_found`, `database_unavailable`
   */
  keepOriginal(id: string, facts: OriginalFacts): Promise<OriginalPlace | null>
  /** The document turned out to be a voice note: transcribes it, once. @throws AppError as {@link find} */
  startTranscription(id: string): Promise<void>
}

export interface Files {
  /** Writes or overwrites. @throws AppError `storage_unavailable` */
  put(bucket: Bucket, path: string, bytes: Uint8Array<ArrayBuffer>, contentType: string): Promise<void>
  /** Bytes; as many as the buckets allow where Storage does not tell; null where there is no such object. */
  size(bucket: Bucket, path: string): Promise<number | null>
  /** Null where there is no such object. @param size bytes, where it is known: spares copies. */
  get(bucket: Bucket, path: string, size?: number): Promise<Uint8Array<ArrayBuffer> | null>
  /** A URL that lets anyone who has it read the object for so many seconds. */
  sign(bucket: Bucket, path: string, seconds: number): Promise<string>
  /** What is not there is removed already. */
  remove(bucket: Bucket, paths: readonly string[]): Promise<void>
}

export const BUCKETS = {
  originals: 'originals',
  derivatives: 'derivatives',
  uploads: 'uploads',
  reports: 'reports',
} as const
export type Bucket = keyof typeof BUCKETS

/** Bytes: the limit of the buckets that hold files of people. */
const LARGEST = 25 * 1024 * 1024
/** Bytes of a body that is sent piece by piece: at one go it is copied several times, but has its length. */
const LARGE = 4 * 1024 * 1024
const COLUMNS = 'id, incident_id, kind, source_url, source_path, original_path, sha256, content_type'

export function createDocuments(client: SupabaseClient): Documents {
  return {
    async find(id) {
      const { data, error, status } = await client
        .from('documents')
        .select(COLUMNS)
        .eq('id', id)
        .maybeSingle()
      if (error) throw databaseError({ error, status })
      const row: unknown = data
      if (!isRecord(row)) throw new AppError('document_not_found')
      return parseDocument(row)
    },
    async update(id, columns) {
      const { error, status } = await client.from('documents').update(columns).eq('id', id)
      if (error) throw databaseError({ error, status })
    },
    async keepOriginal(id, { sha256, byteSize, contentType, path }) {
      const { data, error, status } = await client.rpc('keep_original', {
        p_document_id: id,
        p_sha256: sha256,
        p_byte_size: byteSize,
        p_content_type: contentType,
        p_path: path,
      })
      if (error) throw databaseError({ error, status })
      const place: unknown = data
      return place === null ? null : parsePlace(place)
    },
    async startTranscription(id) {
      const { error, status } = await client.rpc('start_transcription', { p_document_id: id })
      if (error) throw databaseError({ error, status })
    },
  }
}

function parsePlace(place: unknown): OriginalPlace {
  const path = isRecord(place) ? textAt(place, 'original_path') : undefined
  const receivedAt = isRecord(place) ? textAt(place, 'received_at') : undefined
  if (!isRecord(place) || path === undefined || receivedAt === undefined) {
    const cause = new TypeError('The database answered in an unknown shape')
    throw new AppError('internal_error', { cause })
  }
  const leftovers: unknown[] = Array.isArray(place.leftovers) ? place.leftovers : []
  return {
    path,
    duplicateOf: textAt(place, 'duplicate_of') ?? null,
    receivedAt: new Date(receivedAt),
    leftovers: leftovers.filter((name) => typeof name === 'string'),
  }
}

function parseDocument(row: Record<string, unknown>): DocumentRow {
  const id = textAt(row, 'id')
  const incidentId = textAt(row, 'incident_id')
  if (id === undefined || incidentId === undefined) throw new AppError('document_not_found')
  const path = textAt(row, 'original_path')
  const sha256 = textAt(row, 'sha256')
  const contentType = textAt(row, 'content_type')
  const stored = path !== undefined && sha256 !== undefined && contentType !== undefined
  return {
    id,
    incidentId,
    kind: textAt(row, 'kind') ?? 'attachment',
    sourceUrl: textAt(row, 'source_url') ?? null,
    sourcePath: textAt(row, 'source_path') ?? null,
    original: stored ? { path, sha256, contentType } : null,
  }
}

/** @param publicUrl where people reach this project, if that is not where functions do (`supabase start`). */
export function createFiles(client: SupabaseClient, publicUrl?: string): Files {
  return {
    async put(bucket, path, bytes, contentType) {
      const body = bytes.length > LARGE ? inPieces(bytes) : bytes
      const { error } = await client.storage.from(BUCKETS[bucket]).upload(path, body, {
        contentType,
        duplex: 'half',
        upsert: true,
        cacheControl: '3600',
      })
      if (error) throw storageError(error)
    },
    async size(bucket, path) {
      const { data, error } = await client.storage.from(BUCKETS[bucket]).info(path)
      if (error) {
        const failure = storageError(error, 'document_not_found')
        if (failure.code === 'document_not_found') return null
        throw failure
      }
      return typeof data.size === 'number' ? data.size : LARGEST
    },
    async get(bucket, path, size) {
      const { data, error } = await client.storage.from(BUCKETS[bucket]).download(path).asStream()
      if (error) {
        const failure = storageError(error, 'document_not_found')
        if (failure.code === 'document_not_found') return null
        throw failure
      }
      try {
        return await collect(data, size)
      } catch (cause) {
        // It broke off, or took too long.
        throw new AppError('storage_unavailable', { cause })
      }
    },
    async sign(bucket, path, seconds) {
      const { data, error } = await client.storage.from(BUCKETS[bucket]).createSignedUrl(path, seconds)
      if (error) throw storageError(error)
      return publicUrl === undefined ? data.signedUrl : withOrigin(data.signedUrl, publicUrl)
    },
    async remove(bucket, paths) {
      const { error } = await client.storage.from(BUCKETS[bucket]).remove([...paths])
      if (error) throw storageError(error)
    },
  }
}

function withOrigin(address: string, publicUrl: string): string {
  const { pathname, search } = new URL(address)
  return new URL(`${pathname}${search}`, publicUrl).href
}
