/**
 * Estimates the memory for decoding a picture. The platform kills a worker that runs out of memory, so a picture that
 * needs too much is not decoded: its job is completed without a preview.
 */

import type { ImageType } from '../../../functions-shared/file-type.ts'
import type { ImageFacts } from './pipeline.ts'

/** Hosted Edge Functions have 256 MB. */
export const DEFAULT_MEMORY_MB = 256

const MB = 1024 * 1024
/** Memory of Deno, the function's code and the decoder, without a picture. */
const BASE_BYTES = 110 * MB
/** Memory of a decoded JPEG: the decoder scales it down to at most twice the preview's size on each side. */
const SCALED_JPEG_BYTES = 40 * MB
/** Measured bytes for each pixel of the original while it is decoded, rounded up. */
const BYTES_PER_PIXEL: Record<ImageType, number> = { jpeg: 0, png: 8, webp: 9, heic: 14 }
const PROGRESSIVE_JPEG_BYTES_PER_PIXEL = 4

/** @param fileBytes size of the original; two copies of it are in memory during decoding. */
export function estimateDecodeBytes(type: ImageType, facts: ImageFacts, fileBytes: number): number {
  const perPixel = facts.progressive ? PROGRESSIVE_JPEG_BYTES_PER_PIXEL : BYTES_PER_PIXEL[type]
  const scaled = type === 'jpeg' ? SCALED_JPEG_BYTES : 0
  return BASE_BYTES + 2 * fileBytes + scaled + facts.width * facts.height * perPixel
}
