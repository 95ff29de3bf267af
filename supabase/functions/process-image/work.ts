/**
 * The work of one image job, from the document's row to a result.
 *
 *   keep the original (see original.ts) ─┬─▶ photo: decode ─▶ upload preview and thumbnail ─▶ sign
 *                                        ├─▶ other attachment, and any film: its facts are stored
 *                                        └─▶ audio, recognised by content: transcription as a voice note
 *
 * Before each write the worker reports progress, which throws `lease_lost` once the lease is lost. A second attempt may
 * repeat every step: paths depend on the document alone, and writes overwrite.
 */

import { AppError } from '../../../functions-shared/app-error.ts'
import { type FilmFacts, readAudioFacts, readFilmFacts } from '../../../functions-shared/audio/facts.ts'
import type { ErrorCode } from '../../../functions-shared/error-codes.ts'
import {
  type FileType,
  IMAGE_TYPES,
  type ImageType,
  isAudioType,
  isImageType,
} from '../../../functions-shared/file-type.ts'
import type { DocumentRow, DocumentUpdate } from '../_shared/documents.ts'
import type { Lease } from '../_shared/lease.ts'
import { type KeptOriginal, keepOriginal, type OriginalDependencies } from '../_shared/original.ts'
import { endJpeg, readCompleteness } from './completeness.ts'
import { estimateDecodeBytes } from './memory.ts'
import { type PhotoMetadata, readMetadata } from './metadata.ts'
import { readPdf } from './pdf.ts'
import { type Derivatives, type ImageFacts, makeDerivatives, readFacts } from './pipeline.ts'
import { hasTooManyPixels, withoutExtras } from './png-chunks.ts'
import { firstFrame } from './webp-frames.ts'

export interface WorkDependencies extends OriginalDependencies {
  loadMagick: () => Promise<void>
  /** Called with the file's bytes after their last use. Default: the garbage collector frees them. */
  release?: (bytes: Uint8Array<ArrayBuffer>) => void
  /** Bytes of memory that the worker may use. */
  memoryBytes: number
  now: () => Date
}

/** The result given to `complete_job`, with the names of the message to the browser. */
export interface FileResult {
  sha256: string
  byteSize: number
  contentType: string
  originalPath: string
  /** Id of the incident's first document with the same bytes. */
  duplicateOf?: string
  /** `none`: the file is no picture; `unavailable`: decoding needs more memory than the worker has. */
  preview: 'available' | 'unavailable' | 'none'
  /** Pixels of the upright picture. */
  width?: number
  height?: number
  previewPath?: string
  thumbnailPath?: string
  /** Signed URL of the thumbnail. */
  signedUrl?: string
  signedUrlExpiresAt?: string
}

/** Seconds. */
export const SIGNED_URL_LIFETIME = 3600

/** Percent of progress at which each stage begins. */
const STAGES = {
  downloading: 5,
  verifying: 40,
  storing: 45,
  decoding: 60,
  uploading: 80,
  signing: 95,
} as const

/** @throws AppError with the code of the failure; `lease_lost` when another worker may have the job */
export async function processImage(
  documentId: string,
  lease: Lease,
  dependencies: WorkDependencies,
): Promise<FileResult> {
  const document = await dependencies.documents.find(documentId)
  const original = await keep(document, lease, dependencies)
  try {
    return await workOn(document, original, lease, dependencies)
  } finally {
    dependencies.release?.(original.bytes)
  }
}

function keep(document: DocumentRow, lease: Lease, dependencies: WorkDependencies): Promise<KeptOriginal> {
  return keepOriginal(document, lease, dependencies, {
    webPage: document.kind === 'photo' ? 'html_not_image' : undefined,
    stages: STAGES,
  })
}

async function workOn(
  document: DocumentRow,
  original: KeptOriginal,
  lease: Lease,
  dependencies: WorkDependencies,
): Promise<FileResult> {
  const isPhoto = document.kind === 'photo'
  const result = {
    sha256: original.sha256,
    byteSize: original.bytes.length,
    contentType: original.contentType,
    originalPath: original.path,
    ...(original.duplicateOf === null ? {} : { duplicateOf: original.duplicateOf }),
  }
  if (isVoiceNote(original)) {
    await lease.report(STAGES.signing, 'signing')
    await dependencies.documents.startTranscription(document.id)
    return { ...result, preview: 'none' }
  }
  const film = isAudioType(original.type) ? readFilmFacts(original.bytes, original.type) : null
  if (film !== null || (!isPhoto && !isImageType(original.type))) {
    return { ...result, ...(await note(document, original, lease, dependencies, film)) }
  }
  try {
    return { ...result, ...(await show(document, original, lease, dependencies)) }
  } catch (error) {
    // An attachment with a broken or too large picture is kept as a file; only a photo fails.
    if (isPhoto || !isVerdict(error)) throw error
    return { ...result, ...(await note(document, original, lease, dependencies)) }
  }
}

