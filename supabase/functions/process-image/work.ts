/**
 * The work of one image job, from the document's row to a result.
 *
 *   download ─▶ verify ─▶ store the original ─▶ decode ─▶ upload preview and thumbnail ─▶ sign
 *
 * The original is stored before anything judges it, so that it is kept when the rest fails. Each write is
 * preceded by a report of progress, which fails once the lease is lost. Everything may be done again: paths
 * are the document's own and writes overwrite.
 */

import { AppError } from '../../../functions-shared/app-error.ts'
import {
  detectFileType,
  type FileType,
  IMAGE_TYPES,
  type ImageType,
  isImageType,
} from '../../../functions-shared/file-type.ts'
import type { Documents, DocumentUpdate, Files, ImageDocument, StoredOriginal } from '../_shared/documents.ts'
import { isLoss, type Lease } from '../_shared/lease.ts'
import type { Log } from '../_shared/log.ts'
import { encodeHex } from '../_shared/std.ts'
import { isComplete } from './completeness.ts'
import { estimateDecodeBytes } from './memory.ts'
import { type PhotoMetadata, readMetadata } from './metadata.ts'
import { type Derivatives, type ImageFacts, makeDerivatives, readFacts } from './pipeline.ts'

export interface WorkDependencies {
  documents: Documents
  files: Files
  /** Fetches the file; `onProgress` gets the part that has arrived, 0 to 1, where the size is known. */
  download: (
    url: string,
    signal: AbortSignal,
    onProgress: (part: number) => void,
  ) => Promise<Uint8Array<ArrayBuffer>>
  loadMagick: () => Promise<void>
  /** Bytes of memory this worker may use. */
  memoryBytes: number
  log: Log
  now: () => Date
}

/** What `complete_job` gets; the names are those of the message to the browser. */
export interface ImageResult {
  sha256: string
  byteSize: number
  contentType: string
  originalPath: string
  width: number
  height: number
  preview: 'available' | 'unavailable'
  previewPath?: string
  thumbnailPath?: string
  /** Of the thumbnail. */
  signedUrl?: string
  signedUrlExpiresAt?: string
}

/** Seconds. */
export const SIGNED_URL_LIFETIME = 3600

/** Percent at which each stage begins. */
const STAGES = {
  downloading: 5,
  verifying: 40,
  storing: 45,
  decoding: 60,
  uploading: 80,
  signing: 95,
} as const

const BINARY = 'application/octet-stream'

/** @throws AppError with the code of what went wrong; `lease_lost` means: stop, it is no longer ours. */
export async function processImage(
  documentId: string,
  lease: Lease,
  dependencies: WorkDependencies,
): Promise<ImageResult> {
  const { documents, now } = dependencies
  const document = await documents.find(documentId)
  const bytes = await fetchOriginal(document, lease, dependencies)

  await lease.report(STAGES.verifying, 'verifying')
  const type = detectFileType(bytes)
  const sha256 = encodeHex(await crypto.subtle.digest('SHA-256', bytes))
  const original = describeOriginal(document, type, sha256)

  await lease.report(STAGES.storing, 'storing')
  await dependencies.files.put('originals', original.path, bytes, original.contentType)
  await documents.update(document.id, {
    original_path: original.path,
    sha256,
    byte_size: bytes.length,
    content_type: original.contentType,
    // The first moment counts: working on it again is not receiving it again.
    ...(document.original?.sha256 === sha256 ? {} : { received_at: now().toISOString() }),
  })

  const image = requireImage(type)
  if (!isComplete(image, bytes)) throw new AppError('image_truncated')

  await lease.report(STAGES.decoding, 'decoding')
  await dependencies.loadMagick()
  const facts = readFacts(bytes, image)
  const metadata = readMetadata(bytes)
  const derivatives = derive(image, facts, bytes, dependencies)
  const common = {
    sha256,
    byteSize: bytes.length,
    contentType: original.contentType,
    originalPath: original.path,
    width: facts.width,
    height: facts.height,
  }
  if (derivatives === null) {
    await lease.report(STAGES.uploading, 'uploading')
    await documents.update(document.id, withoutPreview(facts, metadata))
    return { ...common, preview: 'unavailable' }
  }
  const paths = await storeDerivatives(document, derivatives, lease, dependencies)
  await lease.report(STAGES.signing, 'signing')
  await documents.update(document.id, {
    preview_path: paths.previewPath,
    thumbnail_path: paths.thumbnailPath,
    width: facts.width,
    height: facts.height,
    metadata: { ...metadata, preview: 'available' },
  })
  // Counted from before the signing, so that the browser never trusts the URL for too long.
  const signedUrlExpiresAt = new Date(now().getTime() + SIGNED_URL_LIFETIME * 1000).toISOString()
  const signedUrl = await dependencies.files.sign('derivatives', paths.thumbnailPath, SIGNED_URL_LIFETIME)
  return { ...common, ...paths, preview: 'available', signedUrl, signedUrlExpiresAt }
}

