/**
 * A document's original: fetched once, and kept byte for byte with its hash and the time it was received, before the
 * file is looked at.
 *
 *   stored already ─┐
 *   upload         ─┼▶ type, SHA-256 ─▶ equal one kept? ─no─▶ put ─▶ the row points to it ─▶ remove the upload
 *   source URL     ─┘                        └───────yes──────────────▶┘
 *
 * A worker may end after any step, and the next attempt does the steps again: objects are named by their hash, the
 * upload is removed only when the row points to the original, and `keep_original` names the objects left behind.
 */

import { AppError } from '../../../functions-shared/app-error.ts'
import { detectFileType, type FileType, storedAs } from '../../../functions-shared/file-type.ts'
import type { DocumentRow, Documents, OriginalPlace, StoredOriginal } from './documents.ts'
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
   * Whether the original that an earlier attempt stored can be worked on. If not, the file is fetched again: the source
   * may have the right file now.
   */
  isUsable: (type: FileType, bytes: Uint8Array) => boolean
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
 * `storage_unavailable`, `database_unavailable`, and the codes of the download.
 */
export async function keepOriginal(
  document: DocumentRow,
  lease: Lease,
  dependencies: OriginalDependencies,
  { isUsable, stages }: OriginalOptions,
): Promise<KeptOriginal> {
  const { files, log } = dependencies
  await lease.report(stages.downloading, 'downloading')
  const stored = await readStored(document.original, files)
  const isStored = stored !== null && isUsable(detectFileType(stored), stored)
  if (document.original !== null && !isStored) log.warn('original_unusable', { document: document.id })
  const bytes = isStored ? stored : await readSource(document, stored, lease, dependencies, stages)

  await lease.report(stages.verifying, 'verifying')
  const type = detectFileType(bytes)
  const { contentType, extension } = storedAs(type)
  const sha256 = await hash(bytes)
  const facts = { sha256, byteSize: bytes.length, contentType }

  await lease.report(stages.storing, 'storing')
  const path =
    bytes === stored && document.original !== null
      ? document.original.path
      : `${document.incidentId}/${document.id}/${sha256}.${extension}`
  const place = await store(document.id, bytes, { ...facts, path, isStored: bytes === stored }, dependencies)
  if (place.leftovers.length > 0) await files.remove('originals', place.leftovers)
  if (document.sourcePath !== null) await files.remove('uploads', [document.sourcePath])
  return {
    bytes,
    type,
    contentType,
    sha256,
    path: place.path,
    receivedAt: place.receivedAt,
    duplicateOf: place.duplicateOf,
  }
}

interface Candidate {
  sha256: string
  byteSize: number
  contentType: string
  path: string
  isStored: boolean
}

/** Stores the bytes, then points the row to them. Bytes that the incident has already are not stored again. */
async function store(
  documentId: string,
  bytes: Uint8Array<ArrayBuffer>,
  { isStored, path, ...facts }: Candidate,
  { documents, files }: OriginalDependencies,
): Promise<OriginalPlace> {
  if (!isStored) {
    const equal = await documents.keepOriginal(documentId, { ...facts, path: null })
    if (equal !== null) return equal
    await files.put('originals', path, bytes, facts.contentType)
  }
  const place = await documents.keepOriginal(documentId, { ...facts, path })
  if (place === null) throw new AppError('internal_error')
  return place
}

/** Null where no original is stored, its object is missing, or its hash is another. */
async function readStored(
  original: StoredOriginal | null,
  files: Files,
): Promise<Uint8Array<ArrayBuffer> | null> {
  if (original === null) return null
  const bytes = await files.get('originals', original.path)
  return bytes !== null && (await hash(bytes)) === original.sha256 ? bytes : null
}

/** @param stored the bytes of the stored original, used where the source has no file any more */
async function readSource(
  document: DocumentRow,
  stored: Uint8Array<ArrayBuffer> | null,
  lease: Lease,
  { files, download, log }: OriginalDependencies,
  stages: OriginalOptions['stages'],
): Promise<Uint8Array<ArrayBuffer>> {
  if (document.sourcePath !== null) {
    const upload = await files.get('uploads', document.sourcePath)
    if (upload?.length === 0) throw new AppError('file_empty')
    const bytes = upload ?? stored
    if (bytes === null) throw new AppError('upload_not_found')
    return bytes
  }
  if (document.sourceUrl === null) {
    if (stored !== null) return stored
    throw new AppError('url_not_allowed')
  }
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
