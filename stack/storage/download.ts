/** Answers with an object's bytes or its description. Handles ranges and conditions, and sends safe headers. */

import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { BlobStore } from './blob-store.ts'
import { StorageError } from './errors.ts'
import { type ByteRange, parseRange } from './range.ts'
import type { ObjectMetadata, ObjectRow } from './rows.ts'

export interface DownloadOptions {
  /** Looks up the object. Called again where the object was replaced between the lookup and the opening of its file. */
  find: () => Promise<ObjectRow>
  request: Request
  /** The query parameter: a file name, empty for the object's name, null to show the object in the browser. */
  download: string | null
  /** When the signed URL expires, in seconds since 1970. */
  expires?: number
}

/** @throws StorageError `NoSuchKey`, `InvalidRange`. */
export async function sendObject(blobs: BlobStore, options: DownloadOptions): Promise<Response> {
  const { row, metadata, handle } = await openObject(blobs, options.find)
  let handedOver = false
  try {
    const { request } = options
    const headers = objectHeaders(row, metadata, options)
    if (isNotModified(request.headers, metadata)) return new Response(null, { status: 304, headers })
    const range = rangeOf(request.headers, metadata)
    const { start, end } = range ?? { start: 0, end: metadata.size - 1 }
    headers.set('content-length', String(end - start + 1))
    if (range !== undefined) headers.set('content-range', `bytes ${start}-${end}/${metadata.size}`)
    const status = range === undefined ? 200 : 206
    if (request.method === 'HEAD' || metadata.size === 0) return new Response(null, { status, headers })
    handedOver = true
    return new Response(toWeb(blobs.read(handle, start, end)), { status, headers })
  } finally {
    if (!handedOver) await handle.close()
  }
}

/** The description that `info()` of storage-js reads. */
export function objectInfo(row: ObjectRow): Response {
  const { metadata } = row
  return Response.json({
    id: row.id,
    name: row.name,
    version: row.version,
    bucket_id: row.bucket_id,
    size: metadata?.size ?? null,
    content_type: metadata?.mimetype ?? null,
    cache_control: metadata?.cacheControl ?? null,
    etag: metadata?.eTag ?? null,
    metadata: row.user_metadata ?? {},
    last_modified: metadata?.lastModified ?? row.updated_at,
    created_at: row.created_at,
  })
}

interface OpenObject {
  row: ObjectRow
  metadata: ObjectMetadata
  handle: FileHandle
}

async function openObject(blobs: BlobStore, find: () => Promise<ObjectRow>): Promise<OpenObject> {
  let tried: string | undefined
  for (;;) {
    const row = await find()
    if (row.version === null || row.metadata === null || row.version === tried) {
      throw new StorageError('NoSuchKey')
    }
    const handle = await blobs.openVersion(row.version)
    if (handle !== undefined) return { row, metadata: row.metadata, handle }
    tried = row.version
  }
}

function objectHeaders(row: ObjectRow, metadata: ObjectMetadata, options: DownloadOptions): Headers {
  const headers = new Headers({
    'content-type': safeType(metadata.mimetype),
    etag: metadata.eTag,
    'last-modified': new Date(metadata.lastModified).toUTCString(),
    'cache-control': metadata.cacheControl,
    'accept-ranges': 'bytes',
    'x-robots-tag': 'none',
    // Uploaded files are shown as the type that they have, and never run. The real Storage does not send these two.
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
  })
  if (options.expires !== undefined) headers.set('expires', new Date(options.expires * 1000).toUTCString())
  if (options.download !== null) {
    headers.set('content-disposition', contentDisposition(options.download || fileName(row.name)))
  }
  return headers
}

/** Pages are sent as text, as on hosted Supabase: an uploaded page must not run with this origin's rights. */
function safeType(mimetype: string): string {
  return /^\s*(text\/html|application\/xhtml\+xml)\b/i.test(mimetype) ? 'text/plain' : mimetype
}

function fileName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}

/** RFC 6266: an ASCII name for old clients, and the exact name in UTF-8. */
function contentDisposition(name: string): string {
  const plain = name.replace(/[^\x20-\x7e]|["\\]/g, '_')
  const exact = encodeURIComponent(name).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${plain}"; filename*=UTF-8''${exact}`
}

function isNotModified(headers: Headers, metadata: ObjectMetadata): boolean {
  const tags = headers.get('if-none-match')
  if (tags !== null) {
    return tags
      .split(',')
      .some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === metadata.eTag)
  }
  const since = Date.parse(headers.get('if-modified-since') ?? '')
  return since >= Math.floor(Date.parse(metadata.lastModified) / 1000) * 1000
}

function rangeOf(headers: Headers, metadata: ObjectMetadata): ByteRange | undefined {
  const header = headers.get('range')
  const condition = headers.get('if-range')
  if (header === null || (condition !== null && condition !== metadata.eTag)) return undefined
  const range = parseRange(header, metadata.size)
  if (range === 'unsatisfiable') throw new StorageError('InvalidRange')
  return range
}

/** Closes the file when the client leaves. */
function toWeb(stream: Readable): ReadableStream<Uint8Array> {
  return Readable.toWeb(stream)
}
