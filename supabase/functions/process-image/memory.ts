/**
 * Would this picture fit? A worker that runs out of memory is killed without a word, so pictures that need too
 * much are not decoded: they end completed, without a preview.
 */

import type { ImageType } from '../../../functions-shared/file-type.ts'
import type { ImageFacts } from './pipeline.ts'

/** Hosted Edge Functions have 256 MB. */
export const DEFAULT_MEMORY_MB = 256

const MB = 1024 * 1024
/** Deno, our code and the decoder itself, before any picture. */
const BASE_BYTES = 110 * MB
/** A JPEG decoded to at most twice the preview's size on each side. */
const SCALED_JPEG_BYTES = 40 * MB
/** Bytes per pixel of the original while it is decoded; measured, with some room. */
const BYTES_PER_PIXEL: Record<ImageType, number> = { jpeg: 0, png: 8, webp: 9, heic: 14 }
const PROGRESSIVE_JPEG_BYTES_PER_PIXEL = 4

/** @param fileBytes size of the original, which is held twice while it is decoded. */
export function estimateDecodeBytes(type: ImageType, facts: ImageFacts, fileBytes: number): number {
  const perPixel = facts.progressive ? PROGRESSIVE_JPEG_BYTES_PER_PIXEL : BYTES_PER_PIXEL[type]
  const scaled = type === 'jpeg' ? SCALED_JPEG_BYTES : 0
  return BASE_BYTES + 2 * fileBytes + scaled + facts.width * facts.height * perPixel
}
