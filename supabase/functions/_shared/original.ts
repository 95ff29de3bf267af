/**
 * A document's original: fetched once, and kept byte for byte with its hash and the time it was received, before the
 * file is looked at. A kept original is evidence: a later attempt works on the kept bytes and asks the source no more.
 *
 *   kept already ──▶ compare the hash ───────────────────────────────────────────────────────────────┐
 *   upload      ─┐                                                                                   ▼
 *   source URL  ─┴▶ type, SHA-256 ─▶ equal one kept? ─no─▶ put ─▶ the row points to it ─▶ remove the upload
 *                                      └───────yes───────────────────▶┘
 *
 * A worker may end after any step, and the next attempt does the steps again: objects are named by their hash, the
 * upload is removed only when the row points to the original, and `keep_original` names the objects left behind.
 */

import { AppError } from '../../../functions-shared/app-error.ts'
import type { ErrorCode } from '../../../functions-shared/error-codes.ts'
import { detectFileType, type FileType, storedAs } from '../../../functions-shared/file-type.ts'
import type { DocumentRow, Documents, OriginalFacts, OriginalPlace } from './documents.ts'
import type { Download } from './download/download.ts'
import type { Files } from './files.ts'
import { isLoss, type Lease } from './lease.ts'
import type { Log } from './log.ts'
import { encodeHex } from './std.ts'

export interface OriginalDependencies {
  documents: Documents
  files: Files
  download: Download
  log: Log
}

export interface OriginalOptions {
  /**
   * Code to fail with where the source URL leads to a web page. Such a page is an error page of the server and no
   * evidence: its bytes are not kept, so that a retry can get the file. Undefined: a web page is kept like any file.
   */
  webPage?: ErrorCode | undefined
  /** Percent at which each stage begins. */
  stages: { downloading: number; verifying: number; storing: number }
}

export interface KeptOriginal {
  bytes: Uint8Array<ArrayBuffer>
  /** By its first bytes. */
  type: FileType
  contentType: string
  /** Lower case hex. */
  sha256: string
  /** Object in the bucket `originals`. A duplicate has the object of the document that came first. */
  path: string
  receivedAt: Date
  /** The document of the incident that had the same bytes first. */
  duplicateOf: string | null
}

/**
 * @throws AppError `lease_lost`, `upload_not_found`, `file_empty`, `file_too_large`, `url_not_allowed`,
 * `original_altered`, `storage_unavailable`, `database_unavailable`, and the codes of the download.
 */
export async function keepOriginal(
  document: DocumentRow,
  lease: Lease,
  dependencies: OriginalDependencies,
  options: OriginalOptions,
): Promise<KeptOriginal> {
  const { stages } = options
  await lease.report(stages.downloading, 'downloading')
  if (document.original !== null) {
    const { path, sha256, contentType } = document.original
    return await settle(document, { path, sha256, contentType, byteSize: 0 }, lease, dependencies, options)
  }
  const bytes = await readSource(document, lease, dependencies, stages)
  const type = detectFileType(bytes)
  if (type === 'html' && document.sourcePath === null && options.webPage !== undefined)
    throw new AppError(options.webPage)

  await lease.report(stages.verifying, 'verifying')
  const { contentType, extension } = storedAs(type)
  const sha256 = await hash(bytes)
  const path = `${document.incidentId}/${document.id}/${sha256}.${extension}`
  const candidate = { sha256, byteSize: bytes.length, contentType, path }
  return await settle(document, candidate, lease, dependencies, options, bytes)
}

interface Candidate extends OriginalFacts {
  path: string
}

/** Points the row to the original, and returns what the row points to then. @param bytes absent for a kept original */
async function settle(
  document: DocumentRow,
  candidate: Candidate,
  lease: Lease,
  dependencies: OriginalDependencies,
  { stages }: OriginalOptions,
  bytes?: Uint8Array<ArrayBuffer>,
): Promise<KeptOriginal> {
  const { files } = dependencies
  await lease.report(stages.storing, 'storing')
  const place = await store(document.id, candidate, dependencies, bytes)
  if (place.leftovers.length > 0) await files.remove('originals', place.leftovers)
  if (document.sourcePath !== null) await files.remove('uploads', [document.sourcePath])
  const kept = bytes !== undefined && place.sha256 === candidate.sha256 ? bytes : await readKept(place, files)
  return {
    bytes: kept,
    type: detectFileType(kept),
    contentType: place.contentType,
    sha256: place.sha256,
    path: place.path,
    receivedAt: place.receivedAt,
    duplicateOf: place.duplicateOf,
  }
}

/** Stores the bytes, then points the row to them. Bytes that the incident has already are not stored again. */
async function store(
  documentId: string,
  candidate: Candidate,
  { documents, files }: OriginalDependencies,
  bytes: Uint8Array<ArrayBuffer> | undefined,
): Promise<OriginalPlace> {
  const known = await documents.keepOriginal(documentId, { ...candidate, path: null })
  if (known !== null) return known
  if (bytes === undefined) throw new AppError('original_altered')
  try {
    await files.put('originals', candidate.path, bytes, candidate.contentType)
  } catch (error) {
    // Another worker may have kept the original in between: then Storage refuses to replace the object.
    const place = await documents.keepOriginal(documentId, { ...candidate, path: null })
    if (place !== null) return place
    throw error
  }
  const place = await documents.keepOriginal(documentId, candidate)
  if (place === null) throw new AppError('internal_error')
  return place
}

/** @throws AppError `original_altered` where the object is missing or its bytes have another hash. */
async function readKept({ path, sha256 }: OriginalPlace, files: Files): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await files.get('originals', path)
  if (bytes === null || (await hash(bytes)) !== sha256) throw new AppError('original_altered')
  return bytes
}

async function readSource(
  document: DocumentRow,
  lease: Lease,
  { files, download, log }: OriginalDependencies,
  stages: OriginalOptions['stages'],
): Promise<Uint8Array<ArrayBuffer>> {
  if (document.sourcePath !== null) {
    const upload = await files.get('uploads', document.sourcePath)
    if (upload === null) throw new AppError('upload_not_found')
    if (upload.length === 0) throw new AppError('file_empty')
    return upload
  }
  if (document.sourceUrl === null) throw new AppError('url_not_allowed')
  let reported = stages.downloading
  return await download(document.sourceUrl, lease.signal, (part) => {
    const percent = Math.round(stages.downloading + part * (stages.verifying - stages.downloading))
    if (percent < reported + PROGRESS_STEP) return
    reported = percent
    // The download does not wait for the report. A lost lease ends it by its signal.
    lease.report(percent, 'downloading').catch((error: unknown) => {
      if (!isLoss(error)) log.error('progress_failed', error)
    })
  })
}

/** Percent between two reports within a stage. */
const PROGRESS_STEP = 10

async function hash(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return encodeHex(await crypto.subtle.digest('SHA-256', bytes))
}
