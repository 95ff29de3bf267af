/** Ids of resumable uploads. An id has the bucket, the name and the version of the object, as in the real Storage. */

export interface UploadId {
  bucket: string
  name: string
  /** A UUID. */
  version: string
}

const PARTS = /^([^/]+)\/(.+)\/([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})$/

export function encodeUploadId({ bucket, name, version }: UploadId): string {
  return Buffer.from(`${bucket}/${name}/${version}`).toString('base64url')
}

/**
 * @returns undefined for text that is no id, and for another spelling of an id: the lock of an upload goes by the id's text.
 * Bucket and name come from a client. Use them as SQL parameters only.
 */
export function decodeUploadId(id: string): UploadId | undefined {
  const text = Buffer.from(id, 'base64url').toString()
  const [, bucket, name, version] = PARTS.exec(text) ?? []
  if (bucket === undefined || name === undefined || version === undefined || text.includes('\0'))
    return undefined
  const decoded = { bucket, name, version }
  return encodeUploadId(decoded) === id ? decoded : undefined
}
