/** Rows of storage.buckets and storage.objects, as the `pg` driver reads them. */

export interface BucketRow {
  id: string
  name: string
  owner: string | null
  public: boolean
  type: string
  /** Bytes; a bigint, which the driver reads as text. */
  file_size_limit: string | null
  allowed_mime_types: string[] | null
  created_at: Date
  updated_at: Date
}

export interface ObjectRow {
  id: string
  bucket_id: string
  name: string
  owner: string | null
  owner_id: string | null
  version: string | null
  metadata: ObjectMetadata | null
  user_metadata: Record<string, unknown> | null
  created_at: Date
  updated_at: Date
  last_accessed_at: Date
}

/** The column `metadata` of storage.objects, as hosted Supabase Storage writes it. */
export interface ObjectMetadata {
  /** In quotes, as in the header. */
  eTag: string
  /** Bytes. */
  size: number
  mimetype: string
  cacheControl: string
  /** ISO 8601. */
  lastModified: string
  contentLength: number
  httpStatusCode: number
}

export const BUCKET_COLUMNS =
  'id, name, owner, public, type, file_size_limit, allowed_mime_types, created_at, updated_at'

export const OBJECT_COLUMNS =
  'id, bucket_id, name, owner, owner_id, version, metadata, user_metadata, created_at, updated_at, last_accessed_at'

/** A row in the form in which hosted Supabase sends it. */
export function objectJson({ version: _version, ...row }: ObjectRow): Record<string, unknown> {
  return { ...row }
}

export function bucketJson(row: BucketRow): Record<string, unknown> {
  return {
    ...row,
    owner: row.owner ?? '',
    file_size_limit: row.file_size_limit === null ? null : Number(row.file_size_limit),
  }
}
