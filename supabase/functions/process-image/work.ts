/**
 * The work of one image job, from the document's row to a result.
 *
 *   keep the original (see original.ts) ─▶ decode ─▶ upload preview and thumbnail ─▶ sign
 *
 * Each write is preceded by a report of progress, which fails once the lease is lost. Everything may be done
 * again: paths are the document's own and writes overwrite.
 */

import { AppError } from '../../../functions-shared/app-error.ts'
import {
  type FileType,
  IMAGE_TYPES,
  type ImageType,
  isImageType,
} from '../../../functions-shared/file-type.ts'
import type { DocumentRow, DocumentUpdate } from '../_shared/documents.ts'
import type { Lease } from '../_shared/lease.ts'
import { keepOriginal, type OriginalDependencies } from '../_shared/original.ts'
import { isComplete } from './completeness.ts'
import { estimateDecodeBytes } from './memory.ts'
import { type PhotoMetadata, readMetadata } from './metadata.ts'
import { type Derivatives, type ImageFacts, makeDerivatives, readFacts } from './pipeline.ts'

export interface WorkDependencies extends OriginalDependencies {
  loadMagick: () => Promise<void>
  /** Bytes of memory this worker may use. */
  memoryBytes: number
  now: () => Date
}

/** What `complete_job` gets; the names are those of the message to the browser. */
export interface ImageResult {
  sha256: string
  byteSize: number
  contentType: string
  originalPath: string
  /** The document of the incident that the same file arrived with first. */
  duplicateOf?: string
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

/** @throws AppError with the code of what went wrong; `lease_lost` means: stop, it is no longer ours. */
export async function processImage(
  documentId: string,
  lease: Lease,
  dependencies: WorkDependencies,
): Promise<ImageResult> {
  const { documents, now } = dependencies
  const document = await documents.find(documentId)
  const original = await keepOriginal(document, lease, dependencies, {
    isUsable: (type, stored) => isImageType(type) && isComplete(type, stored),
    stages: STAGES,
  })
  const { bytes } = original

  const image = requireImage(original.type)
  if (!isComplete(image, bytes)) throw new AppError('image_truncated')

  await lease.report(STAGES.decoding, 'decoding')
  await dependencies.loadMagick()
  const facts = readFacts(bytes, image)
  const metadata = readMetadata(bytes)
  const derivatives = derive(image, facts, bytes, dependencies)
  const common = {
    sha256: original.sha256,
    byteSize: bytes.length,
    contentType: original.contentType,
    originalPath: original.path,
    ...(original.duplicateOf === null ? {} : { duplicateOf: original.duplicateOf }),
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
  document: DocumentRow,
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
