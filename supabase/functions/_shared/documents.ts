/** The document that a job is about: its row, and its files in Storage. */

import type { SupabaseClient } from '@supabase/supabase-js'
import { AppError } from '../../../functions-shared/app-error.ts'
import { isRecord, textAt } from '../../../functions-shared/unknown.ts'
import { databaseError, storageError } from './upstream.ts'

export interface ImageDocument {
  id: string
  incidentId: string
  sourceUrl: string | null
  original: StoredOriginal | null
}

/** An original that is stored already, e.g. by an earlier attempt. */
export interface StoredOriginal {
  path: string
  sha256: string
  contentType: string
}

/** Columns of `public.documents` that this function writes. */
export interface DocumentUpdate {
  content_type?: string
  byte_size?: number
  sha256?: string
  received_at?: string
  original_path?: string
  preview_path?: string | null
  thumbnail_path?: string | null
  width?: number | null
  height?: number | null
  metadata?: Record<string, unknown>
}

export interface Documents {
  /** @throws AppError `document_not_found`, `database_unavailable` */
  find(id: string): Promise<ImageDocument>
  update(id: string, columns: DocumentUpdate): Promise<void>
}

export interface Files {
  /** Writes or overwrites. @throws AppError `storage_unavailable` */
  put(bucket: Bucket, path: string, bytes: Uint8Array<ArrayBuffer>, contentType: string): Promise<void>
  /** Null where there is no such object. */
  get(bucket: Bucket, path: string): Promise<Uint8Array<ArrayBuffer> | null>
  /** A URL that lets anyone who has it read the object for so many seconds. */
  sign(bucket: Bucket, path: string, seconds: number): Promise<string>
}

export const BUCKETS = { originals: 'originals', derivatives: 'derivatives' } as const
export type Bucket = keyof typeof BUCKETS

const COLUMNS = 'id, incident_id, source_url, original_path, sha256, content_type'

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
  }
}

function parseDocument(row: Record<string, unknown>): ImageDocument {
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
    sourceUrl: textAt(row, 'source_url') ?? null,
    original: stored ? { path, sha256, contentType } : null,
  }
}

/** @param publicUrl where people reach this project, if that is not where functions do (`supabase start`). */
export function createFiles(client: SupabaseClient, publicUrl?: string): Files {
  return {
    async put(bucket, path, bytes, contentType) {
      const { error } = await client.storage.from(BUCKETS[bucket]).upload(path, bytes, {
        contentType,
        upsert: true,
        cacheControl: '3600',
      })
      if (error) throw storageError(error)
    },
    async get(bucket, path) {
      const { data, error } = await client.storage.from(BUCKETS[bucket]).download(path)
      if (error) {
        const failure = storageError(error, 'document_not_found')
        if (failure.code === 'document_not_found') return null
        throw failure
      }
      return new Uint8Array(await data.arrayBuffer())
    },
    async sign(bucket, path, seconds) {
      const { data, error } = await client.storage.from(BUCKETS[bucket]).createSignedUrl(path, seconds)
      if (error) throw storageError(error)
      return publicUrl === undefined ? data.signedUrl : withOrigin(data.signedUrl, publicUrl)
    },
  }
}

function withOrigin(address: string, publicUrl: string): string {
  const { pathname, search } = new URL(address)
  return new URL(`${pathname}${search}`, publicUrl).href
}