/** The stored original where an earlier attempt got that far with a good image, else the file at its source. */
async function fetchOriginal(
  document: ImageDocument,
  lease: Lease,
  { files, download, log }: WorkDependencies,
): Promise<Uint8Array<ArrayBuffer>> {
  await lease.report(STAGES.downloading, 'downloading')
  if (document.original?.contentType.startsWith('image/')) {
    const stored = await readStored(document.original, files)
    if (stored !== null) return stored
    log.warn('original_unusable', { document: document.id })
  }
  if (document.sourceUrl === null) throw new AppError('url_not_allowed')
  let told: number = STAGES.downloading
  return await download(document.sourceUrl, lease.signal, (part) => {
    const percent = Math.round(STAGES.downloading + part * (STAGES.verifying - STAGES.downloading))
    if (percent < told + PROGRESS_STEP) return
    told = percent
    // Progress is for people: the work does not wait for it, and a lost lease ends the download by its signal.
    lease.report(percent, 'downloading').catch((error: unknown) => {
      if (!isLoss(error)) log.error('progress_failed', error)
    })
  })
}

/** Percent between two reports of one stage. */
const PROGRESS_STEP = 10

/** Null where it is gone, not what it was, or incomplete (then the source may have a better one by now). */
async function readStored(original: StoredOriginal, files: Files): Promise<Uint8Array<ArrayBuffer> | null> {
  const bytes = await files.get('originals', original.path)
  if (bytes === null) return null
  const sha256 = encodeHex(await crypto.subtle.digest('SHA-256', bytes))
  const type = detectFileType(bytes)
  return sha256 === original.sha256 && isImageType(type) && isComplete(type, bytes) ? bytes : null
}

/** What is no image is kept as evidence, under a type that no browser will ever run. */
function describeOriginal(document: ImageDocument, type: FileType, sha256: string): StoredOriginal {
  const { contentType, extension } = isImageType(type)
    ? IMAGE_TYPES[type]
    : { contentType: BINARY, extension: 'bin' }
  return {
    path: `${document.incidentId}/${document.id}/original.${extension}`,
    sha256,
    contentType,
  }
}

function requireImage(type: FileType): ImageType {
  if (isImageType(type)) return type
  if (type === 'svg') throw new AppError('svg_not_allowed')
  if (type === 'html') throw new AppError('html_not_image')
  throw new AppError('not_an_image')
}

/** Null where the picture is too much for this worker's memory. */
function derive(
  type: ImageType,
  facts: ImageFacts,
  bytes: Uint8Array,
  { memoryBytes, log }: WorkDependencies,
): Derivatives | null {
  const needed = estimateDecodeBytes(type, facts, bytes.length)
  if (needed <= memoryBytes) return makeDerivatives(bytes, type, facts)
  log.warn('preview_unavailable', { type, width: facts.width, height: facts.height, needed })
  return null
}

function withoutPreview(facts: ImageFacts, metadata: PhotoMetadata): DocumentUpdate {
  return {
    preview_path: null,
    thumbnail_path: null,
    width: facts.width,
    height: facts.height,
    metadata: { ...metadata, preview: 'unavailable' },
  }
}

async function storeDerivatives(
  document: ImageDocument,
  { preview, thumbnail }: Derivatives,
  lease: Lease,
  { files }: WorkDependencies,
): Promise<{ previewPath: string; thumbnailPath: string }> {
  const folder = `${document.incidentId}/${document.id}`
  const previewPath = `${folder}/preview.jpg`
  const thumbnailPath = `${folder}/thumbnail.jpg`
  const { contentType } = IMAGE_TYPES.jpeg
  await lease.report(STAGES.uploading, 'uploading')
  await files.put('derivatives', previewPath, preview, contentType)
  await files.put('derivatives', thumbnailPath, thumbnail, contentType)
  return { previewPath, thumbnailPath }
}
