/**
 * Makes preview and thumbnail of an original: decode (scaled down where the format allows), resize, convert to sRGB,
 * turn upright, flatten, strip all metadata, encode as JPEG. Resizing comes first, so that the full-size picture is in
 * memory for the shortest time. The limits refuse decompression bombs and pictures beyond the worker's memory.
 */

import {
  AlphaAction,
  ColorProfile,
  ColorSpace,
  FilterType,
  type IMagickImage,
  Interlace,
  MagickColor,
  MagickFormat,
  MagickGeometry,
  MagickImage,
  MagickImageInfo,
  MagickReadSettings,
} from '@imagemagick/magick-wasm'
import { AppError } from '../../../functions-shared/app-error.ts'
import type { ImageType } from '../../../functions-shared/file-type.ts'
import { countScans } from './completeness.ts'
import { SRGB_PROFILE } from './srgb-profile.ts'

export const PREVIEW_SIZE = 1600
export const THUMBNAIL_SIZE = 320
export const MAX_PIXELS = 50_000_000
/** Most pixels of one side. No camera or panorama has more; a longer row of pixels costs too much memory. */
export const MAX_SIDE = 32_768
/**
 * Most pixels times scans of a progressive JPEG. Usual progressive JPEGs have about ten scans. A small file with a
 * thousand scans would keep a worker busy for minutes.
 */
export const MAX_SCANNED_PIXELS = 800_000_000

const PREVIEW_QUALITY = 82
const THUMBNAIL_QUALITY = 78
const WHITE = '#ffffff'

const FORMATS: Record<ImageType, MagickFormat> = {
  jpeg: MagickFormat.Jpeg,
  png: MagickFormat.Png,
  webp: MagickFormat.WebP,
  heic: MagickFormat.Heic,
}

/** Facts of the file's header. Width and height are those of the upright picture. */
export interface ImageFacts {
  width: number
  height: number
  /** A JPEG in several scans: all of its coefficients are held in memory before the first pixel is decoded. */
  progressive: boolean
}

export interface Derivatives {
  preview: Uint8Array<ArrayBuffer>
  thumbnail: Uint8Array<ArrayBuffer>
}

/**
 * Reads the header only.
 * @throws AppError `image_undecodable`; `image_too_large` above {@link MAX_PIXELS} or {@link MAX_SIDE};
 * `image_too_complex` above {@link MAX_SCANNED_PIXELS}.
 */
export function readFacts(bytes: Uint8Array, type: ImageType): ImageFacts {
  const info = guard(() => MagickImageInfo.create(bytes, readSettings(type)))
  if (info.width < 1 || info.height < 1) throw new AppError('image_undecodable')
  const pixels = info.width * info.height
  if (pixels > MAX_PIXELS || Math.max(info.width, info.height) > MAX_SIDE) {
    throw new AppError('image_too_large')
  }
  const scans = type === 'jpeg' ? countScans(bytes) : 1
  if (scans > 1 && scans * pixels > MAX_SCANNED_PIXELS) throw new AppError('image_too_complex')
  const progressive = scans > 1 || (type === 'jpeg' && info.interlace !== Interlace.NoInterlace)
  // EXIF orientations 5 to 8 lie on their side.
  return info.orientation >= 5
    ? { width: info.height, height: info.width, progressive }
    : { width: info.width, height: info.height, progressive }
}

/**
 * @throws AppError `image_truncated` when the decoder warns of missing data, `image_undecodable` when it throws.
 */
export function makeDerivatives(bytes: Uint8Array, type: ImageType, facts: ImageFacts): Derivatives {
  return guard(() => {
    const image = MagickImage.create()
    try {
      decode(image, bytes, type, facts)
      shrink(image, PREVIEW_SIZE)
      toSrgb(image)
      image.autoOrient()
      flatten(image)
      image.strip()
      const preview = encode(image, PREVIEW_QUALITY)
      shrink(image, THUMBNAIL_SIZE)
      return { preview, thumbnail: encode(image, THUMBNAIL_QUALITY) }
    } finally {
      image.dispose()
    }
  })
}

function readSettings(type: ImageType): MagickReadSettings {
  // The format is given, because ImageMagick's own detection includes formats that open other files.
  return new MagickReadSettings({ format: FORMATS[type], frameIndex: 0, frameCount: 1 })
}

/**
 * With a target size, the JPEG decoder skips detail that resizing would drop: 4 times faster, with a fraction of the
 * memory. No size is set for a smaller picture, because the decoder would enlarge it.
 */
function decodeSettings(type: ImageType, facts: ImageFacts): MagickReadSettings {
  const settings = readSettings(type)
  if (type === 'jpeg' && Math.max(facts.width, facts.height) > PREVIEW_SIZE) {
    settings.setDefine(MagickFormat.Jpeg, 'size', `${PREVIEW_SIZE}x${PREVIEW_SIZE}`)
  }
  return settings
}

function decode(image: IMagickImage, bytes: Uint8Array, type: ImageType, facts: ImageFacts): void {
  const warnings: string[] = []
  image.onWarning = ({ error }) => warnings.push(error.message)
  image.read(bytes, decodeSettings(type, facts))
  delete image.onWarning
  if (warnings.some((text) => MISSING_DATA.test(text))) throw new AppError('image_truncated')
}

const MISSING_DATA = /premature end|unexpected end|not enough (?:image )?data|truncated/i

function shrink(image: IMagickImage, size: number): void {
  if (image.width <= size && image.height <= size) return
  image.resize(new MagickGeometry(size, size), FilterType.Triangle)
}

/** Browsers show an image without a profile as sRGB, so pixels are converted to sRGB before the profile is stripped. */
function toSrgb(image: IMagickImage): void {
  const converted = image.hasProfile('icc') && image.transformColorSpace(new ColorProfile(SRGB_PROFILE))
  const plain = image.colorSpace === ColorSpace.sRGB || image.colorSpace === ColorSpace.Gray
  if (!converted && !plain) image.colorSpace = ColorSpace.sRGB
}

function flatten(image: IMagickImage): void {
  if (!image.hasAlpha) return
  image.backgroundColor = new MagickColor(WHITE)
  image.alpha(AlphaAction.Remove)
}

function encode(image: IMagickImage, quality: number): Uint8Array<ArrayBuffer> {
  image.quality = quality
  // `data` is a view into WebAssembly's memory, valid only during the callback, so the bytes are copied.
  return image.write(MagickFormat.Jpeg, (data) => Uint8Array.from(data))
}

function guard<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError('image_undecodable', { cause: error })
  }
}
