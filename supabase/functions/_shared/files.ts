/** Objects in Storage: reading with a maximum, writing, signing, removing. */

import type { SupabaseClient } from '@supabase/supabase-js'
import { AppError } from '../../../functions-shared/app-error.ts'
import { readAll, streamOf } from './byte-streams.ts'
import { storageError } from './upstream.ts'

export interface Files {
  /** Writes or overwrites. @throws AppError `storage_unavailable` */
  put(bucket: Bucket, path: string, bytes: Uint8Array<ArrayBuffer>, contentType: string): Promise<void>
  /** Bytes; {@link MAX_FILE_BYTES} where Storage does not say. Null where there is no such object. */
  size(bucket: Bucket, path: string): Promise<number | null>
  /**
   * Null where there is no such object. @param size bytes, where they are known: saves copies
   * @throws AppError `file_too_large` above {@link MAX_FILE_BYTES}, `storage_unavailable`
   */
  get(bucket: Bucket, path: string, size?: number): Promise<Uint8Array<ArrayBuffer> | null>
  /** A URL with which everybody can read the object for so many seconds. */
  sign(bucket: Bucket, path: string, seconds: number): Promise<string>
  /** An object that does not exist counts as removed. */
  remove(bucket: Bucket, paths: readonly string[]): Promise<void>
}

export const BUCKETS = {
  originals: 'originals',
  derivatives: 'derivatives',
  uploads: 'uploads',
  reports: 'reports',
} as const
export type Bucket = keyof typeof BUCKETS

/**
 * Bytes of one file: the limit of the buckets for people's files. Storage checks it against the announced length only,
 * so that an upload in chunks may be larger.
 */
export const MAX_FILE_BYTES = 25 * 1024 * 1024
/** Bytes above which a body is sent as a stream. `fetch` copies a body that it gets whole, but announces its length. */
const STREAMED_BYTES = 4 * 1024 * 1024

/** @param publicUrl origin of signed URLs, where browsers reach the project at another address than functions do. */
export function createFiles(client: SupabaseClient, publicUrl?: string): Files {
  return {
    async put(bucket, path, bytes, contentType) {
      const body = bytes.length > STREAMED_BYTES ? streamOf(bytes) : bytes
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
      if (error) return nullIfMissing(error)
      return typeof data.size === 'number' ? data.size : MAX_FILE_BYTES
    },
    async get(bucket, path, size) {
      const { data, error } = await client.storage.from(BUCKETS[bucket]).download(path).asStream()
      if (error) return nullIfMissing(error)
      try {
        return await readAll(data, {
          maxBytes: MAX_FILE_BYTES,
          tooLarge: 'file_too_large',
          expectedBytes: size,
        })
      } catch (cause) {
        if (cause instanceof AppError) throw cause
        // The answer broke off, or did not end in time.
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

/** @throws AppError for every other error */
function nullIfMissing(error: unknown): null {
  const failure = storageError(error, 'document_not_found')
  if (failure.code === 'document_not_found') return null
  throw failure
}

function withOrigin(address: string, publicUrl: string): string {
  const { pathname, search } = new URL(address)
  return new URL(`${pathname}${search}`, publicUrl).href
}
