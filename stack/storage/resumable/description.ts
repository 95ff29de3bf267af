/** Reads Upload-Metadata, in which the client of a resumable upload describes the object. */

import { invalid, parseMetadata } from '../body.ts'
import { validKey } from '../names.ts'
import type { Address } from '../objects.ts'

export type TusMetadata = Readonly<Record<string, string | null>>

const DEFAULT_TYPE = 'application/octet-stream'
const DEFAULT_CACHE_CONTROL = 'no-cache'

/** @throws StorageError `InvalidRequest`, `InvalidKey`. */
export function addressedBy({ bucketName, objectName }: TusMetadata): Address {
  if (!bucketName || !objectName) throw invalid('Upload-Metadata must have bucketName and objectName')
  return { bucket: bucketName, name: validKey(objectName) }
}

/** @throws StorageError `InvalidRequest` for metadata of the client that is no JSON object. */
export function describeUpload({ contentType, cacheControl, metadata }: TusMetadata): {
  mimetype: string
  cacheControl: string
  userMetadata: Record<string, unknown> | null
} {
  return {
    mimetype: contentType || DEFAULT_TYPE,
    cacheControl: cacheControl ? `max-age=${cacheControl}` : DEFAULT_CACHE_CONTROL,
    userMetadata: metadata ? parseMetadata(metadata) : null,
  }
}
