/** The row of the document that a job is about. */

import type { SupabaseClient } from '@supabase/supabase-js'
import * as v from 'valibot'
import { execute, findRow, optionalText, query, timestamp } from './database.ts'

export interface DocumentRow {
  id: string
  incidentId: string
  /** What the form or the member called the file. Its bytes decide what it is. */
  kind: string
  sourceUrl: string | null
  /** Object in the bucket `uploads`. */
  sourcePath: string | null
  original: StoredOriginal | null
}

/** An original in the bucket `originals`, stored by an earlier attempt. */
export interface StoredOriginal {
  path: string
  sha256: string
  contentType: string
}

/** Arguments of `keep_original`. */
export interface OriginalFacts {
  sha256: string
  byteSize: number
  contentType: string
  /** Object in `originals`; null where the bytes are not stored yet. */
  path: string | null
}

export interface OriginalPlace {
  path: string
  /** Of the kept original, which may be another than the one that the worker has. */
  sha256: string
  contentType: string
  /** The document of the incident that had the same bytes first. */
  duplicateOf: string | null
  receivedAt: Date
  /** Objects of this document in `originals` that no row points to any more. */
  leftovers: readonly string[]
}

/** Columns of `public.documents` that a worker writes, beside those of the original. */
export interface DocumentUpdate {
  kind?: 'attachment'
  document_type?: 'attachment'
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
   * Points the document to its original, or to an equal original of its incident. Null where neither is stored yet.
   * @throws AppError `document_not_found`, `database_unavailable`
   */
  keepOriginal(id: string, facts: OriginalFacts): Promise<OriginalPlace | null>
  /** Makes the transcription of a document that turned out to be a voice note, once. @throws AppError as {@link find} */
  startTranscription(id: string): Promise<void>
}

const COLUMNS = 'id, incident_id, kind, source_url, source_path, original_path, sha256, content_type'

const documentRow = v.pipe(
  v.object({
    id: v.string(),
    incident_id: v.string(),
    kind: v.string(),
    source_url: optionalText,
    source_path: optionalText,
    original_path: optionalText,
    sha256: optionalText,
    content_type: optionalText,
  }),
  v.transform((row): DocumentRow => {
    const { original_path: path, sha256, content_type: contentType } = row
    return {
      id: row.id,
      incidentId: row.incident_id,
      kind: row.kind,
      sourceUrl: row.source_url,
      sourcePath: row.source_path,
      original:
        path === null || sha256 === null || contentType === null ? null : { path, sha256, contentType },
    }
  }),
)

const originalPlace = v.pipe(
  v.object({
    original_path: v.pipe(v.string(), v.nonEmpty()),
    sha256: v.string(),
    content_type: v.string(),
    duplicate_of: optionalText,
    received_at: timestamp,
    leftovers: v.nullish(v.array(v.string()), []),
  }),
  v.transform(
    (place): OriginalPlace => ({
      path: place.original_path,
      sha256: place.sha256,
      contentType: place.content_type,
      duplicateOf: place.duplicate_of,
      receivedAt: place.received_at,
      leftovers: place.leftovers,
    }),
  ),
)

export function createDocuments(client: SupabaseClient): Documents {
  return {
    find: (id) =>
      findRow(
        documentRow,
        client.from('documents').select(COLUMNS).eq('id', id).maybeSingle(),
        'document_not_found',
      ),
    update: (id, columns) => execute(client.from('documents').update(columns).eq('id', id)),
    keepOriginal: (id, { sha256, byteSize, contentType, path }) =>
      query(
        v.nullable(originalPlace),
        client.rpc('keep_original', {
          p_document_id: id,
          p_sha256: sha256,
          p_byte_size: byteSize,
          p_content_type: contentType,
          p_path: path,
        }),
      ),
    startTranscription: (id) => execute(client.rpc('start_transcription', { p_document_id: id })),
  }
}