/** Judged by content, because browsers and phones give recordings names like `x.mp4` or `x.bin`. Films are excluded. */
function isVoiceNote({ type, bytes }: KeptOriginal): boolean {
  if (!isAudioType(type)) return false
  const facts = readAudioFacts(bytes, type)
  return facts !== null && !facts.video && facts.duration > 0
}

/** Error codes that name a fault of the picture itself. */
const VERDICTS: readonly ErrorCode[] = [
  'image_truncated',
  'image_undecodable',
  'image_too_large',
  'image_too_complex',
]

function isVerdict(error: unknown): boolean {
  return error instanceof AppError && VERDICTS.includes(error.code)
}

/**
 * Stores the facts of an attachment without a preview: pages and title of a PDF, length of a film, else only that it is a
 * file. A film that arrived as a photo becomes an attachment.
 */
async function note(
  document: DocumentRow,
  { type, bytes }: KeptOriginal,
  lease: Lease,
  { documents }: WorkDependencies,
  film: FilmFacts | null = null,
): Promise<Pick<FileResult, 'preview'>> {
  await lease.report(STAGES.decoding, 'decoding')
  const facts = film === null ? await fileFacts(type, bytes) : filmFacts(film)
  await lease.report(STAGES.signing, 'signing')
  await documents.update(document.id, {
    ...(film !== null && document.kind === 'photo' && { kind: 'attachment', document_type: 'attachment' }),
    preview_path: null,
    thumbnail_path: null,
    width: null,
    height: null,
    metadata: { ...facts, preview: 'none' },
  })
  return { preview: 'none' }
}

async function fileFacts(type: FileType, bytes: Uint8Array<ArrayBuffer>): Promise<Record<string, unknown>> {
  return type === 'pdf' ? { kind: 'pdf', ...(await readPdf(bytes)) } : { kind: 'file' }
}

/** `note` is shown beside the file. */
function filmFacts({ duration, sound }: FilmFacts): Record<string, unknown> {
  const seconds = Math.round(duration)
  const note = `${seconds > 0 ? `Film of ${seconds} s` : 'Film'}${sound ? '' : ' without sound'}`
  return { kind: 'film', duration: Math.round(duration * 1000) / 1000, sound, note }
}

async function show(
  document: DocumentRow,
  original: KeptOriginal,
  lease: Lease,
  dependencies: WorkDependencies,
): Promise<Partial<FileResult> & Pick<FileResult, 'preview'>> {
  const { documents, now } = dependencies
  const image = requireImage(original.type)
  const completeness = readCompleteness(image, original.bytes)
  if (completeness === 'cut') throw new AppError('image_truncated')

  await lease.report(STAGES.decoding, 'decoding')
  const metadata = readMetadata(original.bytes)
  const whole = completeness === 'open' ? endJpeg(original.bytes) : original.bytes
  const bytes = await prepare(image, whole)
  await dependencies.loadMagick()
  const facts = readFacts(bytes, image)
  const { width, height } = facts
  const derivatives = await derive(image, facts, bytes, dependencies)
  if (derivatives === null) {
    await lease.report(STAGES.uploading, 'uploading')
    await documents.update(document.id, withoutPreview(facts, metadata))
    return { width, height, preview: 'unavailable' }
  }
  const paths = await storeDerivatives(document, derivatives, lease, dependencies)
  await lease.report(STAGES.signing, 'signing')
  await documents.update(document.id, {
    preview_path: paths.previewPath,
    thumbnail_path: paths.thumbnailPath,
    width,
    height,
    metadata: { ...metadata, preview: 'available' },
  })
  // Counted from before the signing, so that the stated expiry is never later than the URL's own.
  const signedUrlExpiresAt = new Date(now().getTime() + SIGNED_URL_LIFETIME * 1000).toISOString()
  const signedUrl = await dependencies.files.sign('derivatives', paths.thumbnailPath, SIGNED_URL_LIFETIME)
  return { width, height, ...paths, preview: 'available', signedUrl, signedUrlExpiresAt }
}

function requireImage(type: FileType): ImageType {
  if (isImageType(type)) return type
  if (type === 'svg') throw new AppError('svg_not_allowed')
  if (type === 'html') throw new AppError('html_not_image')
  throw new AppError('not_an_image')
}

/** The bytes for the decoder, without chunks and frames that could keep it busy for minutes. */
async function prepare(type: ImageType, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  if (type === 'png') return await withoutExtras(bytes)
  return type === 'webp' ? firstFrame(bytes) : bytes
}

/** Null when decoding needs more memory than the worker may use. */
async function derive(
  type: ImageType,
  facts: ImageFacts,
  bytes: Uint8Array<ArrayBuffer>,
  { memoryBytes, log }: WorkDependencies,
): Promise<Derivatives | null> {
  const needed = estimateDecodeBytes(type, facts, bytes.length)
  if (needed > memoryBytes) {
    log.warn('preview_unavailable', { type, width: facts.width, height: facts.height, needed })
    return null
  }
  if (type === 'png' && (await hasTooManyPixels(bytes))) throw new AppError('image_too_complex')
  return makeDerivatives(bytes, type, facts)
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
